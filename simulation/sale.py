"""The load: orders that come, and what clients do when they are refused."""

from dataclasses import dataclass, field
from typing import Final

PLATEAU_SECONDS: Final = 600.0
"""How long the rate is held: ten minutes."""

RISE_SECONDS: Final = 30.0
"""How long it takes to get there: a sale that opens at a time that was announced."""


@dataclass(frozen=True)
class Clients:
    """What a storefront does when it is answered with 429 or a 5xx.

    As AWS's libraries do in their standard mode: three attempts in all, and before each but the
    first a random part of a second that doubles.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    attempts: int = 3
    first_pause: float = 1.0

    def longest_pause(self, attempts_made: int) -> float:
        """Return the longest pause after so many attempts (1, 2, …), in seconds."""
        return self.first_pause * 2.0 ** (attempts_made - 1)


@dataclass(frozen=True)
class Sale:
    """A linear rise to a rate that is held."""

    rate: float
    """Orders a second at the peak."""
    plateau: float = PLATEAU_SECONDS
    rise: float = RISE_SECONDS
    hot_share: float = 0.0
    """The share of orders that want one and the same item among theirs."""
    clients: Clients = field(default_factory=Clients)

    @property
    def ends(self) -> float:
        """When the last order comes, in seconds."""
        return self.rise + self.plateau

    @property
    def orders(self) -> float:
        """How many orders come in all."""
        return self.come_by(self.ends)

    def come_by(self, seconds: float) -> float:
        """Return how many orders have come by a time."""
        at = min(max(seconds, 0.0), self.ends)
        if at < self.rise:
            return self.rate * at * at / (2 * self.rise)
        return self.rate * (at - self.rise / 2)
