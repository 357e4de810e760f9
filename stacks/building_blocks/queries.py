"""Saved queries of CloudWatch Logs Insights over the functions' logs.

The language: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.building_blocks.function import Function
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import CloudwatchQueryDefinition

ORDER_ID = "ORDER-ID"
"""What a person replaces by the id of an order, before a query is run."""


@dataclass(frozen=True)
class LogQuery:
    """A query and what it is called."""

    name: str
    text: str


LIFE_OF_AN_ORDER = LogQuery(
    "life-of-an-order",
    f"""\
fields timestamp, service, message, recorded, event_type, channel, reason, version, since_placed_ms
| filter order_id = "{ORDER_ID}"
| sort timestamp asc, version asc
| limit 1000""",
)
"""What every function logged about one order, oldest first; put its id in the place of ORDER-ID.

Sorted by the time that is in the line, to the millisecond; what is written at once, such as a
parcel's leaving and the order's, has one time and the version tells the order.
"""

ERRORS_BY_STAGE = LogQuery(
    "errors-by-stage",
    """\
filter level in ["WARNING", "ERROR", "CRITICAL"] or log_level = "ERROR" or (type = "platform.report" and record.status in ["error", "timeout", "failure"])
| stats count(*) as times, max(timestamp) as latest, max(time) as latest_end by @log, level, message, errorType, record.status, record.errorType
| sort times desc
| limit 100""",  # noqa: E501 - a query has no line ends within a command
)
"""What went wrong, by function (its log group) and kind, most often first.

Three kinds of lines: what the functions log themselves; `log_level`, an exception that Lambda's
runtime logs; and the platform's report on an invocation that did not end well, such as a timeout.
"""

SLOWEST_ORDERS = LogQuery(
    "slowest-orders",
    """\
fields order_id, since_placed_ms, timestamp, service
| filter recorded = "OrderConfirmed"
| sort since_placed_ms desc
| limit 20""",
)
"""The orders that took longest from placement to confirmation: look at their lives next."""

QUERIES = (LIFE_OF_AN_ORDER, ERRORS_BY_STAGE, SLOWEST_ORDERS)


def save_queries(stack: WorkloadStack, functions: Sequence[Function]) -> None:
    """Save the queries, each over the log groups of all `functions`."""
    for query in QUERIES:
        CloudwatchQueryDefinition(
            stack,
            f"{query.name}-query",
            name=stack.names.of(query.name, "query"),
            log_group_names=[function.log_group_name for function in functions],
            query_string=query.text,
        )
