"""The canary's run, step by step, and what becomes of its order when a step fails."""

import itertools
from typing import Any

import pytest

from canary.probe import (
    ASK_SECONDS,
    CONFIRM_SECONDS,
    LONGEST_RUN_SECONDS,
    SETTLE_SECONDS,
    Canary,
    Outcome,
    Step,
)
from order_pipeline.domain.canary import CUSTOMER_ID
from order_pipeline.domain.measurements import Measurement
from order_pipeline.domain.order import PaymentState, StockState
from order_pipeline.domain.ports import ApiAnswer, ApiSilentError
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.functions.canarys_api import ITEM, Api

RUN, NEXT_RUN = "canary-1", "canary-2"
UNAVAILABLE = ApiAnswer(503, {"detail": "Try again in a few seconds."})
FORBIDDEN = ApiAnswer(403, {"detail": "The request is not signed, or not allowed."})


@pytest.fixture
def api() -> Api:
    return Api()


def run(api: Api, order_id: str = RUN, method: str = "pm_card_visa") -> Outcome:
    return Canary(api, ITEM, method, clock=api.clock, pause=api.pause).run(order_id)


def always(what: ApiAnswer | Exception) -> Any:
    return itertools.repeat(what)


def test_an_order_is_placed_confirmed_cancelled_and_leaves_nothing(api: Api) -> None:
    # when
    outcome = run(api)

    # then
    assert outcome.succeeded, outcome
    order = api.stored[RUN]
    assert [entry.event for entry in order.history] == [
        EventType.ORDER_PLACED,
        EventType.ORDER_VALIDATED,
        EventType.STOCK_RESERVED,
        EventType.ORDER_CONFIRMED,
        EventType.ORDER_CANCELLED,
        EventType.STOCK_RELEASED,
        EventType.PAYMENT_VOIDED,
    ]
    assert (order.customer_id, order.contact, order.payment.method) == (
        CUSTOMER_ID,
        None,
        "pm_card_visa",
    )
    assert order.quantities == {ITEM: 1}
    took = order.latest(EventType.ORDER_CONFIRMED).at - order.placed_at
    assert outcome.seconds_to_confirm == pytest.approx(took.total_seconds(), abs=0.001)


def test_without_a_method_the_default_one_is_charged(api: Api) -> None:
    api.default_payment_method = "pm_card_default"
    assert run(api, method="").succeeded
    assert api.stored[RUN].payment.method == "pm_card_default"


def test_a_success_and_how_long_it_took_are_measured(api: Api) -> None:
    measured = {each.name: each for each in run(api).measurements()}
    assert measured["CanarySucceeded"] == Measurement("CanarySucceeded", 1)
    assert measured["CanaryFailed"] == Measurement("CanaryFailed", 0)
    assert measured["CanaryTimeToConfirm"].unit.value == "Milliseconds"
    assert set(measured) == {"CanarySucceeded", "CanaryFailed", "CanaryTimeToConfirm"}


def test_a_failure_is_measured_alone_and_by_its_step() -> None:
    outcome = Outcome(RUN, Step.CONFIRM, "after 60 s: RESERVED, stock HELD, payment NONE")
    assert list(outcome.measurements()) == [
        Measurement("CanarySucceeded", 0),
        Measurement("CanaryFailed", 1),
        Measurement("CanaryFailedAt", 1, dimensions={"step": "confirm"}),
    ]


def test_milliseconds_are_milliseconds() -> None:
    (took,) = (
        each.value
        for each in Outcome(RUN, seconds_to_confirm=1.5).measurements()
        if each.name == "CanaryTimeToConfirm"
    )
    assert took == 1500


# ---------------------------------------------------------------------- each step fails


def test_an_order_that_is_refused_fails_at_once(api: Api) -> None:
    api.says["place"] = always(FORBIDDEN)
    outcome = run(api)
    assert (outcome.failed_at, outcome.reason) == (
        Step.PLACE,
        "403: The request is not signed, or not allowed.",
    )
    assert api.calls.count("place") == 1
    assert outcome.seconds_to_confirm is None


def test_an_api_that_stays_out_fails_when_the_time_is_over(api: Api) -> None:
    api.says["place"] = always(ApiSilentError("ConnectTimeoutError"))
    outcome = run(api)
    assert (outcome.failed_at, outcome.reason) == (Step.PLACE, "no answer: ConnectTimeoutError")
    assert ASK_SECONDS <= api.seconds < ASK_SECONDS + 1


