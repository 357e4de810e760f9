"""A customer's orders, page by page."""

import base64
import json
from datetime import datetime
from typing import Protocol

from pydantic import TypeAdapter

from order_pipeline.adapters.orders_table import ListedOrder, Position
from order_pipeline.api.fields import Id
from order_pipeline.api.looking import ListOrdersQuery
from order_pipeline.api.problems import invalid_field
from order_pipeline.domain.stored import Timestamp, rfc3339
from order_pipeline.domain.transitions import Status

_POSITION: TypeAdapter[tuple[datetime, str]] = TypeAdapter(tuple[Timestamp, Id])

_FIRST_ORDERS = "2020-01-01T00:00:00.000Z"


class CustomersOrders(Protocol):
    """Where a customer's orders are looked up."""

    def of_customer(
        self, customer_id: str, *, limit: int, status: Status | None, after: Position | None
    ) -> tuple[list[ListedOrder], Position | None]:
        """Return orders, newest first, and where to go on if there may be more."""


def list_orders(
    customer_id: str, query: ListOrdersQuery, *, orders: CustomersOrders
) -> tuple[list[ListedOrder], str | None]:
    """Return a page of the customer's orders, newest first, and the cursor of the next.

    A cursor is a position, not a key: whoever makes one up still sees this customer's orders only.

    Raises
    ------
    ProblemError
        If the cursor is none that was given out.
    """
    after = None if query.cursor is None else _position(query.cursor)
    listed, position = orders.of_customer(
        customer_id, limit=query.limit, status=query.status, after=after
    )
    return listed, None if position is None else _cursor(position)


def _cursor(position: Position) -> str:
    text = json.dumps([position.placed_at, position.order_id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str) -> Position:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        placed_at, order_id = _POSITION.validate_json(text)
        position = Position(rfc3339(placed_at), order_id)
    except (ValueError, OverflowError):  # the latter: a time that UTC's calendar does not reach
        position = None
    # Written in the one way in which it is given out, and at a time at which there were orders.
    if position is None or _cursor(position) != cursor or position.placed_at < _FIRST_ORDERS:
        raise invalid_field("cursor", "must be a cursor returned by an earlier response")
    return position
