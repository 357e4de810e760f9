"""Workers: functions that work off a queue; a stage's queue brings it the events it consumes."""

from collections.abc import Mapping, Sequence

from order_pipeline.domain.transitions import EventType
from stacks.building_blocks.function import TIMEOUT, Function
from stacks.building_blocks.policy import Grant, Statement
from stacks.building_blocks.queue import MAX_RECEIVES, Queue
from stacks.building_blocks.topic import EventTopic
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
    TerraformResourceLifecycle,
)

BATCH_SIZE = 10
# AWS's advice for SQS mappings: room for the retries of a throttled invocation.
VISIBILITY_TIMEOUTS = 6
RETRY_FIRST_DELAY = 2


class QueueWorker:
    """A function that works off a queue."""

    def __init__(
        self,
        stack: WorkloadStack,
        folder: str,
        *,
        queue: Queue,
        environment: Mapping[str, str],
        timeout: int = TIMEOUT,
        batch_size: int = BATCH_SIZE,
        longest_delay: int | None = None,
    ) -> None:
        """Make the function of `folder` for `queue`.

        Times are in seconds. `longest_delay` ends the doubling of the backoff: that of the
        settings, if not given.
        """
        self._stack = stack
        self.queue = queue
        self.function = Function(
            stack,
            folder,
            timeout=timeout,
            environment={
                "QUEUE_URL": self.queue.url,
                "DEAD_LETTER_QUEUE_URL": self.queue.dead_letters.url,
                "RETRY_FIRST_DELAY_SECONDS": str(RETRY_FIRST_DELAY),
                "RETRY_LONGEST_DELAY_SECONDS": str(
                    longest_delay or stack.settings.retry_longest_delay_seconds
                ),
                **environment,
            },
        )
        self.function.watch_errors(
            "Whole batches fail and are retried: their orders wait, and are given up in the end."
        )
        # A message that can never be handled goes to the dead-letter queue at once.
        self.may(self.queue.consume, self.queue.dead_letters.send)
        self.mapping = LambdaEventSourceMapping(
            stack,
            f"{folder.replace('_', '-')}-mapping",
            event_source_arn=self.queue.resource.arn,
            function_name=self.function.alias.arn,
            batch_size=batch_size,
            maximum_batching_window_in_seconds=0,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(
                maximum_concurrency=stack.settings.maximum_concurrency[folder]
            ),
            # Whether a stage is paused is the operators' and the circuit breaker's business.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["enabled"]),
            depends_on=[self.function.policy],
        )

    @property
    def control(self) -> Grant:
        """Pause and resume the worker."""
        return Grant(
            Statement(
                f"Control{self.function.folder.title().replace('_', '')}Mapping",
                ("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"),
                (self.mapping.arn,),
            )
        )

    def may(self, *grants: Grant) -> None:
        """Let the worker's function do what `grants` say."""
        self.function.may(*grants)


class Worker(QueueWorker):
    """A stage: a filtered queue with its dead-letter queue, and the function that works it off."""

    def __init__(
        self,
        stack: WorkloadStack,
        folder: str,
        *,
        consumes: Sequence[EventType],
        from_: EventTopic,
        environment: Mapping[str, str],
        timeout: int = TIMEOUT,
        batch_size: int = BATCH_SIZE,
        max_receives: int = MAX_RECEIVES,
        longest_delay: int | None = None,
        waiting: str,
    ) -> None:
        """Make the function of `folder`, and its queue and subscription, which are called like it.

        Times are in seconds. `longest_delay` ends the doubling of the backoff: that of the
        settings, if not given. `waiting` says what it means for customers when events wait.
        """
        name = folder.replace("_", "-")
        queue = Queue(
            stack,
            name,
            topic_arn=from_.arn,
            visibility_timeout=VISIBILITY_TIMEOUTS * timeout,
            max_receives=max_receives,
            waiting=waiting,
        )
        from_.fill(queue, name, consumes)
        super().__init__(
            stack,
            folder,
            queue=queue,
            environment=environment,
            timeout=timeout,
            batch_size=batch_size,
            longest_delay=longest_delay,
        )
