"""`orderctl restore`: orders that were lost or spoilt, back from a copy of the orders table."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from order_pipeline.domain.ports import PaymentOutcomeUnknownError
from orderctl.audit import events_in_bucket
from orderctl.commands.options import AsJson
from orderctl.commands.records import event_documents
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, NOT_THERE
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
from orderctl.terminal import complain, display, emit, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from order_pipeline.domain.events import OrderEvent


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
    as_json: AsJson = False,
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
    _print_untouched(damage, copy, aside=as_json)
    try:
        repairs = _plan(deployment, damage)
    except PaymentOutcomeUnknownError as error:
        complain(f"the payment provider did not say which payments there are ({error}): try again")
        raise typer.Exit(FAILED) from None
    failed = _look_through(repairs, aside=as_json)
    wanted = [repair for repair in repairs if not repair.is_held_back]
    if not repairs:
        say("There is nothing to put back.", aside=as_json)
    elif dry_run:
        say(f"{len(wanted)} orders would be put back. Nothing was changed.", aside=as_json)
    else:
        failed |= _put_back(deployment, wanted)
        put_back = len(repairs) - len(failed)
        say(f"{put_back} orders put back, {len(failed)} failed.", aside=as_json)
    if as_json:
        emit({"from": copy, "dryRun": dry_run, **_document(damage, repairs, failed)})
    if failed or damage.unreadable:
        raise typer.Exit(FAILED)


def _check_exists(deployment: Deployment, copy: str) -> None:
    """Read one item of the copy: whoever may do that may read all of it."""
    try:
        deployment.dynamodb.scan(TableName=copy, Limit=1)
    except deployment.dynamodb.exceptions.ResourceNotFoundException:
        complain(f"There is no table {copy}.")
        raise typer.Exit(NOT_THERE) from None


def _plan(deployment: Deployment, damage: Damage) -> list[Repair]:
    """Ask the audit bucket and the payment provider what has happened since the copy."""
    since, until = damage.look_from, datetime.now(UTC)
    if since is None or not damage.damaged:
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


def _look_through(repairs: list[Repair], *, aside: bool) -> dict[str, str]:
    """Show what is to be put back; return the orders that are held back, and why."""
    if repairs:
        _print(repairs, aside=aside)
    held_back = {
        repair.order.order_id: "it has ended, or its customer was erased, and the bucket does "
        f"not have all of it: {_named(repair.forward.left) or '-'}"
        for repair in repairs
        if repair.is_held_back
    }
    for order_id, reason in held_back.items():
        complain(f"not put back: order {order_id}: {reason}")
    return held_back


def _put_back(deployment: Deployment, repairs: list[Repair]) -> dict[str, str]:
    """Put orders back; return those of which not all went well, and why."""
    restoring = Restoring(
        deployment.dynamodb,
        deployment.orders_table_name,
        claims=deployment.claims,
        topic=deployment.topic,
    )
    failed = {}
    for repair in repairs:
        order_id = repair.order.order_id
        if not restoring.put_back(repair, at=datetime.now(UTC)):
            failed[order_id] = "somebody else has written it in the meantime"
            complain(f"not put back: order {order_id}: {failed[order_id]}")
        elif refused := restoring.publish(repair.order):
            failed[order_id] = (
                f"put back, but refused by the topic: {', '.join(sorted(refused))}: "
                f"run orderctl republish {order_id}"
            )
            complain(failed[order_id])
    return failed


def _print_untouched(damage: Damage, copy: str, *, aside: bool) -> None:
    for order_id in damage.unreadable:
        complain(f"not put back: order {order_id} cannot be read in {copy} either")
    for order_id in damage.expired:
        say(f"left out: order {order_id} is past its retention time", aside=aside)
    for order_id in damage.older:
        say(f"not touched: order {order_id} can be read, but is older than in {copy}", aside=aside)


def _print(repairs: list[Repair], *, aside: bool) -> None:
    shown = table(
        "order", "in the table", "put back as", "from the bucket", "to happen again", ids=("order",)
    )
    for repair in repairs:
        shown.add_row(
            repair.order.order_id,
            _found(repair),
            f"#{repair.order.version} {repair.order.status}",
            _named(repair.forward.recorded),
            _named(repair.forward.left),
        )
    display(shown, aside=aside)


def _document(
    damage: Damage, repairs: list[Repair], failed: Mapping[str, str]
) -> dict[str, object]:
    return {
        "orders": [
            {
                "orderId": repair.order.order_id,
                "inTheTable": _found(repair),
                "version": repair.order.version,
                "status": repair.order.status,
                "fromTheBucket": event_documents(repair.forward.recorded),
                "toHappenAgain": event_documents(repair.forward.left),
            }
            for repair in repairs
        ],
        "failed": failed,
        "unreadable": damage.unreadable,
        "expired": damage.expired,
        "older": damage.older,
    }


def _found(repair: Repair) -> str:
    """Return what the table has of an order."""
    return "missing" if repair.damaged.item is None else "cannot be read"


def _named(events: "Iterable[OrderEvent]") -> str:
    """Name events, with the parcel or refund that has to be sent again."""
    return ", ".join(
        " ".join(
            [f"#{event.version} {event.event_type}"]
            + [str(event.detail[name]) for name in ("parcelId", "refundId") if name in event.detail]
        )
        for event in events
    )
