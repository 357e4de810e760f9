"""The books: what the payment provider has on record, compared with the orders."""

from order_pipeline.order import Order, Payment, PaymentState
from order_pipeline.ports import Money, MoneyState
from order_pipeline.progress import unfinished


def difference(money: Money, order: Order | None) -> str | None:
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
        return f"{money.state} by another intent than the order's"
    if money.amount != order.total:
        return f"{money.state}: {money.amount}, of an order of {order.total}"
    if unfinished(order) or _agrees(money.state, payment):
        return None
    return f"{money.state}, not {payment.state}"


def _agrees(state: MoneyState, payment: Payment) -> bool:
    match state:
        case MoneyState.HELD:
            return payment.state in (PaymentState.AUTHORISED, PaymentState.CAPTURE_FAILED)
        case MoneyState.TAKEN:
            return payment.is_collected
