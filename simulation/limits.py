"""What AWS and the payment provider let through; each number with where it is written."""

from dataclasses import dataclass, field
from typing import Final

from stacks.order_cost import Resource

FIRST_INVOCATIONS: Final = 5.0
"""Batches that a queue's mapping begins with.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

INVOCATIONS_MORE_A_SECOND: Final = 300 / 60
"""Up to so many more while messages wait: 300 a minute (the same page)."""

MOST_INVOCATIONS: Final = 1250.0
"""Of one mapping (the same page); with a maximum concurrency, that."""

PROVISIONED_MORE_A_SECOND: Final = 1000 / 60
"""The same for a mapping in provisioned mode, which takes no maximum concurrency.

"3 times faster scaling": up to 1,000 a minute (the same page).
"""

ENVIRONMENTS_AT_ONCE: Final = 1000
"""New environments that a function gets at once, and again over the next ten seconds.

https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
"""

ENVIRONMENTS_MORE_A_SECOND: Final = ENVIRONMENTS_AT_ONCE / 10

REQUESTS_OF_AN_ENVIRONMENT: Final = 10.0
"""Synchronous requests a second that one environment is given, however short they are.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
"""

STREAM_POLL_SECONDS: Final = 1 / 4
"""Between two looks at a shard of a table's stream.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

UNITS_OF_A_PARTITION: Final = 1000.0
"""Write units a second of one partition, so also of one item.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

READS_OF_A_PARTITION: Final = 3000.0
"""Strongly consistent reads a second of one partition, so also of one item (the same page)."""

INDEX_PARTITIONS: Final = 16
"""Keys of the open-orders index (`adapters/orders_table.py`, `OPEN_BUCKETS`).

The newest entries of a key lie next to each other, so that a key is a partition's worth of writes
however the index grows.
"""

UNITS_OF_A_NEW_TABLE: Final = 4000.0
"""Write units a second of a table or an index that is billed by request.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

DOUBLING_SECONDS: Final = 30 * 60
"""More than double the traffic within so long may be throttled (the same page)."""

UNITS_OF_A_TABLES_QUOTA: Final = 40_000.0
"""Of each table and each index, until it is raised.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

PUBLISHES_IN_LONDON: Final = 300.0
"""Messages a second of all topics together; each message of a batch counts.

https://docs.aws.amazon.com/general/latest/gr/sns.html
https://docs.aws.amazon.com/sns/latest/dg/sns-batch-api-actions.html
"""

MESSAGES_OF_A_BATCH: Final = 10
"""In one request of PublishBatch (the same page)."""

MESSAGES_IN_FLIGHT: Final = 120_000.0
"""Of one queue: received, or in backoff, and not yet deleted.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

AUDIT_BYTES: Final = 1024.0 * 1024
"""Bytes a second that one Firehose stream takes in London, until it is raised.

https://docs.aws.amazon.com/firehose/latest/dev/limits.html
"""

PROVIDER_CALLS_A_SECOND: Final = 100.0
"""Calls of the payment provider, live mode, all together.

https://docs.stripe.com/rate-limits ("Global API rate limit"). Older texts of the page said a
hundred reads and a hundred writes; an authorisation that goes well is writes only, so it is the
same here.
"""

PROVIDER_CALLS_OF_AN_ENDPOINT: Final = 25.0
"""Of one operation, such as creating an intent, "unless otherwise noted" (the same page).

For payment intents the page notes another limit (1,000 updates of one intent in an hour), and
does not say whether that is instead of this one or beside it. Only Stripe can tell.
"""


@dataclass(frozen=True)
class Account:
    """What one AWS account and one contract with the payment provider let through, a second."""

    publishes: float = PUBLISHES_IN_LONDON
    provider_calls: float = PROVIDER_CALLS_A_SECOND
    provider_calls_of_an_endpoint: float = PROVIDER_CALLS_OF_AN_ENDPOINT
    warm_units: dict[Resource, float] = field(default_factory=dict)
    """Write units that a table or index was warmed up to; otherwise it is a new one.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    """

    def units(self, resource: Resource) -> float:
        """Return the write units a second that a table or index can do at once."""
        return self.warm_units.get(resource, UNITS_OF_A_NEW_TABLE)
