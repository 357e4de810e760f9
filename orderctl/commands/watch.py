"""`orderctl watch`: the orders as they move through their stages."""

import time
from typing import Annotated

import typer
from rich.live import Live

from orderctl.board import Board, Frame
from orderctl.board_view import board, changes, document
from orderctl.deployment import Deployment
from orderctl.terminal import console, emit, say

_LINES_AROUND_THE_ROWS = 7
"""The counts, the table's frame and head, what stands below, the prompt."""

_LEAST_ROWS = 3
_NEWEST_OF_A_CUSTOMER = 20


def watch(
    *,
    customer: Annotated[
        str | None,
        typer.Option(
            metavar="CUSTOMER",
            help="Their newest orders, open or not; all open orders, if not given.",
        ),
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.2, metavar="SECONDS", help="Time between looks.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and exit.")] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON document for each look, one per line; with --once, just one.",
        ),
    ] = False,
) -> None:
    """Watch orders move through their stages, until Ctrl-C.

    Shows all open orders, and those seen to end within the last minute. With --json, each look is
    one line. If the output is not a terminal, each change is one line.
    """
    deployment = Deployment.from_environment()
    seen = Board(
        deployment.customers_orders(customer, _NEWEST_OF_A_CUSTOMER)
        if customer
        else deployment.open_orders
    )
    where = deployment.names.suffix
    try:
        if once:
            _once(seen.look(), where, as_json=as_json)
        elif as_json or not console.is_terminal:
            _line_by_line(seen, every, as_json=as_json)
        else:
            _live(seen, every, where)
    except KeyboardInterrupt:
        # How a watch ends.
        return


def _once(frame: Frame, where: str, *, as_json: bool) -> None:
    if as_json:
        emit(document(frame))
    else:
        console.print(board(frame, where=where, rows=len(frame.orders)))


def _line_by_line(seen: Board, every: float, *, as_json: bool) -> None:
    before: Frame | None = None
    while True:
        frame = seen.look()
        if as_json:
            emit(document(frame), indent=None)
        else:
            for line in changes(before, frame):
                say(line)
        before = frame
        time.sleep(every)


def _live(seen: Board, every: float, where: str) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            rows = max(_LEAST_ROWS, console.height - _LINES_AROUND_THE_ROWS)
            live.update(board(seen.look(), where=where, rows=rows), refresh=True)
            time.sleep(every)
