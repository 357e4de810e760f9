import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
import stripe

from order_pipeline.adapters.stripe_payments import StripePayments, stripe_payments
from order_pipeline.domain.ports import (
    Authorised,
    Declined,
    Done,
    Money,
    MoneyState,
    PaymentOutcomeUnknownError,
    ServiceCall,
    Unconfirmed,
)
from tests.unit.builders import NOON, a_placed_order, a_refund, a_reserved_order

URL = "http://payments.test"
INTENTS = f"{URL}/v1/payment_intents"
ORDER = a_reserved_order(intent_id="pi_1")


UNEXPECTED_STATE: dict[str, Any] = {
    "error": {
        "type": "invalid_request_error",
        "code": "payment_intent_unexpected_state",
        "message": "no",
    }
}


@pytest.fixture
def stripe_api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as api:
        yield api


@pytest.fixture
def payments() -> StripePayments:
    return StripePayments("sk_test_1", deployment="dev-ann", api_url=URL)


@pytest.mark.parametrize("text", ["sk_test_1", "sk_test_1\n"])
def test_the_key_is_what_the_secret_holds_without_its_files_last_line_end(
    stripe_api: responses.RequestsMock, text: str
) -> None:
    secrets = Mock()
    secrets.get_secret_value.return_value = {"SecretString": text}
    stripe_api.get(INTENTS, json={"object": "list", "data": [], "has_more": False})

    stripe_payments(secrets, "payment-secret", deployment="dev-ann", api_url=URL).answers()

    secrets.get_secret_value.assert_called_once_with(SecretId="payment-secret")
    assert stripe_api.calls[0].request.headers["Authorization"] == "Bearer sk_test_1"


def intent(status: str, **more: object) -> dict[str, Any]:
    return {"id": "pi_1", "object": "payment_intent", "status": status, **more}


def error(kind: str, **more: object) -> dict[str, Any]:
    return {"error": {"type": kind, "message": "no", **more}}


def test_an_intent_is_created_unconfirmed_for_exactly_the_total(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(INTENTS, json=intent("requires_confirmation"))

    assert payments.create(ORDER) == "pi_1"

    request = stripe_api.calls[0].request
    assert parse_qs(str(request.body)) == {
        "amount": ["5998"],
        "currency": ["gbp"],
        "capture_method": ["manual"],
        "payment_method": ["pm_card_visa"],
        "payment_method_types[0]": ["card"],
        "metadata[orderId]": ["ORD-1"],
        "metadata[deployment]": ["dev-ann"],
    }
    assert request.headers["Authorization"] == "Bearer sk_test_1"


def test_an_order_without_a_total_is_never_charged(payments: StripePayments) -> None:
    with pytest.raises(ValueError, match="never validated"):
        payments.create(a_placed_order())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("invalid_request_error", code="resource_missing", param="payment_method")),
        (404, error("invalid_request_error")),
        (400, error("invalid_request_error")),  # used before: neither a code nor a parameter
        (400, error("invalid_request_error", code="payment_method_not_available")),
    ],
)
def test_a_payment_method_that_cannot_be_used_is_a_decline(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    status: int,
    body: dict[str, Any],
) -> None:
    stripe_api.post(INTENTS, status=status, json=body)
    assert payments.create(ORDER) == Declined("invalid_payment_method")


