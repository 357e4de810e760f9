"""The books: what the payment provider has on record, compared with the orders."""

from order_pipeline.order import Order, Payment, PaymentState
from order_pipeline.ports import Money, MoneyState
from order_pipeline.progress import unfinished


def difference(money: Money, order: Order | None) -> str | None:
    """Tell what is wrong with some money and the order it is for; None when the two agree.

    An order that a stage is still to act on is not judged: the two may differ until then. An erased
    order does not know its intent any more; the rest is compared.
    """
    if order is None:
        return f"{money.state} for an order that does not exist"
    if unfinished(order):
        return None
    if order.payment.intent_id != money.intent_id and not order.erased_at:
        return f"{money.state} by another intent than the order's"
    if money.amount != order.total:
        return f"{money.state}: {money.amount}, of an order of {order.total}"
    if not _agrees(money.state, order.payment):
        return f"{money.state}, not {order.payment.state}"
    return None


def _agrees(state: MoneyState, payment: Payment) -> bool:
    match state:
        case MoneyState.HELD:
            return payment.state in (PaymentState.AUTHORISED, PaymentState.CAPTURE_FAILED)
        case MoneyState.TAKEN:
            return payment.is_collected
