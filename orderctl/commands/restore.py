"""`orderctl restore`: orders that were lost or spoilt, back from a copy of the orders table."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from order_pipeline.ports import PaymentOutcomeUnknownError
from orderctl.audit import events_in_bucket
from orderctl.deployment import Deployment
from orderctl.republishing import all_items
from orderctl.restoring import (
    CLOCKS_DIFFER,
    Damage,
    Repair,
    Restoring,
    find_damage,
    intents_of,
    lacking_intents,
    plan,
)
from orderctl.terminal import complain, console, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from order_pipeline.events import OrderEvent


def restore(
    copy: Annotated[
        str,
        typer.Option(
            "--from", metavar="TABLE", help="The table that was restored to a point in time."
        ),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
) -> None:
    """Copy back the orders that are missing or cannot be read, as far as the audit knows them.

    Orders that can be read are never touched, and neither are those that only the table has.
    Exits with 1 when an order could not be put back. Can be repeated.
    """
    deployment = Deployment.from_environment()
    if copy == deployment.orders_table_name:
        raise typer.BadParameter("that is the orders table itself.", param_hint="--from")
    _check_exists(deployment, copy)
    damage = find_damage(
        all_items(deployment.dynamodb, copy),
        all_items(deployment.dynamodb, deployment.orders_table_name),
        erased=deployment.erased,
        at=datetime.now(UTC),
    )
    _print_untouched(damage, copy)
    if not damage.damaged:
        say("There is nothing to put back.")
        raise typer.Exit(1 if damage.unreadable else 0)
    try:
        repairs = _plan(deployment, damage)
    except PaymentOutcomeUnknownError as error:
        complain(f"the payment provider did not tell which payments there are ({error}): try again")
        raise typer.Exit(1) from None
    _print(repairs)
    held_back = [repair for repair in repairs if repair.is_held_back]
    for repair in held_back:
        complain(
            f"not put back: order {repair.order.order_id}: it came to an end, or its customer was "
            f"erased, and the bucket does not tell all of it: {_named(repair.forward.left) or '-'}"
        )
    wanted = [repair for repair in repairs if repair not in held_back]
    if dry_run:
        say(f"{len(wanted)} orders would be put back. Nothing was changed.")
        raise typer.Exit(1 if held_back or damage.unreadable else 0)
    failures = _put_back(deployment, wanted)
    say(f"{len(wanted) - failures} orders put back, {failures + len(held_back)} failed.")
    if failures or held_back or damage.unreadable:
        raise typer.Exit(1)


def _check_exists(deployment: Deployment, copy: str) -> None:
    """Read one item of the copy: whoever may do that may read all of it."""
    try:
        deployment.dynamodb.scan(TableName=copy, Limit=1)
    except deployment.dynamodb.exceptions.ResourceNotFoundException:
        complain(f"There is no table {copy}.")
        raise typer.Exit(2) from None


def _plan(deployment: Deployment, damage: Damage) -> list[Repair]:
    """Ask the audit bucket and the payment provider what has happened since the copy."""
    since, until = damage.look_from, datetime.now(UTC)
    if since is None:
        return []
    wanted = {each.order.order_id for each in damage.damaged}
    events = [
        event
        for event in events_in_bucket(
            deployment.s3, deployment.audit_bucket_name, since=since, until=until
        )
        if event.order_id in wanted
    ]
    asked_about = lacking_intents(damage, events)
    records = deployment.payment_records.money(since, until + CLOCKS_DIFFER) if asked_about else ()
    return plan(damage, events, intents_of(asked_about, records))


def _put_back(deployment: Deployment, repairs: list[Repair]) -> int:
    """Put orders back, and return how many could not be."""
    restoring = Restoring(
        deployment.dynamodb,
        deployment.orders_table_name,
        claims=deployment.claims,
        topic=deployment.topic,
    )
    failures = 0
    for repair in repairs:
        order_id = repair.order.order_id
        if not restoring.put_back(repair, at=datetime.now(UTC)):
            complain(f"not put back: order {order_id}: somebody else has written it meanwhile")
            failures += 1
        elif refused := restoring.publish(repair.order):
            complain(
                f"put back, and refused by the topic: {', '.join(sorted(refused))}: "
                f"run orderctl republish {order_id}"
            )
            failures += 1
    return failures


def _print_untouched(damage: Damage, copy: str) -> None:
    for order_id in damage.unreadable:
        complain(f"not put back: order {order_id} cannot be read in {copy} either")
    for order_id in damage.expired:
        say(f"left out: order {order_id} was kept for as long as orders are")
    for order_id in damage.older:
        say(f"not touched: order {order_id} can be read, and is older than in {copy}")


def _print(repairs: list[Repair]) -> None:
    shown = table(
        "order", "in the table", "put back as", "from the bucket", "to happen again", ids=("order",)
    )
    for repair in repairs:
        shown.add_row(
            repair.order.order_id,
            "missing" if repair.damaged.item is None else "cannot be read",
            f"#{repair.order.version} {repair.order.status}",
            _named(repair.forward.recorded),
            _named(repair.forward.left),
        )
    console.print(shown)


def _named(events: "Iterable[OrderEvent]") -> str:
    """Name events, with the parcel or refund that has to be sent again."""
    return ", ".join(
        " ".join(
            [f"#{event.version} {event.event_type}"]
            + [str(event.detail[name]) for name in ("parcelId", "refundId") if name in event.detail]
        )
        for event in events
    )
