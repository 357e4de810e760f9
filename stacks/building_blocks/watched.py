"""What is watched of each kind of resource: all alarms about AWS's own metrics, in one place.

They are those that AWS recommends, with thresholds that follow from the resource's own settings
where it has any:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
"""

from collections.abc import Iterator, Mapping, Sequence

from stacks.building_blocks.alarms import Alarm, Formula, Metric, Missing
from stacks.settings import Alarms

NEAR = 0.8
"""Of a limit: what is left is the time to do something about it."""

# "> 5 in 5 minutes" of what is retried; one that is not is one too many.
ERRORS_IN_FIVE_MINUTES = 5
THROTTLES_IN_FIVE_MINUTES = 10

RUNS_MISSED = 3
"""In a row. Runs that are in time can still fall either side of a whole period."""

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_IN_FLIGHT = 120_000

MILLISECONDS = 1000


# ------------------------------------------------------------------ functions


def of_function(
    resource: str, function_name: str, *, timeout: int, reserved_concurrency: int | None
) -> Iterator[Alarm]:
    """Yield what is watched of every function; see `errors` for what depends on who calls it."""

    def metric(name: str, statistic: str) -> Metric:
        return Metric("AWS/Lambda", name, {"FunctionName": function_name}, statistic)

    yield Alarm(
        f"{resource}-throttles",
        f"{function_name} is called more often than its concurrency allows: API callers get "
        "errors, and orders wait.",
        "function-throttles",
        metric("Throttles", "Sum"),
        above=THROTTLES_IN_FIVE_MINUTES,
        minutes=5,
    )
    yield Alarm(
        f"{resource}-duration",
        f"{function_name} is close to its timeout: it will soon be cut off, and what it was doing "
        "for customers will have to be done again.",
        "function-duration",
        # One call that waits for its retries is no alarm, one in a hundred is. Where there are
        # fewer calls this is the slowest.
        metric("Duration", "p99"),
        above=NEAR * timeout * MILLISECONDS,
        minutes=5,
        periods=2,
    )
    # One that is there for one run at a time is at its limit whenever it runs.
    if reserved_concurrency and reserved_concurrency > 1:
        yield Alarm(
            f"{resource}-concurrency",
            f"{function_name} is near its reserved concurrency: any more orders at once will wait.",
            "concurrency",
            metric("ConcurrentExecutions", "Maximum"),
            above=NEAR * reserved_concurrency,
            periods=5,
        )


def errors(resource: str, function_name: str, meaning: str) -> Alarm:
    """Return the alarm about a function that fails again and again; what it did is retried."""
    return Alarm(
        f"{resource}-errors",
        f"{function_name} is failing. {meaning}",
        "function-errors",
        Metric("AWS/Lambda", "Errors", {"FunctionName": function_name}),
        above=ERRORS_IN_FIVE_MINUTES,
        minutes=5,
    )


def failed_runs(
    resource: str, function_name: str, meaning: str, *, minutes: int
) -> Iterator[Alarm]:
    """Yield the alarms about what runs every so many minutes: a run failed, or none began."""
    yield Alarm(
        f"{resource}-errors",
        meaning,
        "failed-runs",
        Metric("AWS/Lambda", "Errors", {"FunctionName": function_name}),
        above=0,
        asked_for=Alarms.FAULTS,
    )
    yield Alarm(
        f"{resource}-not-run",
        f"{function_name} has not run for {RUNS_MISSED * minutes} minutes. {meaning}",
        "failed-runs",
        Metric("AWS/Lambda", "Invocations", {"FunctionName": function_name}),
        below=1,
        minutes=minutes,
        periods=RUNS_MISSED,
        # It is measured when the function runs.
        missing=Missing.BAD,
    )


def of_account(account_concurrency: int) -> Alarm:
    """Return the alarm about the concurrency that all functions of the account share."""
    return Alarm(
        "account-concurrency",
        "All functions of the account together are near its concurrency quota: beyond it, API "
        "callers get errors, and orders wait.",
        "concurrency",
        Metric("AWS/Lambda", "ConcurrentExecutions", {}, "Maximum"),
        above=NEAR * account_concurrency,
        periods=5,
    )


