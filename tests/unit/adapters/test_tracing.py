"""What functions write on the traces of orders, as X-Ray's daemon gets it, and what never."""

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters import clients
from order_pipeline.adapters.trace_headers import passing_on, trace_header
from order_pipeline.adapters.tracing import CallTraces, annotate, mark_failed, order_segment
from order_pipeline.domain.ports import CallOutcome, PaymentOutcomeUnknownError, ServiceCall
from tests.trace_daemon import TraceDaemon
from tests.unit.adapters.tracing import INVOCATION, NOT_SAMPLED, PARENT, ROOT, SAMPLED, on_lambda
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROJECT = Path(__file__).resolve().parents[3]
ADAPTERS = PROJECT / "lambdas/order_pipeline/adapters"
EMAIL = "ada@customer.example"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceDaemon]:
    with on_lambda(monkeypatch) as daemon:
        yield daemon


# ------------------------------------------------------------------ the segment


def test_a_segment_is_on_the_orders_trace_and_names_the_invocations(daemon: TraceDaemon) -> None:
    # when
    with order_segment(SAMPLED, orderId="ORD-1"):
        annotate(eventType="OrderPlaced")

    # then
    (segment,) = daemon.documents()
    assert (segment["trace_id"], segment["parent_id"]) == (ROOT, PARENT)
    assert segment["name"] == "validation-function-test"
    assert segment["annotations"] == {
        "orderId": "ORD-1",
        "eventType": "OrderPlaced",
        "invocationTrace": INVOCATION,
    }
    assert segment["start_time"] <= segment["end_time"]
    assert not {"fault", "error", "cause"} & segment.keys()


@pytest.mark.parametrize(
    "header",
    [None, "", "Sampled=1", f"Root={ROOT}", f"Root={ROOT};Sampled=?", NOT_SAMPLED, "no header"],
)
def test_an_order_that_is_not_sampled_sends_nothing(
    header: str | None, daemon: TraceDaemon
) -> None:
    with order_segment(header, orderId="ORD-1"):
        annotate(eventType="OrderPlaced")
        mark_failed()
        CallTraces("stripe").note(ServiceCall("create", 0.1, CallOutcome.OK))
    assert daemon.texts() == []


