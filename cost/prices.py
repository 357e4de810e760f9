"""Prices: what AWS charges for one of something, from `prices.toml`, each with its source."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """A price: so many USD for so many of a unit."""

    usd: float
    per: int
    unit: str
    source: str
    taken: Literal["london", "everywhere", "unchecked"]
    """What the figure rests on; `prices.toml` says what that means."""

    def of(self, quantity: float) -> float:
        """Return what so many cost, in USD."""
        return quantity * self.usd / self.per


type Prices = dict[str, Price]
"""By the names in `prices.toml`."""


def read_prices(file: Path = FILE) -> Prices:
    """Read the prices; a table that lacks a field is an error."""
    with file.open("rb") as content:
        return {name: Price(**fields) for name, fields in tomllib.load(content).items()}
