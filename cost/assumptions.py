"""What cannot be measured here, each with what it rests on.

How long others take to answer is assumed in one place, with the model of a flash sale:
`simulation/service_times.py`. One of the measuring machine's processors is taken for one of
Lambda's.
"""

from collections.abc import Mapping

from cost.work import Request
from simulation.service_times import (
    DYNAMODB_CALL,
    MESSAGE_TO_CUSTOMER,
    PROVIDER_CALL,
    PUBLISH,
    TRANSACTION,
)
from stacks import order_cost

ANSWERS_MS: Mapping[tuple[str, str], float] = {
    ("dynamodb", "TransactWriteItems"): 1000 * TRANSACTION.mean,
    ("dynamodb", ""): 1000 * DYNAMODB_CALL.mean,
    ("sns", "PublishBatch"): 1000 * PUBLISH.mean,
}
"""How long AWS takes to answer a function's request; it waits, and is billed."""

PROVIDER_MS = 1000 * PROVIDER_CALL.mean
"""How long the payment provider takes to answer."""

PROVIDER_CALLS = len(order_cost.PROVIDER_CALLS)
"""Of an order that goes well: create the intent, confirm it (`payment/authorisation.py`)."""

MAIL_MS = 1000 * MESSAGE_TO_CUSTOMER.mean
"""How long SES takes to take a mail."""

COLD_SHARE = 0.01
"""How many invocations start cold: "typically under 1 %" of those in production.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

OWN_TRACES_SHARE = 0.05
"""How many invocations behind a stream or a queue Lambda traces by itself, by X-Ray's default rule
(one a second, which is left out, and this share of the others).

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""

FIREHOSE_ROUNDS_TO = 5 * 1024
"""Firehose rounds each record up to a multiple of that (its pricing page)."""

BYTES_OF_LOG_EVENT = 26
"""What CloudWatch Logs adds to each line.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

_STARTED = (
    '{"time":"2026-11-30T07:32:23.178Z","type":"platform.start","record":{"requestId":'
    '"79b4f56e-95b1-4643-9700-2807f4e68189","version":"12"}}'
)
_REPORTED = (
    '{"time":"2026-11-30T07:32:23.478Z","type":"platform.report","record":{"requestId":'
    '"79b4f56e-95b1-4643-9700-2807f4e68189","metrics":{"durationMs":27.184,"billedDurationMs":28,'
    '"memorySizeMB":1024,"maxMemoryUsedMB":110},"tracing":{"spanId":"3c9ddc5b4bcf2f0a","type":'
    '"X-Amzn-Trace-Id","value":"Root=1-65a1b2c3-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;'
    'Sampled=0;Lineage=1:0a1b2c3d:0"},"status":"success"}}'
)
PLATFORM_LINES = (_STARTED, _REPORTED)
"""What Lambda logs of an invocation at INFO, as its documents have it.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

LOGS_COMPRESSED = 0.15
"""What is left of stored logs: CloudWatch's own figure, on its pricing page."""

BYTES_OF_ANSWER = 1024
"""What leaves AWS for a POST /orders: a body of 180 bytes, headers, and TLS; rounded up."""

MONTHS_KEPT = 3 + 3 / 30
"""How long an order and its reservation are stored: some days until it is settled, and ninety."""

MONTHS_OF_CLAIMS = 1
MONTHS_OF_AUDIT = 12
"""For ever; a year is counted."""

MONTHS_OF_LOGS = 3
"""`log_retention_days` of prod."""


def answer_ms(request: Request) -> float:
    """Return how long AWS takes to answer a request of a kind."""
    kind = (request.service, request.operation)
    return ANSWERS_MS.get(kind, ANSWERS_MS.get((request.service, ""), 0))
