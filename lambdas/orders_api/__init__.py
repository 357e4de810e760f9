"""The calls about an existing order."""
