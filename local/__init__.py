"""Runs the pipeline on a developer's machine: LocalStack, payment server, deployment."""