def test_nothing_of_x_ray_is_imported_before_the_first_sampled_order() -> None:
    program = f"""
import sys
from order_pipeline.adapters import clients, event_topic, queue_processor, tracing
with tracing.order_segment({NOT_SAMPLED!r}, orderId="ORD-1"):
    tracing.annotate(eventType="OrderPlaced")
print(*sorted({{"aws_xray_sdk", "wrapt"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(PROJECT / "lambdas"), "AWS_DEFAULT_REGION": "eu-west-2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_outside_lambda_nothing_is_recorded_and_the_trace_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with on_lambda(monkeypatch) as daemon:
        monkeypatch.delenv("LAMBDA_TASK_ROOT")
        with order_segment(SAMPLED):
            annotate(orderId="ORD-1")
            assert trace_header() == SAMPLED
        assert daemon.texts() == []


def test_what_is_done_in_a_segment_continues_from_it(daemon: TraceDaemon) -> None:
    with order_segment(SAMPLED):
        inside = trace_header()
    (segment,) = daemon.documents()
    assert inside == f"Root={ROOT};Parent={segment['id']};Sampled=1"
    assert trace_header() == f"Root={INVOCATION};Parent=1111222233334444;Sampled=1"


# ------------------------------------------------------------------ what goes wrong


def test_an_exception_is_a_fault_told_as_the_logs_tell_it(daemon: TraceDaemon) -> None:
    # when
    with pytest.raises(PaymentOutcomeUnknownError), order_segment(SAMPLED):
        raise PaymentOutcomeUnknownError("APIConnectionError")

    # then
    (segment,) = daemon.documents()
    (exception,) = segment["cause"]["exceptions"]
    assert segment["fault"] is True
    assert exception["type"] == "PaymentOutcomeUnknownError"
    assert exception["message"] == "APIConnectionError"
    assert exception["stack"][-1]["path"] == "test_tracing.py"


def test_of_others_exceptions_only_type_and_code_are_told(daemon: TraceDaemon) -> None:
    refusal: Any = {"Error": {"Code": "MessageRejected", "Message": f"{EMAIL} is not verified"}}
    with pytest.raises(ClientError), order_segment(SAMPLED):
        raise ClientError(refusal, "SendEmail")
    with pytest.raises(ValueError, match="not verified"), order_segment(SAMPLED):
        raise ValueError(refusal)
    told = [document["cause"]["exceptions"][0] for document in daemon.documents()]
    assert [(each["type"], each.get("message")) for each in told] == [
        ("ClientError", "MessageRejected of SendEmail"),
        ("ValueError", None),
    ]
    assert EMAIL not in "".join(daemon.texts())


def test_an_answer_is_the_askers_error_and_no_fault(daemon: TraceDaemon) -> None:
    with pytest.raises(LookupError), order_segment(SAMPLED, answers=(LookupError,)):
        raise LookupError(EMAIL)
    (segment,) = daemon.documents()
    assert segment["error"] is True
    assert not {"fault", "cause"} & segment.keys()


def test_what_no_exception_tells_can_be_called_a_fault(daemon: TraceDaemon) -> None:
    with order_segment(SAMPLED):
        mark_failed()
    (segment,) = daemon.documents()
    assert segment["fault"] is True
    assert "cause" not in segment


def test_the_next_segment_begins_anew_after_one_that_failed(daemon: TraceDaemon) -> None:
    with pytest.raises(LookupError), order_segment(SAMPLED, orderId="ORD-1"):
        raise LookupError
    annotate(orderId="ORD-1")
    with order_segment(SAMPLED, orderId="ORD-2"):
        pass
    first, second = daemon.documents()
    assert [each["annotations"]["orderId"] for each in (first, second)] == ["ORD-1", "ORD-2"]
    assert "fault" not in second


# ------------------------------------------------------------------ calls


def test_calls_of_aws_are_subsegments_without_what_they_carry(
    daemon: TraceDaemon, dynamodb: "DynamoDBClient"
) -> None:
    # when
    item: Any = {"orderId": {"S": "ORD-1"}, "email": {"S": EMAIL}}
    with order_segment(SAMPLED):
        dynamodb.put_item(TableName=ORDERS_TABLE, Item=item)

    # then
    (segment,) = (document for document in daemon.documents() if "type" not in document)
    (call,) = (each for each in subsegments(daemon) if each["name"] == "dynamodb")
    assert (call["namespace"], call["parent_id"]) == ("aws", segment["id"])
    assert (call["aws"]["operation"], call["aws"]["table_name"]) == ("PutItem", ORDERS_TABLE)
    assert EMAIL not in "".join(daemon.texts())


def test_a_refused_call_of_aws_is_told_without_the_services_words(
    daemon: TraceDaemon, aws: None
) -> None:
    # given a service that names the address that it refuses
    ses = clients.ses()
    message: Any = {"Subject": {"Data": "-"}, "Body": {"Text": {"Data": "-"}}}

    # when
    with pytest.raises(ClientError, match=EMAIL), order_segment(SAMPLED):
        ses.send_email(Source=EMAIL, Destination={"ToAddresses": [EMAIL]}, Message=message)

    # then
    (call,) = (each for each in subsegments(daemon) if each["name"] == "email")
    assert call["error"] is True
    assert call["http"]["response"]["status"] == 400
    assert call["cause"]["exceptions"][0]["type"] == "MessageRejected"
    assert EMAIL not in "".join(daemon.texts())


@pytest.mark.parametrize(
    ("outcome", "flag"),
    [
        (CallOutcome.OK, None),
        (CallOutcome.DECLINED, None),
        (CallOutcome.REFUSED, "error"),
        (CallOutcome.UNKNOWN, "fault"),
    ],
)
def test_a_call_to_the_provider_is_a_subsegment_as_long_as_the_call(
    outcome: CallOutcome, flag: str | None, daemon: TraceDaemon
) -> None:
    # when
    with order_segment(SAMPLED):
        CallTraces("stripe").note(ServiceCall("create", 0.5, outcome))

    # then
    (call,) = subsegments(daemon)
    assert (call["name"], call["namespace"]) == ("stripe", "remote")
    assert call["annotations"] == {"call": "create", "outcome": outcome.value}
    assert call["end_time"] - call["start_time"] == pytest.approx(0.5, abs=0.05)
    assert abs(time.time() - call["end_time"]) < 5
    assert {"error", "fault"} & call.keys() == ({flag} if flag else set())


def test_calls_outside_a_segment_are_nothing_to_complain_about(
    daemon: TraceDaemon, aws: None, caplog: pytest.LogCaptureFixture
) -> None:
    # given a function that has met a sampled order
    with order_segment(SAMPLED):
        pass
    before = daemon.texts().copy()
    # when
    clients.sqs().list_queues()
    # then
    assert caplog.messages == []
    assert daemon.texts() == before


def subsegments(daemon: TraceDaemon) -> list[Any]:
    """Return the subsegments, those that were sent by themselves and those within segments."""
    documents = daemon.documents()
    alone = [document for document in documents if document.get("type") == "subsegment"]
    return alone + [each for document in documents for each in document.get("subsegments", ())]


# ------------------------------------------------------------------ what messages carry


@pytest.fixture
def sent(aws: None) -> list[list[str]]:
    """Return the trace headers of each request that goes out."""
    headers: list[list[str]] = []
    for client in (clients.sns(), clients.sqs()):
        client.meta.events.register_first(
            "before-send",
            lambda request, **_: headers.append(
                [
                    text.decode() if isinstance(text, bytes) else text
                    for name, text in request.headers.items()
                    if name == "X-Amzn-Trace-Id"
                ]
            ),
        )
    return headers


def send() -> None:
    clients.sns().list_topics()
    clients.sqs().list_queues()


def test_a_message_never_carries_the_invocations_trace(
    daemon: TraceDaemon, sent: list[list[str]]
) -> None:
    send()
    assert sent == [[f"Root={INVOCATION};Sampled=0"]] * 2


def test_a_message_carries_on_what_it_is_told_to(
    daemon: TraceDaemon, sent: list[list[str]]
) -> None:
    with passing_on(NOT_SAMPLED):
        send()
    assert sent == [[NOT_SAMPLED]] * 2


def test_a_message_of_a_sampled_order_continues_its_trace(
    daemon: TraceDaemon, sent: list[list[str]]
) -> None:
    # when
    with order_segment(SAMPLED):
        send()

    # then its parent is the call that sent it
    ids = [call["id"] for call in subsegments(daemon)]
    assert sent == [[f"Root={ROOT};Parent={each};Sampled=1"] for each in ids]


def test_outside_lambda_messages_carry_no_trace_of_their_own(
    monkeypatch: pytest.MonkeyPatch, sent: list[list[str]]
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    send()
    assert sent == [[], []]


# ------------------------------------------------------------------ the seam


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(
    ("known_to_one", "by"),
    [
        (("aws_xray_sdk", "aws_lambda_powertools.Tracer", "aws_lambda_powertools.tracing"), "xray"),
        (("order_pipeline.adapters.xray",), "tracing"),
    ],
)
def test_one_module_knows_x_rays_library(known_to_one: tuple[str, ...], by: str) -> None:
    knowing = {
        path
        for folder in ("lambdas", "orderctl", "stacks", "local", "delivery")
        for path in (PROJECT / folder).rglob("*.py")
        if any(name.startswith(known_to_one) for name in imports_of(path))
    }
    assert knowing == {ADAPTERS / f"{by}.py"}
