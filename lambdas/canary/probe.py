"""One run of the canary: an order that is placed, confirmed, cancelled, and leaves nothing behind.

It asks as a storefront does, and as patiently: what may be asked again (no answer, 429, 5xx) is,
until the step's time is over. Whatever fails, the order is cancelled, so that it holds neither
stock nor money; where that fails as well, the next run does it before it places another one.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from pydantic import ValidationError

from canary.answers import Order, OrderList
from order_pipeline.adapters.observability import logger
from order_pipeline.domain.canary import CUSTOMER_ID
from order_pipeline.domain.cancellation import CancelReason
from order_pipeline.domain.measurements import Measurement, Unit
from order_pipeline.domain.order import PaymentState, StockState
from order_pipeline.domain.ports import ApiAnswer, ApiSilentError, OrdersApi
from order_pipeline.domain.transitions import EventType, Status

ASK_SECONDS: Final = 15
"""How long the API may be asked for one thing until it does it."""

CONFIRM_SECONDS: Final = 60
"""How long an order may take to be confirmed. An order that goes well takes a second or two."""

SETTLE_SECONDS: Final = 60
"""How long a cancelled order may hold its stock and its money."""

LONGEST_RUN_SECONDS: Final = 4 * ASK_SECONDS + CONFIRM_SECONDS + SETTLE_SECONDS
"""Look for an earlier order and cancel it, place, confirm, cancel, settle; without the calls that
are on their way when a step's time is over."""

LATEST_ORDERS: Final = 20
"""How many of the canary's orders are looked through for one that is still open. No more than one
should be: nothing is placed before it is cancelled."""

_PAUSE_SECONDS: Final = 0.5

_REASON: Final = CancelReason.OTHER
"""Why the order is cancelled. Not a reason of its own: the API would take it from everybody, and a
version of it that was rolled back would refuse it."""

_OPEN: Final = frozenset({Status.PLACED, Status.VALIDATED, Status.RESERVED, Status.CONFIRMED})


class Step(StrEnum):
    """Where a run can fail: the dimension of its metric, so there are no others."""

    CLEAN_UP = "clean_up"
    """An earlier run's order is still open and cannot be cancelled."""
    PLACE = "place"
    """The API did not accept the order."""
    ITEM = "item"
    """The order was rejected: the canary's item is unknown, or not for sale."""
    STOCK = "stock"
    """There is no unit of the canary's item left."""
    PAYMENT = "payment"
    """The payment was declined."""
    CONFIRM = "confirm"
    """The order was not confirmed in time."""
    CANCEL = "cancel"
    """The confirmed order could not be cancelled."""
    SETTLE = "settle"
    """The cancelled order still holds stock or money."""


_ENDS: Final[Mapping[str, Step]] = {
    Status.REJECTED: Step.ITEM,
    Status.OUT_OF_STOCK: Step.STOCK,
    Status.PAYMENT_DECLINED: Step.PAYMENT,
    Status.CANCELLED: Step.CONFIRM,
}
"""Statuses from which an order is never confirmed, and the step that has failed."""


