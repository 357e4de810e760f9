"""AWS clients that talk to LocalStack."""

from typing import Any

import boto3
from botocore.config import Config

from local.settings import REGION, LocalSettings


def client(service: str, settings: LocalSettings, config: Config | None = None) -> Any:
    """Return a client with the credentials that LocalStack takes for account 000000000000."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=settings.endpoint,
        config=config,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - what LocalStack takes
    )