def of_stream(resource: str, function_name: str) -> Alarm:
    """Return the alarm about a function that falls behind the stream that it reads."""
    return Alarm(
        f"{resource}-iterator-age",
        "Order changes are published late: every order waits before its next step.",
        "iterator-age",
        Metric("AWS/Lambda", "IteratorAge", {"FunctionName": function_name}, "Maximum"),
        above=60 * MILLISECONDS,
        periods=3,
    )


# ------------------------------------------------------------------ queues


def of_queue(
    resource: str, queue_name: str, *, meaning: str, section: str, minutes: int, depth: int
) -> Iterator[Alarm]:
    """Yield what is watched of a queue: messages that wait, many messages, and many in flight."""
    yield Alarm(
        f"{resource}-age",
        f"Messages on {queue_name} have been waiting for more than {minutes} minutes. {meaning}",
        section,
        _of_queue(queue_name, "ApproximateAgeOfOldestMessage"),
        above=minutes * 60,
    )
    yield Alarm(
        f"{resource}-depth",
        f"There are more than {depth} messages on {queue_name}. {meaning}",
        section,
        _of_queue(queue_name, "ApproximateNumberOfMessagesVisible"),
        above=depth,
        minutes=5,
        periods=2,
    )
    yield Alarm(
        f"{resource}-in-flight",
        f"{queue_name} is near its limit of messages in flight, most of them waiting to be "
        f"retried; at the limit it delivers nothing. {meaning}",
        section,
        _of_queue(queue_name, "ApproximateNumberOfMessagesNotVisible"),
        above=NEAR * MOST_IN_FLIGHT,
        periods=5,
    )


def retries(resource: str, queue_name: str, *, meaning: str, section: str, minutes: int) -> Alarm:
    """Return the alarm about a queue whose messages are tried again and again.

    The age of the oldest message leaves out those that were received three times, and a message
    that is put off is in flight (the SQS guide, "Available CloudWatch metrics"), so for a queue
    that never gives up it takes both.
    """
    return Alarm(
        f"{resource}-retries",
        f"Messages on {queue_name} are being retried again and again. {meaning}",
        section,
        _of_queue(queue_name, "ApproximateNumberOfMessagesNotVisible"),
        above=0,
        periods=minutes,
    )


def of_dead_letters(resource: str, queue_name: str) -> Alarm:
    """Return the alarm about the first message on a dead-letter queue."""
    return Alarm(
        resource,
        f"There are messages on {queue_name}: a step of an order was given up, and stays undone "
        "until they are redriven.",
        "dead-letters",
        _of_queue(queue_name, "ApproximateNumberOfMessagesVisible"),
        above=0,
        asked_for=Alarms.FAULTS,
    )


def _of_queue(queue_name: str, metric: str) -> Metric:
    return Metric("AWS/SQS", metric, {"QueueName": queue_name}, "Maximum")


# ------------------------------------------------------------------ topic, stream to the audit


def of_topic(resource: str, topic_name: str) -> Iterator[Alarm]:
    """Yield what is watched of a topic: what it could not deliver, and what is lost with it."""

    def metric(name: str) -> Metric:
        return Metric("AWS/SNS", name, {"TopicName": topic_name})

    yield Alarm(
        f"{resource}-failed",
        f"{topic_name} could not deliver events: a stage, the warehouse or the audit has not heard "
        "about some orders, which are stuck.",
        "topic-delivery",
        metric("NumberOfNotificationsFailed"),
        above=0,
    )
    yield Alarm(
        f"{resource}-lost",
        f"{topic_name} could not deliver events, and could not set them aside either: they are "
        "gone, and their orders are stuck until the events are published again.",
        "topic-delivery",
        metric("NumberOfNotificationsFailedToRedriveToDlq"),
        above=0,
    )


def of_delivery_stream(resource: str, stream_name: str, *, buffer_seconds: int) -> Alarm:
    """Return the alarm about a Firehose stream that does not reach its bucket."""
    return Alarm(
        f"{resource}-freshness",
        "Events reach the audit bucket late. Customers notice nothing; the audit is incomplete, "
        "and after a day it loses events.",
        "audit-stream",
        Metric(
            "AWS/Firehose",
            "DeliveryToS3.DataFreshness",
            {"DeliveryStreamName": stream_name},
            "Maximum",
        ),
        above=10 * buffer_seconds,
        minutes=5,
        periods=3,
    )


