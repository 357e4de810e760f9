"""The storage stack: what holds data, and the key it is encrypted with."""

from stacks.base import BaseStack
from stacks.building_blocks.bucket import Bucket
from stacks.building_blocks.key import EncryptionKey
from stacks.building_blocks.secret import Secret
from stacks.building_blocks.table import Index, Table
from stacks.cdk import Construct
from stacks.names import Names
from stacks.settings import Settings

# With keys only it is written once for each order, when it is placed.
CUSTOMER_INDEX = Index("customer-index", partition_key="customerId", sort_key="placedAt")
OPEN_ORDERS_INDEX = Index("open-orders-index", partition_key="openBucket", sort_key="dueAt")


class StorageStack(BaseStack):
    """Tables, audit bucket and secret: what outlives every other part."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "storage", settings)
        names = self.names
        self.key_arn = EncryptionKey(self, topic_name=event_topic_name(names)).arn
        self.orders = Table(
            self,
            "orders",
            key="orderId",
            key_arn=self.key_arn,
            indexes=[CUSTOMER_INDEX, OPEN_ORDERS_INDEX],
            expires=True,
            streams=True,
        )
        # Only reservations expire, some time after they are settled.
        self.inventory = Table(self, "inventory", key="itemId", key_arn=self.key_arn, expires=True)
        self.idempotency = Table(self, "idempotency", key="id", key_arn=self.key_arn, expires=True)
        self.audit_bucket_name = names.bucket("audit")
        Bucket(
            self,
            "audit",
            name=self.audit_bucket_name,
            arn=names.bucket_arn(self.audit_bucket_name),
            key_arn=self.key_arn,
        )
        self.payment_secret = Secret(
            self,
            "payment",
            key_arn=self.key_arn,
            description="The payment provider's API key, put in after the deployment",
        )


def event_topic_name(names: Names) -> str:
    """Return the name of the topic that delivers to queues encrypted with this stack's key."""
    return names.of("order-events", "topic")
