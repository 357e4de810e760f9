"""Arguments and options that several commands have."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from order_pipeline.domain.limits import ID_PATTERN
from orderctl.terminal import moment

OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="The item's id.")]
Since = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="TIME", help="RFC 3339, inclusive.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="TIME", help="RFC 3339, exclusive.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]


@dataclass(frozen=True)
class Units:
    """Some units of one item, as they are typed: ``ITEM-001=2``."""

    item_id: str
    quantity: int

    def __str__(self) -> str:
        return f"{self.quantity} of {self.item_id}"

    @property
    def as_request(self) -> dict[str, object]:
        """Return the units as the API takes them."""
        return {"itemId": self.item_id, "quantity": self.quantity}


def units(text: str) -> Units:
    """Read units that were given as an option.

    Raises
    ------
    typer.BadParameter
        If it is not an item and a number.
    """
    item_id, _, quantity = text.partition("=")
    if not re.fullmatch(ID_PATTERN, item_id) or not re.fullmatch("[1-9][0-9]{0,8}", quantity):
        raise typer.BadParameter(f"{text!r} is not an item and a quantity, such as ITEM-001=2.")
    return Units(item_id, int(quantity))


Lines = Annotated[
    list[Units] | None,
    typer.Option("--line", parser=units, metavar="ITEM=N", help="Units of an item; repeatable."),
]