# ------------------------------------------------------------------ API


def of_api(resource: str, api_name: str, stage: str, *, requests_a_second: int) -> Iterator[Alarm]:
    """Yield what is watched of an API: errors of its own and of callers, slowness, and crowds."""

    def metric(name: str, statistic: str) -> Metric:
        return Metric("AWS/ApiGateway", name, {"ApiName": api_name, "Stage": stage}, statistic)

    yield Alarm(
        f"{resource}-5xx",
        "More than 5% of the API's responses are server errors: customers cannot order, or cannot "
        "see their orders.",
        "api-errors",
        metric("5XXError", "Average"),  # of 0 and 1, so it is their share
        above=0.05,
        periods=3,
    )
    yield Alarm(
        f"{resource}-4xx",
        "For five minutes, the API has refused more than a quarter of all calls: a caller is doing "
        "something wrong, or is throttled or blocked, and its customers cannot order.",
        "api-refusals",
        # AWS says 5%. Of ours, 404 and 409 are answers: of an order that is still deferred, of
        # stock that changed meanwhile.
        metric("4XXError", "Average"),
        above=0.25,
        periods=5,
    )
    yield Alarm(
        f"{resource}-latency",
        "One API response in ten takes longer than 2.5 seconds: customers are waiting at the "
        "checkout.",
        "api-latency",
        metric("Latency", "p90"),
        above=2500,
        periods=5,
    )
    yield Alarm(
        f"{resource}-requests",
        "Calls to the API are close to its rate limit: beyond it the API answers 429, and "
        "customers cannot order.",
        "api-requests",
        metric("Count", "Sum"),
        above=NEAR * requests_a_second * 60,
        periods=3,
    )


# ------------------------------------------------------------------ tables


def of_table(
    resource: str,
    table_name: str,
    *,
    operations: Sequence[str],
    indexes: Sequence[str] = (),
    has_transactions: bool = False,
) -> Iterator[Alarm]:
    """Yield what is watched of a table and its indexes, for the `operations` that are made.

    What a metric of a table is told apart by:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    of_all = [
        {"TableName": table_name},
        *({"TableName": table_name, "GlobalSecondaryIndexName": index} for index in indexes),
    ]
    for kind, meaning in (
        ("Read", "functions that read it have to wait, and so do API callers"),
        ("Write", "new orders are deferred, and orders in progress have to wait"),
    ):
        yield Alarm(
            f"{resource}-{kind.lower()}-throttles",
            f"{table_name} has refused requests for five minutes: {meaning}.",
            "table-throttles",
            _summed(
                Metric("AWS/DynamoDB", f"{kind}ThrottleEvents", dimensions) for dimensions in of_all
            ),
            above=0,
            periods=5,
        )
    yield Alarm(
        f"{resource}-system-errors",
        f"DynamoDB itself is failing on {table_name}: new orders are deferred, and orders in "
        "progress are retried.",
        "table-system-errors",
        _summed(
            Metric("AWS/DynamoDB", "SystemErrors", {"TableName": table_name, "Operation": each})
            for each in operations
        ),
        above=0,
        periods=5,
    )
    if has_transactions:
        yield Alarm(
            f"{resource}-conflicts",
            f"Many orders are trying to change the same items of {table_name} at once, and are "
            "retried: orders for the best sellers are confirmed late.",
            "transaction-conflicts",
            Metric("AWS/DynamoDB", "TransactionConflict", {"TableName": table_name}),
            # Each is a retry of its own. So many a minute are those of one item that everybody
            # buys: about 500 transactions a second is what it takes.
            above=1000,
            minutes=5,
            periods=3,
        )


def _summed(metrics: Iterator[Metric]) -> Metric | Formula:
    """Return the sum of metrics, of which those without a value count as zero."""
    by_id: Mapping[str, Metric] = {f"m{number}": each for number, each in enumerate(metrics)}
    if len(by_id) == 1:
        return by_id["m0"]
    return Formula(" + ".join(f"FILL({name}, 0)" for name in by_id), by_id)
