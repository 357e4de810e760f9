"""AWS clients: made once per execution environment, with timeouts shorter than any function's."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from order_pipeline.adapters.trace_headers import continuing_traces

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_ATTEMPTS = 2
_CONNECT_SECONDS, _READ_SECONDS = 1, 2
_PAUSE_SECONDS = 1
"""The longest pause that botocore's standard retries make before a second attempt."""

LONGEST_CALL_SECONDS = _ATTEMPTS * (_CONNECT_SECONDS + _READ_SECONDS) + _PAUSE_SECONDS
"""The most that one call takes, attempts and all: it fits into a function's ten seconds."""

_CONFIG = Config(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    tcp_keepalive=True,
)

_ONCE = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""For what customers are sent: after an answer that was lost, a second attempt sends it twice."""

LONGEST_SEND_SECONDS = _CONNECT_SECONDS + _READ_SECONDS
"""The most that handing over one message to a customer takes."""


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def sns() -> "SNSClient":
    """Return the SNS client for events; an event carries its order's trace on."""
    return continuing_traces(boto3.client("sns", config=_CONFIG))


@cache
def sqs() -> "SQSClient":
    """Return the SQS client; a message carries its order's trace on."""
    return continuing_traces(boto3.client("sqs", config=_CONFIG))


@cache
def ses() -> "SESClient":
    """Return the SES client, which tries once: the queue repeats."""
    return boto3.client("ses", config=_ONCE)


@cache
def sns_to_customers() -> "SNSClient":
    """Return the SNS client for SMS and push messages, which tries once: the queue repeats."""
    return boto3.client("sns", config=_ONCE)


@cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client."""
    return boto3.client("lambda", config=_CONFIG)


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)
