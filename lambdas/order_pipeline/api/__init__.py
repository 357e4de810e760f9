"""The HTTP API: its models, its calls, and its documents."""
