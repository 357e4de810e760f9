import base64
from typing import Any

import pytest
from pydantic import ValidationError

from order_pipeline.adapters.orders_table import ListedOrder, Position
from order_pipeline.api.looking import ListOrdersQuery
from order_pipeline.api.problems import ProblemError
from order_pipeline.domain.money import Currency
from order_pipeline.domain.transitions import Status
from orders_api.listing import list_orders
from tests.unit.builders import NOON

ORDER = ListedOrder(order_id="ORD-1", status=Status.PLACED, placed_at=NOON, currency=Currency.GBP)
POSITION = Position("2026-01-31T12:00:00.000Z", "ORD-1")


class CustomersOrders:
    """One page, and what was asked for."""

    def __init__(self, position: Position | None) -> None:
        self._position = position
        self.asked: dict[str, Any] = {}

    def of_customer(
        self, customer_id: str, *, limit: int, status: Status | None, after: Position | None
    ) -> tuple[list[ListedOrder], Position | None]:
        self.asked = {"customer": customer_id, "limit": limit, "status": status, "after": after}
        return [ORDER], self._position


def query(**parameters: str) -> ListOrdersQuery:
    return ListOrdersQuery.model_validate(parameters)


def test_the_query_is_passed_on_with_its_defaults() -> None:
    orders = CustomersOrders(None)
    assert list_orders("CUST-1", query(), orders=orders) == ([ORDER], None)
    assert orders.asked == {"customer": "CUST-1", "limit": 20, "status": None, "after": None}
    list_orders("CUST-1", query(limit="7", status="SHIPPED"), orders=orders)
    assert (orders.asked["limit"], orders.asked["status"]) == (7, Status.SHIPPED)


def test_a_cursor_leads_to_where_the_page_ended() -> None:
    orders = CustomersOrders(POSITION)
    _, cursor = list_orders("CUST-1", query(), orders=orders)
    assert cursor
    list_orders("CUST-1", query(cursor=cursor), orders=orders)
    assert orders.asked["after"] == POSITION


def test_a_cursor_of_one_customer_is_only_a_position_in_anothers_orders() -> None:
    orders = CustomersOrders(POSITION)
    _, cursor = list_orders("CUST-1", query(), orders=orders)
    assert cursor
    assert "CUST-1" not in base64.urlsafe_b64decode(cursor + "==").decode()
    list_orders("CUST-2", query(cursor=cursor), orders=orders)
    assert orders.asked["customer"] == "CUST-2"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b"5",
        b"null",
        b"{}",
        b"[1, 2]",
        b'["", ""]',
        b'["a"]',
        b'["a", "b"]',
        b'["a", "b", "c"]',
        b'["2026-01-31T12:00:00.000Z", "a b"]',
        b'["2026-01-31T12:00:00.000Z", "\\ud800"]',
        b'[1, "ORD-1"]',
        b'["1", "ORD-1"]',
        b'["2026-01-31T12:00:00Z", "ORD-1"]',
        b'["2026-01-31T13:00:00.000+01:00", "ORD-1"]',
        b'["2026-01-31T12:00:00.000Z","ORD-1"]',
        b'["0001-01-01T00:00:00.000Z", "ORD-1"]',
        b'["1999-12-31T23:59:59.999Z", "ORD-1"]',
        b'["0001-01-01T00:00:00+23:59", "ORD-1"]',
        b"\xff",
    ],
)
def test_a_made_up_cursor_is_refused(text: bytes) -> None:
    cursor = base64.urlsafe_b64encode(text).decode().rstrip("=") or "x"
    with pytest.raises(ProblemError) as error:
        list_orders("CUST-1", query(cursor=cursor), orders=CustomersOrders(None))
    assert error.value.errors[0].field == "cursor"


@pytest.mark.parametrize("limit", ["1", "20", "100"])
def test_a_limit_is_a_whole_number(limit: str) -> None:
    assert query(limit=limit).limit == int(limit)


@pytest.mark.parametrize(
    "limit", ["0", "101", "-1", "+1", "1_0", "1.0", " 1", "1 ", "1e1", "", "\u0661"]
)
def test_what_only_looks_like_a_limit_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError):
        query(limit=limit)