@pytest.mark.parametrize(
    "details",
    [
        *({"param": name} for name in ("amount", "currency", "metadata", "payment_method_types")),
        {"param": "amount", "code": "amount_too_small"},
        {"code": "testmode_charges_only"},
    ],
)
def test_a_request_that_is_wrong_on_our_side_is_a_fault(
    stripe_api: responses.RequestsMock, payments: StripePayments, details: dict[str, str]
) -> None:
    stripe_api.post(INTENTS, status=400, json=error("invalid_request_error", **details))
    with pytest.raises(stripe.InvalidRequestError):
        payments.create(ORDER)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (intent("requires_capture"), Authorised()),
        (intent("requires_action"), Declined("authentication_required")),
        (
            intent("requires_payment_method", last_payment_error={"code": "card_declined"}),
            Declined("card_declined"),
        ),
    ],
)
def test_confirming_tells_whether_the_money_is_held(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    answer: dict[str, Any],
    outcome: Authorised | Declined,
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", json=answer)
    assert payments.confirm("pi_1") == outcome


def test_an_intent_that_was_confirmed_before_is_what_it_says(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", status=400, json=UNEXPECTED_STATE)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent("requires_capture"))
    assert payments.confirm("pi_1") == Authorised()


@pytest.mark.parametrize("status", ["requires_confirmation", "requires_payment_method"])
def test_a_payment_method_that_cannot_be_used_again_is_a_decline(
    stripe_api: responses.RequestsMock, payments: StripePayments, status: str
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", status=400, json=error("invalid_request_error"))
    stripe_api.get(f"{INTENTS}/pi_1", json=intent(status, last_payment_error=None))
    assert payments.confirm("pi_1") == Declined("invalid_payment_method")


def test_an_intent_that_was_confirmed_before_and_does_not_say_so_yet_is_not_declined(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", status=400, json=UNEXPECTED_STATE)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent("requires_confirmation"))
    with pytest.raises(PaymentOutcomeUnknownError):
        payments.confirm("pi_1")


def test_no_answer_of_the_provider_is_replayed(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    """Stripe keeps a key's answer for a day: with one key, one 500 would be the last word."""
    for _ in range(2):
        stripe_api.post(INTENTS, status=500, json=error("api_error"))
        with pytest.raises(PaymentOutcomeUnknownError):
            payments.create(ORDER)
    first, second = (call.request.headers["Idempotency-Key"] for call in stripe_api.calls)
    assert first != second


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"code": "expired_card"}, "expired_card"),
        ({}, "declined"),
    ],
)
def test_a_declined_card_is_a_result(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    details: dict[str, str],
    reason: str,
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", status=402, json=error("card_error", **details))
    assert payments.confirm("pi_1") == Declined(reason)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "json": error("api_error")},
        {"status": 429, "json": error("rate_limit")},
        {"status": 200, "body": "<html>garbage"},
        {"body": requests.ConnectionError()},
        {"body": requests.ReadTimeout()},
        {"json": intent("processing")},
        {"json": intent("requires_confirmation")},
    ],
)
def test_an_answer_that_tells_nothing_is_an_unknown_outcome(
    stripe_api: responses.RequestsMock, payments: StripePayments, answer: dict[str, Any]
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/confirm", **answer)
    with pytest.raises(PaymentOutcomeUnknownError):
        payments.confirm("pi_1")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (intent("requires_confirmation"), Unconfirmed()),
        (intent("requires_capture"), Authorised()),
        (intent("succeeded"), Authorised()),
        (intent("canceled"), Declined("canceled", is_cancelled=True)),
        (
            intent("canceled", last_payment_error={"code": "card_declined"}),
            Declined("card_declined", is_cancelled=True),
        ),
    ],
)
def test_what_became_of_an_intent_can_be_asked(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    answer: dict[str, Any],
    outcome: object,
) -> None:
    stripe_api.get(f"{INTENTS}/pi_1", json=answer)
    assert payments.outcome("pi_1") == outcome


def test_cancelling_twice_is_no_error(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    refused = error("invalid_request_error", code="payment_intent_unexpected_state")
    stripe_api.post(f"{INTENTS}/pi_1/cancel", status=400, json=refused)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent("canceled"))
    payments.cancel("pi_1")


def test_an_intent_that_cannot_be_cancelled_is_a_fault(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    refused = error("invalid_request_error", code="payment_intent_unexpected_state")
    stripe_api.post(f"{INTENTS}/pi_1/cancel", status=400, json=refused)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent("succeeded"))
    with pytest.raises(stripe.InvalidRequestError):
        payments.cancel("pi_1")


