"""The outbox's publisher: turns what was written to the orders table into events on the topic."""

from collections.abc import Mapping
from typing import Any

from order_pipeline.domain.transitions import Status
from stacks.building_blocks.document import as_json
from stacks.building_blocks.function import Function
from stacks.building_blocks.policy import Grant, KeyUse, Statement
from stacks.building_blocks.queue import DeadLetterQueue
from stacks.building_blocks.topic import EventTopic
from stacks.building_blocks.watched import of_stream
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingDestinationConfig,
    LambdaEventSourceMappingDestinationConfigOnFailure,
    LambdaEventSourceMappingFilterCriteria,
    LambdaEventSourceMappingFilterCriteriaFilter,
    TerraformResourceLifecycle,
)

# Ten requests to SNS for a full batch, and one more for each event that is traced; any of them
# may be retried.
TIMEOUT = 30
BATCH_SIZE = 100
# The most AWS allows: batches of one shard handled at once, in order per order.
PARALLELISATION = 10
# Half of the 24 hours that the stream keeps: what cannot be published by then is recorded on the
# dead-letter queue while the stream still has it.
LONGEST_RETRY = 12 * 60 * 60
UNTIL_TOO_OLD = -1


def _changed(**images: Any) -> Mapping[str, Any]:
    """Return the pattern of records of items that were changed, with such images."""
    return {"eventName": ["MODIFY"], "dynamodb": images}


_NOT_RESERVED = {
    "status": {"S": [{"anything-but": [Status.RESERVED.value]}, {"exists": False}]},
}

# Which of the stream's records the function gets: those that any of these patterns fits. Two of
# every order stand for no event, and would each start an invocation to find that out: its removal
# when its time is over, and the write that remembers a payment's intent, before and after which the
# order is RESERVED (`adapters/orders_table.py: remember_intent`). No event leads from there to
# there. A status that cannot be read has to be looked at.
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
PUBLISHED = (
    {"eventName": ["INSERT"]},
    _changed(NewImage=_NOT_RESERVED),
    _changed(OldImage=_NOT_RESERVED),
    _changed(NewImage={"payment": {"M": {"intentId": {"S": [{"exists": False}]}}}}),
)


class EventPublisher:
    """The function on a table's stream that publishes what the table's items say happened."""

    def __init__(self, stack: WorkloadStack, *, stream_arn: str, topic: EventTopic) -> None:
        dead_letters = DeadLetterQueue(stack, "event-publisher")
        self.function = Function(
            stack,
            "event_publisher",
            timeout=TIMEOUT,
            environment={
                "EVENT_TOPIC_ARN": topic.arn,
                "DEAD_LETTER_QUEUE_URL": dead_letters.url,
            },
        )
        read_stream = Grant(
            Statement(
                "ReadStream",
                (
                    "dynamodb:DescribeStream",
                    "dynamodb:GetRecords",
                    "dynamodb:GetShardIterator",
                    "dynamodb:ListStreams",
                ),
                (stream_arn,),
            ),
            KeyUse("dynamodb"),
        )
        self.function.may(topic.publish, read_stream, dead_letters.send)
        LambdaEventSourceMapping(
            stack,
            "event-publisher-mapping",
            event_source_arn=stream_arn,
            function_name=self.function.alias.arn,
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=0,
            parallelization_factor=PARALLELISATION,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=UNTIL_TOO_OLD,
            maximum_record_age_in_seconds=LONGEST_RETRY,
            function_response_types=["ReportBatchItemFailures"],
            filter_criteria=LambdaEventSourceMappingFilterCriteria(
                filter=[
                    LambdaEventSourceMappingFilterCriteriaFilter(pattern=as_json(pattern))
                    for pattern in PUBLISHED
                ]
            ),
            destination_config=LambdaEventSourceMappingDestinationConfig(
                on_failure=LambdaEventSourceMappingDestinationConfigOnFailure(
                    destination_arn=dead_letters.resource.arn
                )
            ),
            # Whether it is paused is the operators' business.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["enabled"]),
            depends_on=[self.function.policy],
        )
        self.function.watch_errors(
            "Order changes are published late or not at all: those orders are stuck."
        )
        stack.alarms.watch(of_stream(self.function.id, self.function.name))
