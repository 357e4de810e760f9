"""The books: the payment provider's records and the reservations, compared with the orders."""

from order_pipeline.domain.order import Order, Payment, PaymentState, StockState
from order_pipeline.domain.ports import Money, MoneyState
from order_pipeline.domain.progress import unfinished
from order_pipeline.domain.reservation import Reservation


def payment_difference(money: Money, order: Order | None) -> str | None:
    """Tell what is wrong with some money and the order it is for; None when the two agree.

    An intent is stored with its order before it can hold money. While a stage is still to act on
    the order, what became of its money is not judged: the two may differ until then. An erased
    order does not know its intent any more; the rest is compared.
    """
    if order is None:
        return f"{money.state} for an order that does not exist"
    payment = order.payment
    if money.intent_id not in (payment.intent_id, payment.replacement_intent_id) and (
        not order.erased_at
    ):
        return f"{money.state} by a different intent from the order's"
    if money.amount != order.total:
        return f"{money.state}: {money.amount}, for an order of {order.total}"
    if unfinished(order) or _agrees(money.state, payment):
        return None
    return f"{money.state}, not {payment.state}"


def stock_difference(order: Order, reservation: Reservation | None) -> str | None:
    """Tell what is wrong with an order and its reservation; None when the two agree.

    Holding stock and giving it back move the two in one transaction, so they never differ in that.
    Of an order that has left completely the reservation hears a moment later, so nothing is said of
    those.
    """
    state = order.stock.state
    if state is StockState.HELD:
        return _held_difference(order, reservation)
    is_held = reservation is not None and reservation.state is StockState.HELD
    if is_held and state is not StockState.SHIPPED:
        return f"its reservation is HELD, but its stock is {state}"
    return None


def _held_difference(order: Order, reservation: Reservation | None) -> str | None:
    if reservation is None:
        return "its stock is HELD, but it has no reservation"
    if reservation.state is not StockState.HELD:
        return f"its stock is HELD, but its reservation is {reservation.state}"
    if dict(reservation.units) != order.quantities:
        return "its reservation has different units from its lines"
    if short := sorted(each for each in reservation.units if reservation.held(each) < 0):
        return f"its reservation holds a negative quantity of {', '.join(short)}"
    if other := sorted(
        item_id
        for item_id, places in reservation.counters.items()
        if sum(places.values()) != reservation.units.get(item_id)
    ):
        return f"its reservation has different units on the counters of {', '.join(other)}"
    return None


def _agrees(state: MoneyState, payment: Payment) -> bool:
    match state:
        case MoneyState.HELD:
            return payment.state in (PaymentState.AUTHORISED, PaymentState.CAPTURE_FAILED)
        case MoneyState.TAKEN:
            return payment.is_collected
