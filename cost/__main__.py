"""`python -m cost measure` measures on LocalStack and writes the tables; `… table` only writes."""

import sys

from cost.document import DOCUMENT, parts
from cost.measuring import MeasuringError, measure
from cost.month import month_of, resources_of
from cost.prices import read_prices
from cost.sizes import Sizes
from cost.work import Measured
from timing.written_parts import write_part

ENVIRONMENTS = ("dev", "prod")
"""Those whose idle month is shown."""


def write_tables(measured: Measured) -> None:
    """Write the tables of docs/benchmarks/cost.md anew."""
    months = {
        environment: month_of(resources_of(environment), Sizes.of(environment), measured.runs_ms)
        for environment in ENVIRONMENTS
    }
    written = parts(measured, read_prices(), Sizes.of("prod"), months)
    for name, text in written.items():
        write_part(DOCUMENT, name, text)


def main(command: str) -> None:
    """Run a command."""
    match command:
        case "measure":
            try:
                measure().write()
            except MeasuringError as error:
                sys.exit(f"error: {error}")
            write_tables(Measured.read())
        case "table":
            write_tables(Measured.read())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