class StepFailedError(Exception):
    """The run ends here; the message says why, without anything personal."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(reason)
        self.step = step


@dataclass(frozen=True)
class Outcome:
    """What a run tells."""

    order_id: str
    failed_at: Step | None = None
    reason: str | None = None
    """Why it failed."""
    seconds_to_confirm: float | None = None
    """From the order's placement to its confirmation, by the order's history; None: it was not."""

    @property
    def succeeded(self) -> bool:
        """Whether the order was placed, confirmed and cancelled, and holds nothing any more."""
        return self.failed_at is None

    @property
    def story(self) -> str:
        """What happened, after "the canary"."""
        if self.failed_at is None:
            return "placed an order, saw it confirmed, cancelled it, and left nothing behind"
        return f"failed at {self.failed_at}"

    def measurements(self) -> Iterator[Measurement]:
        """Yield what is measured of a run.

        Success and failure are both there after every run, as 0 or 1: a canary that does not run
        has neither. A failure is counted once more by its step.
        """
        yield Measurement("CanarySucceeded", int(self.succeeded))
        yield Measurement("CanaryFailed", int(not self.succeeded))
        if self.failed_at is not None:
            yield Measurement("CanaryFailedAt", 1, dimensions={"step": self.failed_at.value})
        if self.seconds_to_confirm is not None:
            milliseconds = self.seconds_to_confirm * 1000
            yield Measurement("CanaryTimeToConfirm", milliseconds, Unit.MILLISECONDS)


@dataclass
class Canary:
    """Orders one unit of an item, paid by one method.

    Without a `payment_method` the order names none, and the environment's default one is charged.
    """

    api: OrdersApi
    item_id: str
    payment_method: str
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def run(self, order_id: str) -> Outcome:
        """Place the order `order_id`, follow it, cancel it, and follow it to its end.

        Repeatable: the same id is the same order, however far it came the last time.
        """
        seconds_to_confirm = None
        try:
            self._cancel_earlier_orders(order_id)
            try:
                self._place(order_id)
                seconds_to_confirm = self._follow_to_confirmation(order_id)
            except StepFailedError:
                self._give_back(order_id)
                raise
            self._cancel(order_id, Step.CANCEL)
            self._follow_to_settlement(order_id)
        except StepFailedError as failed:
            return Outcome(order_id, failed.step, str(failed), seconds_to_confirm)
        return Outcome(order_id, seconds_to_confirm=seconds_to_confirm)

    # ------------------------------------------------------------------ steps

    def _cancel_earlier_orders(self, order_id: str) -> None:
        """Cancel what an earlier run has left open."""
        answer = self._insist(
            Step.CLEAN_UP,
            lambda: self.api.get(f"customers/{CUSTOMER_ID}/orders?limit={LATEST_ORDERS}"),
        )
        try:
            orders = OrderList.model_validate(answer.body).orders
        except ValidationError:
            raise StepFailedError(Step.CLEAN_UP, "an answer that is no list") from None
        for listed in orders:
            if listed.order_id != order_id and listed.status in _OPEN:
                logger.warning("an earlier run's order is open", order_id=listed.order_id)
                # The list follows the orders within moments: it may have ended meanwhile.
                self._cancel(listed.order_id, Step.CLEAN_UP, or_else=HTTPStatus.CONFLICT)

    def _place(self, order_id: str) -> None:
        order: dict[str, Any] = {
            "orderId": order_id,
            "customerId": CUSTOMER_ID,
            "items": [{"itemId": self.item_id, "quantity": 1}],
        }
        if self.payment_method:
            order["payment"] = {"method": self.payment_method}
        self._insist(Step.PLACE, lambda: self.api.post("orders", order))

    def _follow_to_confirmation(self, order_id: str) -> float:
        """Return how many seconds it took the order to be confirmed, by its history."""

        def seconds_to_confirm(order: Order) -> float | None:
            # By the history: a run that is repeated finds its order cancelled after that.
            if confirmation := order.entry(EventType.ORDER_CONFIRMED):
                return max((confirmation.at - order.placed_at).total_seconds(), 0)
            if step := _ENDS.get(order.status):
                raise StepFailedError(step, _how_it_ended(order))
            return None

        return self._follow(order_id, Step.CONFIRM, CONFIRM_SECONDS, seconds_to_confirm)

    def _cancel(self, order_id: str, step: Step, *, or_else: HTTPStatus | None = None) -> None:
        self._insist(
            step,
            lambda: self.api.post(f"orders/{order_id}/cancel", {"reason": _REASON.value}),
            or_else=or_else,
        )

    def _follow_to_settlement(self, order_id: str) -> None:
        def holds_nothing(order: Order) -> bool | None:
            states = (order.stock.state, order.payment.state)
            return states == (StockState.RELEASED, PaymentState.VOIDED) or None

        self._follow(order_id, Step.SETTLE, SETTLE_SECONDS, holds_nothing)

    def _give_back(self, order_id: str) -> None:
        """Cancel the order of a run that has failed; one that has ended holds nothing.

        What cannot be cancelled now, the next run finds open.
        """
        try:
            self._cancel(order_id, Step.CANCEL)
        except StepFailedError as failed:
            logger.info("not cancelled", order_id=order_id, reason=str(failed))

    # ------------------------------------------------------------------ asking

    def _insist(
        self, step: Step, ask: Callable[[], ApiAnswer], *, or_else: HTTPStatus | None = None
    ) -> ApiAnswer:
        """Ask until the API does it, or answers `or_else`, as long as asking again may help."""
        ends = self.clock() + ASK_SECONDS
        while True:
            try:
                answer = ask()
            except ApiSilentError as silent:
                problem = f"no answer: {silent}"
            else:
                if answer.status < HTTPStatus.BAD_REQUEST or answer.status == or_else:
                    return answer
                problem = _problem(answer)
                if not _passes_by_itself(answer):
                    raise StepFailedError(step, problem)
            self._wait_unless_over(ends, step, problem)

    def _follow[T](
        self, order_id: str, step: Step, seconds: float, find: Callable[[Order], T | None]
    ) -> T:
        """Look at the order until something is found in it, and return that.

        An error, no answer, and an order that is accepted but not stored yet (404) cost time only.
        """
        ends = self.clock() + seconds
        while True:
            try:
                answer = self.api.get(f"orders/{order_id}")
                if answer.status == HTTPStatus.OK:
                    order = Order.model_validate(answer.body)
                    found = find(order)
                    if found is not None:
                        return found
                    seen = str(order)
                else:
                    seen = _problem(answer)
            except ApiSilentError as silent:
                seen = f"no answer: {silent}"
            except ValidationError:
                seen = "an answer that is no order"
            self._wait_unless_over(ends, step, f"after {seconds} s: {seen}")

    def _wait_unless_over(self, ends: float, step: Step, problem: str) -> None:
        if self.clock() >= ends:
            raise StepFailedError(step, problem)
        self.pause(_PAUSE_SECONDS)


def _how_it_ended(order: Order) -> str:
    reason = order.history[-1].detail.get("reason")
    return f"{order.status}: {reason}" if reason else order.status


def _passes_by_itself(answer: ApiAnswer) -> bool:
    return (
        answer.status == HTTPStatus.TOO_MANY_REQUESTS
        or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _problem(answer: ApiAnswer) -> str:
    """Return an error's status, and what the problem document says about it."""
    detail = answer.body.get("detail")
    return f"{answer.status}: {detail}" if detail else str(answer.status)
