"""Orders that travel together, and what becomes of them."""

from dataclasses import dataclass


@dataclass
class Cohort:
    """Orders that came one after another, evenly spread over a span of time.

    The order at a fraction of the way through the cohort was placed at that fraction between
    `placed_first` and `placed_last`, and is where the cohort is at that fraction between `first`
    and `last`. All times are seconds since the sale began.
    """

    orders: float
    placed_first: float
    placed_last: float
    first: float
    last: float
    is_hot: bool = False
    """Whether each of the orders wants the hot item."""
    receives: int = 0
    """How often the message about each was received by the stage that it is at."""
    destination: str = ""
    """The stage that the event about each is on its way to."""

    def part(self, share: float) -> "Cohort":
        """Return a share of the orders, spread as the whole is."""
        return Cohort(
            self.orders * share,
            self.placed_first,
            self.placed_last,
            self.first,
            self.last,
            self.is_hot,
            self.receives,
            self.destination,
        )

    def cut(self, share: float) -> tuple["Cohort", "Cohort"]:
        """Return the earliest orders, so large a share of all, and the rest."""
        placed = self.placed_first + share * (self.placed_last - self.placed_first)
        here = self.first + share * (self.last - self.first)
        early, late = self.part(share), self.part(1 - share)
        early.placed_last, early.last = placed, here
        late.placed_first, late.first = placed, here
        return early, late

    def jittered(self, share: float) -> tuple["Cohort", "Cohort"]:
        """Return those that come back earliest, so large a share, and the rest.

        Who comes back when is drawn by lot, so both are spread over all the times of placement.
        """
        here = self.first + share * (self.last - self.first)
        return self.part(share).at(self.first, here), self.part(1 - share).at(here, self.last)

    def at(self, first: float, last: float) -> "Cohort":
        """Return the same orders at another time."""
        moved = self.part(1.0)
        moved.first, moved.last = first, last
        return moved

    def with_others(self, others: "Cohort") -> "Cohort":
        """Return these orders and others that have come the same way at nearly the same time.

        Their times are the means of both, so that what they add up to stays.
        """
        share = others.orders / (self.orders + others.orders)

        def mean(mine: float, theirs: float) -> float:
            return mine + share * (theirs - mine)

        return Cohort(
            self.orders + others.orders,
            mean(self.placed_first, others.placed_first),
            mean(self.placed_last, others.placed_last),
            mean(self.first, others.first),
            mean(self.last, others.last),
            self.is_hot,
            self.receives,
            self.destination,
        )

    def later(self, seconds: float) -> "Cohort":
        """Return the same orders some time later."""
        return self.at(self.first + seconds, self.last + seconds)

    def on_to(self, stage: str) -> "Cohort":
        """Return the orders on their way to another stage: no message about them was received."""
        moved = self.part(1.0)
        moved.receives, moved.destination = 0, stage
        return moved
