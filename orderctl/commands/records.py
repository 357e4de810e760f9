"""What happened to orders: `audit`, `republish`, `overdue` and `books`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import OrderNotFoundError
from order_pipeline.domain.stored import now, rfc3339
from order_pipeline.domain.transitions import EventType
from orderctl.audit import Comparison, compare_with_bucket, events_in_bucket, late_events
from orderctl.books import OrderBook, check_orders, check_stock, not_recorded
from orderctl.commands.options import AsJson, OrderId, Since, Until
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, NOT_THERE
from orderctl.overdue import look_at_overdue
from orderctl.republishing import Republished, all_items, republish_span
from orderctl.terminal import age, check_span, complain, console, emit, say, table

_ON_ITS_WAY_TO_THE_BUCKET = timedelta(minutes=5)
"""Firehose holds events back for a minute, and the publisher may have to retry."""


def audit(order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Rebuild an order's history from the audit bucket and compare it with the table.

    Exits with 1 when the two differ.
    """
    deployment = Deployment.from_environment()
    order = _order(deployment, order_id)
    comparison = compare_with_bucket(order, deployment.s3, deployment.audit_bucket_name, now=now())
    if as_json:
        emit(_comparison(order_id, comparison))
    else:
        _print(order_id, comparison)
    if not comparison.agrees:
        raise typer.Exit(FAILED)


def _comparison(order_id: str, comparison: Comparison) -> dict[str, object]:
    return {
        "orderId": order_id,
        "agrees": comparison.agrees,
        "events": event_documents(comparison.events),
        "notInTheBucket": event_documents(comparison.missing),
        "notInTheTable": event_documents(comparison.different),
    }


def event_documents(events: Iterable[OrderEvent]) -> list[dict[str, object]]:
    """Return events as the documents of commands tell them."""
    return [
        {
            "version": event.version,
            "event": event.event_type,
            "at": rfc3339(event.occurred_at),
            "detail": dict(event.detail),
        }
        for event in events
    ]


def _print(order_id: str, comparison: Comparison) -> None:
    shown = table("version", "event", "at", "detail", title=f"{order_id} in the audit bucket")
    for event in comparison.events:
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
        shown.add_row(str(event.version), event.event_type, rfc3339(event.occurred_at), detail)
    console.print(shown)
    for event in comparison.missing:
        complain(f"not in the bucket: {event.event_id} {event.event_type}")
    for event in comparison.different:
        complain(f"not in the table: {event.event_id} {event.event_type}")
    if comparison.agrees:
        say(f"The table has the same {len(comparison.events)} events.")


