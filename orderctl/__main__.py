"""Look at a deployment's orders, act on them, and look after the deployment.

ENVIRONMENT says which deployment (default: local), ENVIRONMENT_SUFFIX which copy of it.
"""

from collections.abc import Callable, Mapping

import typer

from orderctl.commands import (
    account,
    customers,
    dead_letters,
    orders,
    records,
    releases,
    stages,
    stock,
)
from orderctl.commands.health import health
from orderctl.commands.restore import restore
from orderctl.commands.watch import watch
from orderctl.errors import Commands

_PANELS: Mapping[str, Mapping[str, Callable[..., None] | typer.Typer]] = {
    "Orders": {
        "place": orders.place,
        "show": orders.show,
        "watch": watch,
        "list": orders.list_orders,
        "cancel": orders.cancel,
        "ship": orders.ship,
        "deliver": orders.deliver,
        "refund": orders.refund,
        "stock": stock.app,
    },
    "Looking after the deployment": {
        "health": health,
        "dlq": dead_letters.app,
        "pause": stages.pause,
        "resume": stages.resume,
        "overdue": records.overdue,
        "rollback": releases.rollback,
        "versions": releases.versions,
        "preflight": account.preflight,
    },
    "Records and repairs": {
        "audit": records.audit,
        "books": records.books,
        "republish": records.republish,
        "restore": restore,
        "erase": customers.erase,
    },
}
"""Every command, as the help groups them."""

app = typer.Typer(cls=Commands, no_args_is_help=True, help=__doc__)
for panel, commands in _PANELS.items():
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)


def main() -> None:
    """Run the command that was typed."""
    # Its name, however it was started: completion is of `orderctl`.
    app(prog_name="orderctl")


if __name__ == "__main__":
    main()
