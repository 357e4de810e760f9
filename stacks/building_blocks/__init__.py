"""What the stacks are made of: each block is one thing of the architecture, complete."""
