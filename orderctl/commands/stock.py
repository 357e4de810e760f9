"""`orderctl stock`: an item's name, price and units."""

from typing import Annotated
from uuid import uuid4

import typer

from order_pipeline.domain.limits import MAX_STOCK_COUNTERS
from order_pipeline.domain.money import Currency
from orderctl.api import Answer, Api, ApiError, Json
from orderctl.commands.options import AsJson, ItemId, Yes
from orderctl.deployment import Deployment
from orderctl.errors import Commands
from orderctl.terminal import confirm, console, emit, note, say, table

app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Look at an item's stock, set it, and adjust it."
)

_SETTABLE = ("name", "price", "currency", "available", "active", "stockCounters")


@app.command()
def show(item_id: ItemId, *, as_json: AsJson = False) -> None:
    """Show an item: name, price, and the units that can still be reserved."""
    _print(Deployment.from_environment().api.call("getItem", itemId=item_id), as_json=as_json)


@app.command(name="set")
def set_item(
    item_id: ItemId,
    *,
    name: Annotated[str | None, typer.Option(help="The item's name.")] = None,
    price: Annotated[str | None, typer.Option(help="The price of one unit, such as 29.99.")] = None,
    currency: Annotated[Currency | None, typer.Option(help="The price's currency.")] = None,
    available: Annotated[
        int | None, typer.Option(min=0, help="Units that can still be reserved.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it is for sale.")
    ] = None,
    counters: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_STOCK_COUNTERS,
            help="How many counters its units are spread over: more than 1 for fast sellers.",
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set an item, or create it; what is not given stays as it is.

    If somebody else has changed the item since it was read, nothing is set: exits with 1 then.
    """
    deployment = Deployment.from_environment()
    given = {
        "name": name,
        "price": price,
        "currency": currency,
        "available": available,
        "active": active,
        "stockCounters": counters,
    }
    wanted = {key: value for key, value in given.items() if value is not None}
    known = _look(deployment.api, item_id)
    if known is None:
        missing = [f"--{key}" for key in ("name", "price", "available") if key not in wanted]
        if missing:
            raise typer.BadParameter(f"{item_id} is new: it needs {' and '.join(missing)}.")
        question = f"Create {item_id} in {deployment.names.suffix}: {_listed(wanted)}?"
    else:
        question = f"Set {item_id} in {deployment.names.suffix}: {_changes(known.body, wanted)}?"
    confirm(question, yes=yes)
    # The code before this one knows of no counters, and its API takes none.
    before = {key: known.body[key] for key in _SETTABLE if key in known.body} if known else {}
    answer = deployment.api.call(
        "setItem",
        before | wanted,
        headers={"If-Match": _etag(known)} if known else {},
        itemId=item_id,
    )
    _print(answer, as_json=as_json)


# A negative number is a change, not an option.
@app.command(context_settings={"ignore_unknown_options": True})
def adjust(
    item_id: ItemId,
    delta: Annotated[int, typer.Argument(help="Units to add; negative to take away.")],
    *,
    adjustment_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The adjustment's id; a new one, if not given."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Add units to an item's stock, or take some away: once for each id."""
    deployment = Deployment.from_environment()
    confirm(f"Adjust {item_id} in {deployment.names.suffix} by {delta:+}?", yes=yes)
    if adjustment_id is None:
        adjustment_id = str(uuid4())
        note(f"To repeat this safely: --id {adjustment_id}")
    request = {"adjustmentId": adjustment_id, "delta": delta}
    answer = deployment.api.call("adjustStock", request, itemId=item_id).body
    if as_json:
        emit(answer)
        return
    now = deployment.api.call("getItem", itemId=item_id).body
    say(f"{item_id} adjusted by {delta:+}: {now['available']} can now be reserved.")


def _look(api: Api, item_id: str) -> Answer | None:
    try:
        return api.call("getItem", itemId=item_id)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise


def _etag(known: Answer) -> str:
    """Return what says which version was read, also where something on the way drops the header."""
    return known.headers.get("etag", f'"{known.body["version"]}"')


def _print(answer: Answer, *, as_json: bool) -> None:
    item = answer.body
    if as_json:
        emit(item)
        return
    shown = table(
        "item", "name", "price", "available", "counters", "for sale", "version", ids=("item",)
    )
    shown.add_row(
        item["itemId"],
        item["name"],
        f"{item['price']} {item['currency']}",
        str(item["available"]),
        str(item.get("stockCounters", 1)),
        "yes" if item["active"] else "no",
        str(item["version"]),
    )
    console.print(shown)


def _listed(values: Json) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _changes(before: Json, wanted: Json) -> str:
    changed = [
        f"{key} {before.get(key)} → {value}"
        for key, value in wanted.items()
        if before.get(key) != value
    ]
    return ", ".join(changed) or "no changes"
