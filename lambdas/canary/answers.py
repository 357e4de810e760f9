"""What the canary reads of the API's answers, and nothing else of them.

Not the API's own models: those refuse fields that they do not know, and the canary and the API are
not always of the same version (docs/adr/0012-two-versions-at-once.md).
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from order_pipeline.domain.stored import Timestamp


class Answer(BaseModel):
    """A document, of which unknown fields are left alone."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


class State(Answer):
    """Where the order's stock or money is."""

    state: str


class HistoryEntry(Answer):
    """One event in the order's life."""

    event: str
    at: Timestamp
    detail: Mapping[str, Any]


class Order(Answer):
    """An order with its history."""

    status: str
    placed_at: Timestamp
    stock: State
    payment: State
    history: tuple[HistoryEntry, ...]

    def __str__(self) -> str:
        return f"{self.status}, stock {self.stock.state}, payment {self.payment.state}"

    def entry(self, event: str) -> HistoryEntry | None:
        """Return the first entry of an event, whatever has happened since, if there is one."""
        return next((each for each in self.history if each.event == event), None)


class ListedOrder(Answer):
    """An order, as a list shows it."""

    order_id: str
    status: str


class OrderList(Answer):
    """The newest orders of a customer."""

    orders: tuple[ListedOrder, ...]
