"""The API as the canary sees it, with the pipeline behind it: real commands, stages in memory.

Time is the canary's own. Whenever it waits, each order goes one step further.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from order_pipeline.adapters.orders_table import ListedOrder
from order_pipeline.api.changing import CancelOrderRequest
from order_pipeline.api.fields import ApiModel
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.problems import ProblemError
from order_pipeline.domain.authorisation import confirmed, payment_declined
from order_pipeline.domain.canary import CUSTOMER_ID
from order_pipeline.domain.catalogue import check
from order_pipeline.domain.order import Order, PaymentState, Stock, StockState
from order_pipeline.domain.ports import ApiAnswer
from order_pipeline.domain.transitions import EventType, Status
from orders_api.commands import cancel_order, order_now
from orders_api.views import cancelled_view, list_view, order_view
from place_order.placement import place_order
from tests.unit.builders import BY, an_item
from tests.unit.functions.in_memory import Orders, Overflow

ITEM = "canary"


class Api:
    """Takes the canary's calls. `says` is what it answers instead, per kind of call, in order."""

    def __init__(self) -> None:
        self.stored: dict[str, Order] = {}
        self.seconds = 0.0
        self.calls: list[str] = []
        self.says: dict[str, Iterator[ApiAnswer | Exception]] = {}
        self.stuck_in: set[Status] = set()
        """Statuses that no stage leads an order out of."""
        self.has_item = True
        self.units = 10
        self.declines = False
        self.default_payment_method = ""
        self._orders = _Orders(self.stored)

    # ------------------------------------------------------------------ calls

    def get(self, path: str) -> ApiAnswer:
        if path == f"customers/{CUSTOMER_ID}/orders?limit=20":
            return self._answer("list", 200, self._list)
        _, order_id = path.split("/")
        return self._answer(
            "look", 200, lambda: order_view(order_now(order_id, orders=self._orders))
        )

    def post(self, path: str, body: Mapping[str, Any]) -> ApiAnswer:
        if path == "orders":
            return self._answer("place", 202, lambda: self._place(body))
        _, order_id, command = path.split("/")
        assert command == "cancel"
        return self._answer("cancel", 200, lambda: self._cancel(order_id, body))

    def _answer(self, kind: str, status: int, carry_out: Any) -> ApiAnswer:
        self.calls.append(kind)
        said = next(self.says.get(kind, iter(())), None)
        if isinstance(said, Exception):
            raise said
        if said is not None:
            return said
        try:
            model: ApiModel = carry_out()
        except ProblemError as problem:
            return ApiAnswer(problem.problem.status, {"detail": str(problem)})
        return ApiAnswer(status, model.model_dump(mode="json", by_alias=True, exclude_none=True))

    def _list(self) -> ApiModel:
        newest_first = [
            ListedOrder.model_validate(order.model_dump(include=set(ListedOrder.model_fields)))
            for order in reversed(self.stored.values())
        ]
        return list_view(newest_first[:20], None, str)

    def _place(self, body: Mapping[str, Any]) -> ApiModel:
        accepted = place_order(
            PlaceOrderRequest.model_validate(body),
            idempotency_key=None,
            default_payment_method=self.default_payment_method,
            trace_header=None,
            orders=self._orders,
            overflow=Overflow(),
        )
        return order_view(accepted.order)

    def _cancel(self, order_id: str, body: Mapping[str, Any]) -> ApiModel:
        request = CancelOrderRequest.model_validate(body)
        return cancelled_view(cancel_order(order_id, request, orders=self._orders), str)

    # ------------------------------------------------------------------ time, and the stages in it

    def clock(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        for order_id, order in self.stored.items():
            if order.status not in self.stuck_in:
                self.stored[order_id] = self._next(order)

    def settle(self) -> None:
        """Let what is to be given back be given back."""
        for _ in range(10):
            self.pause(0)

    @property
    def held(self) -> list[str]:
        """The orders that hold stock or money."""
        return [
            order.order_id
            for order in self.stored.values()
            if order.stock.state is StockState.HELD
            or order.payment.state is PaymentState.AUTHORISED
        ]

    def _next(self, order: Order) -> Order:
        match order.status:
            case Status.PLACED:
                return check(order, {ITEM: an_item(ITEM)} if self.has_item else {}, by=BY)
            case Status.VALIDATED:
                return self._reserved(order)
            case Status.RESERVED if self.declines:
                return payment_declined(order, "expired_card", by=BY)
            case Status.RESERVED:
                return confirmed(order, by=BY)
            case Status.CANCELLED | Status.PAYMENT_DECLINED:
                return _given_back(order)
            case _:
                return order

    def _reserved(self, order: Order) -> Order:
        if not self.units:
            return order.after(EventType.STOCK_UNAVAILABLE, by=BY)
        return order.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))


class _Orders(Orders):
    """Orders in a dictionary that others see, too."""

    def __init__(self, stored: dict[str, Order]) -> None:
        super().__init__()
        self._orders = stored


def _given_back(order: Order) -> Order:
    if order.stock.state is StockState.HELD:
        released = Stock(state=StockState.RELEASED)
        return order.after(EventType.STOCK_RELEASED, by=BY, stock=released)
    if order.payment.state is PaymentState.AUTHORISED:
        voided = order.payment.model_copy(update={"state": PaymentState.VOIDED})
        return order.after(EventType.PAYMENT_VOIDED, by=BY, payment=voided)
    return order
