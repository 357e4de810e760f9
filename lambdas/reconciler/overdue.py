"""Orders past their due: asked what they wait for, and moved on.

This is not the usual way of an order. It is what remains when a message was given up and nobody has
redriven its queue, when a customer's payment never came to an end, or when a payment's hold does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from order_pipeline.adapters.observability import logger
from order_pipeline.domain.authorisation import confirmed, payment_declined
from order_pipeline.domain.cancellation import PAYMENT_OVERDUE, cancel
from order_pipeline.domain.events import events_since
from order_pipeline.domain.limits import (
    PAYMENT_DEADLINE,
    PAYMENT_HOLD_MARGIN,
    SETTLING_TIME,
    STUCK_TIME,
)
from order_pipeline.domain.order import HistoryEntry, Order
from order_pipeline.domain.ports import (
    Authorised,
    ConcurrentChangeError,
    Declined,
    OpenOrders,
    OrderNotFoundError,
    PaymentOutcomeUnknownError,
    Payments,
    ProviderOutError,
    Topic,
)
from order_pipeline.domain.progress import awaits_first_parcel, unfinished
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status
from reconciler.renewal import renew_hold
from reconciler.stock import StockBook

BY = "reconciler"

REFUSALS_OF_A_TOPIC_THAT_IS_OUT = 3
"""In a row. Fewer may be about the events themselves."""


class NotPublishedError(Exception):
    """The topic did not take an event."""


@dataclass
class Reconciliation:
    """One run over the overdue orders."""

    orders: OpenOrders
    payments: Payments
    topic: Topic
    stock: StockBook
    provider_is_out: bool
    """Whether the payment provider is not worth asking: its circuit is open, or it was silent."""
    overdue: int = field(default=0, init=False)
    """Orders that the run has looked at."""
    stuck: int = field(default=0, init=False)
    """Of them, those that looking at does not help: people have to."""
    _refused_in_a_row: int = field(default=0, init=False)

    def run(self, has_time: Callable[[], bool]) -> None:
        """Look at the overdue orders while there is time; each is due again some time later.

        An order that cannot be helped, because it cannot be read, or the provider knows nothing of
        it, is logged and counted, and never keeps the others from being looked at.

        Raises
        ------
        NotPublishedError
            If the topic takes nothing; the next run goes on.
        """
        for order_id in self.orders.overdue(now()):
            if not has_time():
                logger.warning("out of time: the next run goes on")
                return
            self.overdue += 1
            with logger.append_context_keys(order_id=order_id):
                try:
                    self._look_at(self.orders.get(order_id))
                except OrderNotFoundError:
                    logger.info("gone meanwhile")
                except ConcurrentChangeError:
                    logger.info("somebody else is at it")
                except NotPublishedError:
                    self._refused_in_a_row += 1
                    if self._refused_in_a_row == REFUSALS_OF_A_TOPIC_THAT_IS_OUT:
                        raise
                except Exception:  # noqa: BLE001 - whatever it is about this order, the others count
                    logger.exception("cannot be helped")
                    self.stuck += 1

    def _look_at(self, order: Order) -> None:
        self.stock.compare(order)
        try:
            again_at = self._move_on(order)
        except PaymentOutcomeUnknownError as error:
            logger.warning("what became of the payment is not known yet", exc_info=True)
            self.provider_is_out |= isinstance(error, ProviderOutError)
            again_at = _soon()
        self.orders.put_off(order, again_at)
        self.stuck += _is_stuck(order)

    def _move_on(self, order: Order) -> datetime:
        """Do what the order waits for; return when to look again if nothing comes of it."""
        if order.status is Status.RESERVED:
            self._settle_payment(order)
        elif awaits_first_parcel(order) and order.payment.hold_ends:
            return self._keep_hold(order, order.payment.hold_ends)
        elif entry := unfinished(order):
            self._publish_again(order, entry)
        return _soon()

    def _settle_payment(self, order: Order) -> None:
        """Let the payment's true state decide, so that held stock never leaks."""
        intent_id = order.payment.intent_id
        outcome = None
        if intent_id is not None:
            if self.provider_is_out:
                return
            outcome = self.payments.outcome(intent_id)
        if isinstance(outcome, Authorised):
            self.orders.change(order.order_id, lambda order: confirmed(order, by=BY))
        elif isinstance(outcome, Declined) and intent_id is not None:
            reason = outcome.reason
            if not outcome.is_cancelled:
                self.payments.cancel(intent_id)
            self.orders.change(order.order_id, lambda order: payment_declined(order, reason, by=BY))
        elif now() >= order.latest(EventType.STOCK_RESERVED).at + PAYMENT_DEADLINE:
            self.orders.change(order.order_id, _cancelled_unpaid)
        elif not self.provider_is_out:
            self._publish_again(order, order.latest(EventType.STOCK_RESERVED))

    def _keep_hold(self, order: Order, hold_ends: datetime) -> datetime:
        """Tell the warehouse once more; later, renew the payment's hold before it ends."""
        if now() < hold_ends - PAYMENT_HOLD_MARGIN:
            self._publish_again(order, order.latest(EventType.ORDER_CONFIRMED))
            return hold_ends - PAYMENT_HOLD_MARGIN
        if self.provider_is_out:
            return _soon()
        renew_hold(order, hold_ends, orders=self.orders, payments=self.payments, by=BY)
        return hold_ends

    def _publish_again(self, order: Order, entry: HistoryEntry) -> None:
        logger.info("publishing again", event_type=entry.event.value, version=entry.version)
        (event,) = (e for e in events_since(0, order) if e.version == entry.version)
        if self.topic.publish([event]):
            logger.error("not published", event_id=event.event_id)
            raise NotPublishedError(event.event_id)
        self._refused_in_a_row = 0


def _soon() -> datetime:
    return now() + SETTLING_TIME


def _is_stuck(order: Order) -> bool:
    """Say whether an order is long past its due, or its money past the end of its hold."""
    if awaits_first_parcel(order) and order.payment.hold_ends:
        return order.payment.hold_ends + STUCK_TIME < now()
    entry = unfinished(order)
    return entry is not None and entry.at + SETTLING_TIME + STUCK_TIME < now()


def _cancelled_unpaid(order: Order) -> Order:
    """Return the order cancelled, unless its payment has come to an end meanwhile."""
    return cancel(order, PAYMENT_OVERDUE, by=BY) if order.status is Status.RESERVED else order