@pytest.mark.parametrize(
    "hiccup", [UNAVAILABLE, ApiAnswer(429, {}), ApiAnswer(500, {}), ApiSilentError("ReadTimeout")]
)
@pytest.mark.parametrize("kind", ["list", "place", "look", "cancel"])
def test_what_passes_by_itself_fails_nothing(
    api: Api, kind: str, hiccup: ApiAnswer | Exception
) -> None:
    api.says[kind] = iter([hiccup, hiccup])
    assert run(api).succeeded


def test_an_order_that_was_taken_though_no_answer_came_is_followed(api: Api) -> None:
    # given: a first request that is carried out, and whose answer is lost
    carry_out = api.post

    def lose_first_answer(path: str, body: Any) -> ApiAnswer:
        answer = carry_out(path, body)
        if api.calls == ["list", "place"]:
            raise ApiSilentError("ReadTimeoutError")
        return answer

    api.post = lose_first_answer  # type: ignore[method-assign]
    # then
    assert run(api).succeeded
    assert list(api.stored) == [RUN]


def test_a_deferred_order_is_waited_for(api: Api) -> None:
    # given: the table takes the order some looks later
    api.says["look"] = iter([ApiAnswer(404, {"detail": "There is no order canary-1."})] * 5)
    assert run(api).succeeded


@pytest.mark.parametrize(
    ("wrong", "step", "reason"),
    [
        ({"has_item": False}, Step.ITEM, "REJECTED: unknown_item"),
        ({"units": 0}, Step.STOCK, "OUT_OF_STOCK"),
        ({"declines": True}, Step.PAYMENT, "PAYMENT_DECLINED: expired_card"),
    ],
)
def test_an_order_that_ends_otherwise_says_why(
    api: Api, wrong: dict[str, Any], step: Step, reason: str
) -> None:
    # given
    for name, value in wrong.items():
        setattr(api, name, value)
    # when
    outcome = run(api)
    # then
    assert (outcome.failed_at, outcome.reason) == (step, reason)
    api.settle()
    assert api.held == []


@pytest.mark.parametrize("status", [Status.PLACED, Status.VALIDATED, Status.RESERVED])
def test_an_order_that_is_never_confirmed_is_cancelled(api: Api, status: Status) -> None:
    # given
    api.stuck_in = {status}
    # when
    outcome = run(api)
    # then
    assert outcome.failed_at is Step.CONFIRM
    assert outcome.reason is not None
    assert outcome.reason.startswith(f"after {CONFIRM_SECONDS} s: {status}, stock ")
    assert api.stored[RUN].status is Status.CANCELLED
    api.settle()
    assert api.held == []


def test_an_order_that_somebody_else_cancels_is_not_confirmed(api: Api) -> None:
    # given
    api.stuck_in = {Status.PLACED}
    pause, others = api.pause, "changed_mind"

    def cancel_meanwhile(seconds: float) -> None:
        api.post(f"orders/{RUN}/cancel", {"reason": others})
        pause(seconds)

    api.pause = cancel_meanwhile  # type: ignore[method-assign]
    # then
    outcome = run(api)
    assert (outcome.failed_at, outcome.reason) == (Step.CONFIRM, "CANCELLED: changed_mind")


def test_a_confirmed_order_that_cannot_be_cancelled_is_what_failed(api: Api) -> None:
    api.says["cancel"] = always(FORBIDDEN)
    outcome = run(api)
    assert outcome.failed_at is Step.CANCEL
    assert outcome.seconds_to_confirm is not None
    assert api.held == [RUN]  # until the next run


def test_a_cancelled_order_that_gives_nothing_back_is_what_failed(api: Api) -> None:
    api.stuck_in = {Status.CANCELLED}
    outcome = run(api)
    assert (outcome.failed_at, outcome.reason) == (
        Step.SETTLE,
        f"after {SETTLE_SECONDS} s: CANCELLED, stock HELD, payment AUTHORISED",
    )


@pytest.mark.parametrize(
    ("stock", "payment"),
    [(StockState.HELD, PaymentState.VOIDED), (StockState.RELEASED, PaymentState.AUTHORISED)],
)
def test_half_of_it_given_back_is_not_enough(
    api: Api, stock: StockState, payment: PaymentState
) -> None:
    # given
    assert run(api).succeeded
    order = api.stored[RUN]
    api.stored[RUN] = order.model_copy(
        update={
            "stock": order.stock.model_copy(update={"state": stock}),
            "payment": order.payment.model_copy(update={"state": payment}),
        }
    )
    api.stuck_in = {Status.CANCELLED}
    # then
    assert run(api).failed_at is Step.SETTLE


