"""What came of every fault, as a table for the person who started the run."""

from dataclasses import dataclass, field

from rich import box
from rich.table import Table

from tests.faults.books import Books
from tests.faults.flow import Flow

NUMBERS = (
    "orders",
    "accepted",
    "refused",
    "by itself",
    "by redrive",
    "lost",
    "duplicates",
    "seconds to heal",
)


@dataclass(frozen=True)
class Row:
    """One fault."""

    fault: str
    orders: int
    accepted: int
    refused: int
    """Calls that were not answered as they should, and that the shop repeated."""
    by_itself: int
    by_redrive: int
    lost: int
    duplicates: int
    seconds_to_heal: float


@dataclass
class Report:
    """The rows of a run, and other numbers that it measured."""

    rows: list[Row] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    def tell(self, fault: str, flow: Flow, books: Books) -> None:
        """Add a row."""
        ended = [each for each in flow.accepted if each.has_ended]
        redriven = [each for each in ended if each.redriven]
        self.rows.append(
            Row(
                fault,
                orders=len(flow.purchases),
                accepted=len(flow.accepted),
                refused=sum(each.refusals for each in flow.purchases),
                by_itself=len(ended) - len(redriven),
                by_redrive=len(redriven),
                lost=len(flow.lost),
                duplicates=books.duplicates,
                seconds_to_heal=flow.seconds_to_heal(),
            )
        )

    def table(self) -> Table:
        """Return the table; what is recovered is by itself, or by a redrive."""
        table = Table(title="Broken on purpose", title_style="bold", box=box.SIMPLE)
        table.add_column("fault")
        for name in NUMBERS:
            table.add_column(name, justify="right")
        for row in self.rows:
            table.add_row(
                row.fault,
                str(row.orders),
                str(row.accepted),
                str(row.refused),
                str(row.by_itself),
                str(row.by_redrive),
                f"[red]{row.lost}[/red]" if row.lost else "0",
                str(row.duplicates),
                f"{row.seconds_to_heal:.0f}",
            )
        return table