def test_all_of_the_money_is_captured(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/capture", json=intent("succeeded"))
    assert payments.capture("pi_1") == Done()
    request = stripe_api.calls[0].request
    assert request.body in (None, "")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("succeeded", Done()), ("canceled", Declined("authorisation_expired"))],
)
def test_a_capture_that_cannot_be_made_is_what_the_intent_says(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    status: str,
    outcome: Done | Declined,
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/capture", status=400, json=UNEXPECTED_STATE)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent(status))
    assert payments.capture("pi_1") == outcome


def test_a_capture_of_an_intent_in_between_is_an_unknown_outcome(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/capture", status=400, json=UNEXPECTED_STATE)
    stripe_api.get(f"{INTENTS}/pi_1", json=intent("processing"))
    with pytest.raises(PaymentOutcomeUnknownError):
        payments.capture("pi_1")


def test_a_capture_that_leaves_the_intent_cancelled_took_nothing(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.post(f"{INTENTS}/pi_1/capture", json=intent("canceled"))
    assert payments.capture("pi_1") == Declined("authorisation_expired")


def test_a_capture_that_the_bank_refuses_is_a_result(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    refused = error("card_error", code="card_declined")
    stripe_api.post(f"{INTENTS}/pi_1/capture", status=402, json=refused)
    assert payments.capture("pi_1") == Declined("card_declined")


def made(*refunds: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(refunds), "has_more": False, "url": "/v1/refunds"}


def a_stripe_refund(refund_id: str, status: str = "succeeded", **more: object) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "metadata": {"orderId": "ORD-1", "refundId": refund_id},
        **more,
    }


def test_a_refund_says_which_it_is(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.get(f"{URL}/v1/refunds", json=made(a_stripe_refund("another")))
    stripe_api.post(f"{URL}/v1/refunds", json=a_stripe_refund("R-1"))
    assert payments.refund(ORDER, "pi_1", a_refund()) == Done()
    request = stripe_api.calls[1].request
    assert parse_qs(str(request.body)) == {
        "payment_intent": ["pi_1"],
        "amount": ["1000"],
        "metadata[orderId]": ["ORD-1"],
        "metadata[refundId]": ["R-1"],
    }
    assert request.headers["Idempotency-Key"] == "pi_1:refund:R-1"


@pytest.mark.parametrize(
    "on_record",
    [
        *([a_stripe_refund("R-1", status)] for status in ("succeeded", "pending")),
        [a_stripe_refund("R-1", "requires_action")],
        [a_stripe_refund("R-1", "failed"), a_stripe_refund("R-1")],
    ],
)
def test_a_refund_that_stripe_has_on_record_is_not_made_again(
    stripe_api: responses.RequestsMock, payments: StripePayments, on_record: list[dict[str, Any]]
) -> None:
    stripe_api.get(f"{URL}/v1/refunds", json=made(*on_record))
    assert payments.refund(ORDER, "pi_1", a_refund()) == Done()
    assert len(stripe_api.calls) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (a_stripe_refund("R-1", "pending"), Done()),
        (a_stripe_refund("R-1", "requires_action"), Done()),
        (
            a_stripe_refund("R-1", "failed", failure_reason="expired_or_canceled_card"),
            Declined("expired_or_canceled_card"),
        ),
        (a_stripe_refund("R-1", "canceled"), Declined("canceled")),
    ],
)
def test_a_refund_is_what_stripe_says_it_has_become(
    stripe_api: responses.RequestsMock,
    payments: StripePayments,
    answer: dict[str, Any],
    outcome: Done | Declined,
) -> None:
    stripe_api.get(f"{URL}/v1/refunds", json=made())
    stripe_api.post(f"{URL}/v1/refunds", json=answer)
    assert payments.refund(ORDER, "pi_1", a_refund()) == outcome


def test_a_refund_after_one_that_failed_is_not_answered_with_the_first_ones_answer(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    """Stripe keeps a key's answer for a day: with one key, the failed refund would come again."""
    failed = [a_stripe_refund("R-1", "failed"), a_stripe_refund("R-1", "canceled")]
    keys = []
    for count in range(3):
        stripe_api.get(f"{URL}/v1/refunds", json=made(*failed[:count], a_stripe_refund("another")))
        stripe_api.post(f"{URL}/v1/refunds", json=a_stripe_refund("R-1"))
        assert payments.refund(ORDER, "pi_1", a_refund()) == Done()
        keys.append(stripe_api.calls[-1].request.headers["Idempotency-Key"])
    assert keys == ["pi_1:refund:R-1", "pi_1:refund:R-1:2", "pi_1:refund:R-1:3"]


def test_a_refund_that_stripe_refuses_is_a_result(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    refused = error("invalid_request_error", code="charge_already_refunded")
    stripe_api.get(f"{URL}/v1/refunds", json=made())
    stripe_api.post(f"{URL}/v1/refunds", status=400, json=refused)
    assert payments.refund(ORDER, "pi_1", a_refund()) == Declined("charge_already_refunded")


def test_a_refund_whose_answer_is_lost_is_an_unknown_outcome(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    stripe_api.get(f"{URL}/v1/refunds", json=made())
    stripe_api.post(f"{URL}/v1/refunds", body=requests.ReadTimeout())
    with pytest.raises(PaymentOutcomeUnknownError):
        payments.refund(ORDER, "pi_1", a_refund())


def listed(*intents: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(intents), "has_more": has_more, "url": "/v1/x"}


def test_money_is_what_intents_of_a_span_hold_or_took(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    ours = {"amount": 5998, "metadata": {"orderId": "ORD-1"}}
    stripe_api.get(
        INTENTS,
        json=listed(
            intent("requires_capture", **ours),
            intent("canceled", **ours),
            intent("requires_confirmation", **ours) | {"id": "pi_2"},
            has_more=True,
        ),
    )
    stripe_api.get(
        INTENTS, json=listed(intent("succeeded", amount=1, metadata={}) | {"id": "pi_3"})
    )

    found = list(payments.money(NOON, NOON + timedelta(minutes=1)))

    assert found == [
        Money("pi_1", "ORD-1", MoneyState.HELD, 5998),
        Money("pi_3", None, MoneyState.TAKEN, 1),
    ]
    first, second = (parse_qs(urlsplit(str(call.request.url)).query) for call in stripe_api.calls)
    noon = int(NOON.timestamp())
    assert first == {
        "created[gte]": [str(noon)],
        "created[lt]": [str(noon + 60)],
        "limit": ["100"],
    }
    assert second == first | {"starting_after": ["pi_2"]}


def test_money_of_another_deployment_is_not_among_it(
    stripe_api: responses.RequestsMock, payments: StripePayments
) -> None:
    """Copies share the provider's account, and may have orders with equal ids."""
    stripe_api.get(
        INTENTS,
        json=listed(
            *(
                intent("succeeded", amount=1, metadata=metadata) | {"id": f"pi_{number}"}
                for number, metadata in enumerate(
                    [
                        {"orderId": "ORD-1", "deployment": "dev-ann"},
                        {"orderId": "ORD-1", "deployment": "dev"},
                        {"orderId": "ORD-1", "deployment": "staging"},
                        {"orderId": "ORD-1"},
                        {"deployment": "dev-ann"},
                    ],
                    start=1,
                )
            )
        ),
    )
    found = payments.money(NOON, NOON + timedelta(minutes=1))
    assert [money.intent_id for money in found] == ["pi_1", "pi_4", "pi_5"]


class Monitor:
    """What the client says of its calls."""

    def __init__(self) -> None:
        self.calls: list[ServiceCall] = []

    def note(self, call: ServiceCall) -> None:
        self.calls.append(call)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        ({"json": intent("requires_capture")}, "ok", ""),
        ({"status": 402, "json": error("card_error", code="card_declined")}, "declined", ""),
        ({"status": 401, "json": error("invalid_request_error")}, "refused", ""),
        ({"status": 500, "json": error("api_error")}, "unknown", "APIError"),
        ({"status": 429, "json": error("rate_limit_error")}, "unknown", "RateLimitError"),
        ({"body": requests.ConnectionError()}, "unknown", "APIConnectionError"),
        ({"body": requests.ReadTimeout()}, "unknown", "APIConnectionError"),
        ({"body": "<html>garbage"}, "unknown", "APIError"),
    ],
)
def test_the_monitor_hears_of_every_call(
    stripe_api: responses.RequestsMock, answer: dict[str, Any], outcome: str, reason: str
) -> None:
    monitor = Monitor()
    payments = StripePayments("sk_test_1", deployment="dev-ann", api_url=URL, monitors=[monitor])
    stripe_api.post(f"{INTENTS}/pi_1/confirm", **answer)
    with contextlib.suppress(PaymentOutcomeUnknownError, stripe.AuthenticationError):
        payments.confirm("pi_1")
    (call,) = monitor.calls
    assert (call.name, call.outcome, call.reason) == ("confirm", outcome, reason)
    assert 0 < call.seconds < 5


@pytest.mark.parametrize(("status", "answers"), [(200, True), (500, False), (429, False)])
def test_a_probe_tells_whether_stripe_answers(
    stripe_api: responses.RequestsMock, payments: StripePayments, status: int, answers: bool
) -> None:
    stripe_api.get(INTENTS, status=status, json=listed() if answers else error("api_error"))
    assert payments.answers() is answers
    assert parse_qs(urlsplit(str(stripe_api.calls[0].request.url)).query) == {"limit": ["1"]}
