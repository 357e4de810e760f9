"""The operator's tool: what is done to a deployment by a person at a terminal."""