def test_an_answer_that_is_no_order_is_told(api: Api) -> None:
    api.says["look"] = always(ApiAnswer(200, {"status": "CONFIRMED"}))
    outcome = run(api)
    assert outcome.failed_at is Step.CONFIRM
    assert outcome.reason == f"after {CONFIRM_SECONDS} s: an answer that is no order"


def test_fields_that_the_canary_does_not_know_are_left_alone(api: Api) -> None:
    # given
    get = api.get

    def newer(path: str) -> ApiAnswer:
        answer = get(path)
        return ApiAnswer(answer.status, {**answer.body, "newer": True})

    api.get = newer  # type: ignore[method-assign]
    # then
    assert run(api).succeeded


# ---------------------------------------------------------------------- what earlier runs have left


@pytest.mark.parametrize(
    "status", [Status.PLACED, Status.VALIDATED, Status.RESERVED, Status.CONFIRMED]
)
def test_the_next_run_cancels_what_one_that_died_has_left(api: Api, status: Status) -> None:
    # given: a run that dies when its order has come so far
    api.stuck_in = {status}

    def die(seconds: float) -> None:
        api.pause(seconds)
        if api.stored[RUN].status is status:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Canary(api, ITEM, "pm_card_visa", clock=api.clock, pause=die).run(RUN)
    api.stuck_in = set()

    # when
    outcome = run(api, NEXT_RUN)

    # then
    assert outcome.succeeded
    assert api.stored[RUN].status is Status.CANCELLED
    api.settle()
    assert api.held == []


def test_nothing_is_placed_while_an_earlier_order_cannot_be_cancelled(api: Api) -> None:
    # given
    api.says["cancel"] = always(UNAVAILABLE)
    run(api)
    # when
    outcome = run(api, NEXT_RUN)
    # then
    assert (outcome.failed_at, outcome.reason) == (
        Step.CLEAN_UP,
        "503: Try again in a few seconds.",
    )
    assert list(api.stored) == [RUN]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (FORBIDDEN, "403: The request is not signed, or not allowed."),
        (ApiAnswer(200, {}), "an answer that is no list"),
    ],
)
def test_nothing_is_placed_unless_earlier_orders_are_known(
    api: Api, said: ApiAnswer, reason: str
) -> None:
    api.says["list"] = always(said)
    outcome = run(api)
    assert (outcome.failed_at, outcome.reason) == (Step.CLEAN_UP, reason)
    assert not api.stored


def test_an_earlier_order_that_ends_before_it_is_cancelled_is_no_failure(api: Api) -> None:
    # given: it is listed as open, and is cancelled by somebody else, for a reason of theirs
    api.stuck_in = {Status.CONFIRMED}
    api.says["cancel"] = iter([FORBIDDEN])
    run(api)
    api.says["cancel"] = iter([ApiAnswer(409, {"detail": "It was cancelled before."})])
    # then
    assert run(api, NEXT_RUN).succeeded


def test_orders_that_have_ended_are_left_as_they_are(api: Api) -> None:
    # given
    assert run(api).succeeded
    before = api.stored[RUN]
    # when
    assert run(api, NEXT_RUN).succeeded
    # then
    assert api.stored[RUN] == before
    assert api.calls.count("cancel") == 2


def test_a_run_that_is_repeated_finds_its_own_order(api: Api) -> None:
    # given
    assert run(api).succeeded
    before = api.stored[RUN]
    # when
    again = run(api)
    # then
    assert again.succeeded
    assert api.stored == {RUN: before}


def test_a_run_that_is_repeated_goes_on_where_it_died(api: Api) -> None:
    # given a run that died before it could cancel its order
    api.says["cancel"] = iter([FORBIDDEN])
    run(api)
    # when
    again = run(api)
    # then
    assert again.succeeded
    assert list(api.stored) == [RUN]
    assert api.held == []


def test_no_run_is_longer_than_it_says(api: Api) -> None:
    # given: everything takes as long as it may, the confirmation too
    for kind in ("list", "place", "cancel"):
        slow = int(ASK_SECONDS / 0.5) - 1
        api.says[kind] = iter([UNAVAILABLE] * slow)
    api.stuck_in = {Status.RESERVED, Status.CANCELLED}
    pause = api.pause

    def confirm_at_last(seconds: float) -> None:
        pause(seconds)
        if api.seconds > 2 * ASK_SECONDS + CONFIRM_SECONDS - 2:
            api.stuck_in = {Status.CANCELLED}

    api.pause = confirm_at_last  # type: ignore[method-assign]
    # when
    outcome = run(api)
    # then: it came to its last step
    assert outcome.failed_at is Step.SETTLE
    assert LONGEST_RUN_SECONDS - 2 * ASK_SECONDS < api.seconds <= LONGEST_RUN_SECONDS