def republish(
    order_id: Annotated[str | None, typer.Argument(metavar="ORDER", help="The order's id.")] = None,
    *,
    event: Annotated[
        EventType | None, typer.Option(help="Only events of this type; all, if not given.")
    ] = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Publish events again, from the orders' histories. Stages are idempotent, so this is safe.

    One order's events, or with --since all that happened to any order from then on (until
    --until, or now).
    """
    if (order_id is None) == (since is None):
        raise typer.BadParameter("name an order, or a span of time with --since.")
    if since is not None:
        done = _republish_span(event, since, until or datetime.now(UTC), as_json=as_json)
    elif order_id is None or until is not None:
        raise typer.BadParameter("--until goes with --since.")
    else:
        done = _republish_order(order_id, event, as_json=as_json)
    if as_json:
        emit(
            {
                "published": done.published,
                "orders": len(done.orders),
                "refused": done.refused,
                "unreadable": done.unreadable,
            }
        )
    if not done.is_complete:
        raise typer.Exit(FAILED)


def _republish_order(order_id: str, event: EventType | None, *, as_json: bool) -> Republished:
    deployment = Deployment.from_environment()
    events = [
        each
        for each in events_since(0, _order(deployment, order_id))
        if event in (None, each.event_type)
    ]
    if not events:
        complain(f"Nothing was published: order {order_id} has no {event}.")
        raise typer.Exit(NOT_THERE)
    refused = deployment.topic.publish(events)
    for each in events:
        outcome = "refused by the topic" if each.event_id in refused else "published"
        say(f"{each.event_id} {each.event_type}: {outcome}", aside=as_json)
    return Republished({order_id}, len(events) - len(refused), sorted(refused))


def _republish_span(
    event: EventType | None, since: datetime, until: datetime, *, as_json: bool
) -> Republished:
    check_span(since, until)
    deployment = Deployment.from_environment()
    done = republish_span(
        all_items(deployment.dynamodb, deployment.orders_table_name),
        deployment.topic,
        since=since,
        until=until,
        only=event,
    )
    for order_id in done.unreadable:
        complain(f"not published: order {order_id} cannot be read")
    for event_id in done.refused:
        complain(f"refused by the topic: {event_id}")
    say(
        f"{done.published} events of {len(done.orders)} orders published, "
        f"{len(done.refused)} refused, {len(done.unreadable)} orders unreadable.",
        aside=as_json,
    )
    return done


def overdue(*, as_json: AsJson = False) -> None:
    """List the open orders that are overdue, the longest overdue first."""
    deployment = Deployment.from_environment()
    found = look_at_overdue(
        deployment.orders.overdue(datetime.now(UTC)),
        deployment.dynamodb,
        deployment.orders_table_name,
    )
    if as_json:
        emit(
            [
                {
                    "orderId": order.order_id,
                    "status": order.status,
                    "dueAt": rfc3339(order.due_at),
                    "lastEvent": order.last_event,
                    "lastEventAt": rfc3339(order.last_event_at) if order.last_event_at else None,
                }
                for order in found
            ]
        )
        return
    if not found:
        say("No open orders are overdue.")
        return
    shown = table("order", "status", "due since", "last event", "at", ids=("order",))
    for order in found:
        at = rfc3339(order.last_event_at) if order.last_event_at else "-"
        due = f"{rfc3339(order.due_at)} ({age(order.due_at)})"
        shown.add_row(order.order_id, order.status, due, order.last_event, at)
    console.print(shown)


def books(since: Since = None, until: Until = None, *, as_json: AsJson = False) -> None:
    """Compare all orders with the audit bucket, and the stock with the orders.

    The bucket is read for the given span: from a day ago to five minutes ago, if not given. An
    event of the span that is missing is looked for up to now: it may have been published late.
    Exits with 1 on any difference; orders in progress may show up as one.
    """
    until = until or datetime.now(UTC) - _ON_ITS_WAY_TO_THE_BUCKET
    since = since or until - timedelta(days=1)
    check_span(since, until)
    deployment = Deployment.from_environment()
    events = list(
        events_in_bucket(deployment.s3, deployment.audit_bucket_name, since=since, until=until)
    )
    book = OrderBook.read(all_items(deployment.dynamodb, deployment.orders_table_name))
    events += late_events(
        deployment.s3,
        deployment.audit_bucket_name,
        not_recorded(book, events, since=since, until=until),
        until=until,
        now=now(),
    )
    stock = all_items(deployment.dynamodb, deployment.inventory_table_name)
    differences = [
        *check_orders(book, events, since=since, until=until),
        *check_stock(book, stock),
    ]
    event_count = len({event.event_id for event in events})
    if as_json:
        emit(
            {
                "since": rfc3339(since),
                "until": rfc3339(until),
                "orders": len(book.orders),
                "events": event_count,
                "differences": [
                    {"book": each.book, "about": each.about, "difference": each.what}
                    for each in differences
                ],
            }
        )
    elif differences:
        shown = table("book", "about", "difference", ids=("about",))
        for each in differences:
            shown.add_row(each.book, each.about, each.what)
        console.print(shown)
        complain(f"{len(differences)} differences.")
    else:
        say(
            f"The books agree: {len(book.orders)} orders, "
            f"{event_count} events since {rfc3339(since)}."
        )
    if differences:
        raise typer.Exit(FAILED)


def _order(deployment: Deployment, order_id: str) -> Order:
    try:
        return deployment.orders.get(order_id)
    except OrderNotFoundError:
        complain(f"There is no order {order_id} in {deployment.names.suffix}.")
        raise typer.Exit(NOT_THERE) from None
    except ValidationError:
        complain(
            f"Order {order_id} cannot be read: what the table has is not an order. "
            "docs/restore.md says how to put it back."
        )
        raise typer.Exit(FAILED) from None
