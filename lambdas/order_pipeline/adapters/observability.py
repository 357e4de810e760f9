"""Logs: structured JSON with the order's id, never contact data, tokens or bodies."""

from aws_lambda_powertools import Logger

logger = Logger()
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""
