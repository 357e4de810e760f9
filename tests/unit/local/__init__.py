"""The tools for running locally, without running anything."""
