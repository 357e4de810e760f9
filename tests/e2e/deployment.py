"""What is deployed, as `python -m local deploy` leaves it in `.local/outputs.json`."""

from pathlib import Path
from typing import Self

import boto3
from botocore.config import Config
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

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
    api_endpoint: str
    """Ends with a slash."""
    orders_table_name: str
    inventory_table_name: str
    audit_bucket_name: str
    fulfilment_queue_url: str

    validation_dead_letter_queue_url: str
    inventory_dead_letter_queue_url: str
    payment_dead_letter_queue_url: str
    notification_dead_letter_queue_url: str
    fulfilment_dead_letter_queue_url: str

    @classmethod
    def read(cls) -> Self:
        """Return the deployment that the last `python -m local deploy` made."""
        return cls.model_validate_json(OUTPUTS.read_text())

    @property
    def dead_letter_queue_urls(self) -> tuple[str, ...]:
        return (
            self.validation_dead_letter_queue_url,
            self.inventory_dead_letter_queue_url,
            self.payment_dead_letter_queue_url,
            self.notification_dead_letter_queue_url,
            self.fulfilment_dead_letter_queue_url,
        )

    def function_name(self, function: str) -> str:
        """Return the deployed name of a function such as `place-order`."""
        suffix = self.orders_table_name.removeprefix("orders-table-")
        return f"{function}-function-{suffix}"

    def session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )
