"""The calls about items and their stock."""
