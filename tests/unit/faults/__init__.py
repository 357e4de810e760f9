"""The fault suite's own tools, without a deployment."""
