"""What can be typed, by theme: each command reads it, calls one thing that does it, and prints."""
