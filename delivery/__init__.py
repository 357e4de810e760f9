"""Deploying: by hand, one command each, and by CI, which applies exactly what was reviewed."""
