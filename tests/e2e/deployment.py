"""What is deployed, as `python -m local deploy` leaves it in `.local/outputs.json`."""

from pathlib import Path
from typing import Self

import boto3
from botocore.config import Config
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from stacks.names import LIVE

OUTPUTS = Path(__file__).resolve().parents[2] / ".local/outputs.json"
REGION = "eu-west-2"

# Buckets are folders of the one address that LocalStack has.
AWS_CONFIG = Config(s3={"addressing_style": "path"}, retries={"mode": "standard"})


class Deployment(BaseModel):
    """Where the deployed pipeline is reached: the outputs that the tests need."""

    model_config = ConfigDict(frozen=True, alias_generator=to_pascal)

    endpoint: str
    """Where LocalStack answers."""
    payment_server_url: str
    traces_port: int
    """Of UDP on this machine: functions send their segments to it."""
    api_endpoint: str
    """Ends with a slash."""
    orders_table_name: str
    inventory_table_name: str
    audit_bucket_name: str
    intake_overflow_queue_url: str
    validation_queue_url: str
    inventory_queue_url: str
    payment_queue_url: str
    notification_queue_url: str
    fulfilment_queue_url: str

    intake_overflow_dead_letter_queue_url: str

    @classmethod
    def read(cls) -> Self:
        """Return the deployment that the last `python -m local deploy` made."""
        return cls.model_validate_json(OUTPUTS.read_text())

    @property
    def stage_queue_urls(self) -> tuple[str, ...]:
        """The queues that a function of the pipeline works off."""
        return (
            self.intake_overflow_queue_url,
            self.validation_queue_url,
            self.inventory_queue_url,
            self.payment_queue_url,
            self.notification_queue_url,
        )

    @property
    def suffix(self) -> str:
        """What every name of the deployment ends with."""
        return self.orders_table_name.removeprefix("orders-table-")

    def function_name(self, function: str) -> str:
        """Return the deployed name of a function such as `place-order`."""
        return f"{function}-function-{self.suffix}"

    def live(self, function: str) -> str:
        """Return what callers call a function such as `place-order` by: its alias."""
        return f"{self.function_name(function)}:{LIVE}"

    def session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )
