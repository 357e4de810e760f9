"""AWS clients: made once per execution environment, with timeouts shorter than any function's.

They are botocore's own. boto3 would add what nobody here asks for (resources, transfers to S3 with
their thread pools), at the cost of every cold start (docs/benchmarks/cold-start.md).
"""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore.client import BaseClient
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

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


class _OwnServices(Loader):
    """Knows which services there are without looking into the folders of all 400.

    botocore lists them, twice, only to say so when there is none of the name that it is asked for.
    """

    def list_available_services(self, *_: Any, **__: Any) -> list[str]:
        """Return the services that there are clients for."""
        return ["dynamodb", "lambda", "secretsmanager", "ses", "sns", "sqs"]


@cache
def session() -> Session:
    """Return the session that all clients are of: the function's credentials and region."""
    botocore_session = Session()
    botocore_session.register_component("data_loader", _OwnServices())
    return botocore_session


def _client(service: str, config: Config = _CONFIG) -> BaseClient:
    return session().create_client(service, config=config)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return cast("DynamoDBClient", _client("dynamodb"))


@cache
def sns() -> "SNSClient":
    """Return the SNS client for events; an event carries its order's trace on."""
    return continuing_traces(cast("SNSClient", _client("sns")))


@cache
def sqs() -> "SQSClient":
    """Return the SQS client; a message carries its order's trace on."""
    return continuing_traces(cast("SQSClient", _client("sqs")))


@cache
def ses() -> "SESClient":
    """Return the SES client, which tries once: the queue repeats."""
    return cast("SESClient", _client("ses", _ONCE))


@cache
def sns_to_customers() -> "SNSClient":
    """Return the SNS client for SMS and push messages, which tries once: the queue repeats."""
    return cast("SNSClient", _client("sns", _ONCE))


@cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client."""
    return cast("LambdaClient", _client("lambda"))


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    return cast("SecretsManagerClient", _client("secretsmanager"))
