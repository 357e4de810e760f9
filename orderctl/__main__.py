"""What an operator does to a deployment. ENVIRONMENT says which one (default: local)."""

import getpass
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from order_pipeline.events import events_since
from order_pipeline.order import Order
from order_pipeline.ports import OrderNotFoundError
from order_pipeline.stored import now, rfc3339
from order_pipeline.transitions import EventType
from orderctl import dlq, restore, rollback
from orderctl.audit import compare_with_bucket, events_in_bucket, late_events
from orderctl.books import OrderBook, check_orders, check_stock, not_recorded
from orderctl.deployment import Deployment
from orderctl.erasure import KEPT_ELSEWHERE, erase_customer, not_in_the_table
from orderctl.overdue import look_at_overdue
from orderctl.preflight import State, look
from orderctl.republishing import all_items, republish_span
from orderctl.stages import StageError, StageName
from orderctl.terminal import age, check_span, complain, console, moment, say, table
from stacks.settings import Settings, SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(dlq.app, name="dlq")
app.command(name="restore")(restore.restore)
app.command(name="rollback")(rollback.rollback)
app.command(name="versions")(rollback.versions)

_ON_ITS_WAY_TO_THE_BUCKET = timedelta(minutes=5)
"""Firehose holds events back for a minute, and the publisher may have to retry."""

OrderId = Annotated[str, typer.Argument(help="The order's id.")]
Stage = Annotated[StageName, typer.Argument(help="The stage.", metavar="STAGE")]
Since = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="TIME", help="RFC 3339, inclusive.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="TIME", help="RFC 3339, exclusive.")
]


@app.command()
def audit(order_id: OrderId) -> None:
    """Rebuild an order's history from the audit bucket and compare it with the table.

    Exits with 1 when the two differ.
    """
    deployment = Deployment.from_environment()
    order = _order(deployment, order_id)
    comparison = compare_with_bucket(order, deployment.s3, deployment.audit_bucket_name, now=now())
    shown = table("version", "event", "at", "detail", title=f"{order_id} in the audit bucket")
    for event in comparison.events:
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
        shown.add_row(str(event.version), event.event_type, rfc3339(event.occurred_at), detail)
    console.print(shown)
    for event in comparison.missing:
        complain(f"not in the bucket: {event.event_id} {event.event_type}")
    for event in comparison.different:
        complain(f"not in the table: {event.event_id} {event.event_type}")
    if not comparison.agrees:
        raise typer.Exit(1)
    say(f"The table has the same {len(comparison.events)} events.")


@app.command()
def republish(
    order_id: Annotated[str | None, typer.Argument(help="The order's id.")] = None,
    *,
    event: Annotated[
        EventType | None, typer.Option(help="Only events of this type; all, if not given.")
    ] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Publish events again, from the orders' histories. Stages are idempotent: it is safe.

    One order's events, or with --since all that happened to any order from then on (until
    --until, or now).
    """
    if (order_id is None) == (since is None):
        raise typer.BadParameter("name an order, or a span of time with --since.")
    if since is not None:
        _republish_span(event, since, until or datetime.now(UTC))
        return
    if order_id is None or until is not None:
        raise typer.BadParameter("--until goes with --since.")
    deployment = Deployment.from_environment()
    events = [
        each
        for each in events_since(0, _order(deployment, order_id))
        if event in (None, each.event_type)
    ]
    if not events:
        complain(f"Nothing was published: order {order_id} has no {event}.")
        raise typer.Exit(1)
    refused = deployment.topic.publish(events)
    for each in events:
        outcome = "refused by the topic" if each.event_id in refused else "published"
        say(f"{each.event_id} {each.event_type}: {outcome}")
    if refused:
        raise typer.Exit(1)


def _republish_span(event: EventType | None, since: datetime, until: datetime) -> None:
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
        f"{len(done.refused)} refused, {len(done.unreadable)} orders unreadable."
    )
    if not done.is_complete:
        raise typer.Exit(1)


@app.command()
def pause(stage: Stage) -> None:
    """Pause a stage: its queue keeps what is for it for a week, and the stream for a day.

    While payment is paused, the reconciler cancels orders that have been RESERVED for more than
    six hours, if their payment was never begun. It renews no payment's hold, and does not
    compare the provider's records with the orders.
    """
    try:
        Deployment.from_environment().stage(stage).pause(_operator())
    except StageError as error:
        complain(error)
        raise typer.Exit(1) from None
    say(f"{stage} is paused.")


@app.command()
def resume(stage: Stage) -> None:
    """Resume a stage that was paused, by hand or by its circuit breaker."""
    try:
        Deployment.from_environment().stage(stage).resume()
    except StageError as error:
        complain(error)
        raise typer.Exit(1) from None
    say(f"{stage} is working.")


@app.command()
def overdue() -> None:
    """List the open orders that are past their due, the one that waits longest first."""
    deployment = Deployment.from_environment()
    found = look_at_overdue(
        deployment.orders.overdue(datetime.now(UTC)),
        deployment.dynamodb,
        deployment.orders_table_name,
    )
    if not found:
        say("No open order is past its due.")
        return
    shown = table("order", "status", "due since", "last event", "at", ids=("order",))
    for order in found:
        at = rfc3339(order.last_event_at) if order.last_event_at else "-"
        due = f"{rfc3339(order.due_at)} ({age(order.due_at)})"
        shown.add_row(order.order_id, order.status, due, order.last_event, at)
    console.print(shown)


@app.command()
def books(since: Since = None, until: Until = None) -> None:
    """Compare all orders with the audit bucket, and the stock with the orders.

    The span is what the bucket is read for: from a day ago to five minutes ago, if not given.
    An event of the span that is not there is looked for up to now: it may have been published
    late. Exits with 1 on any difference; orders that are on their way may show as one.
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
    if differences:
        shown = table("book", "about", "difference", ids=("about",))
        for each in differences:
            shown.add_row(each.book, each.about, each.what)
        console.print(shown)
        complain(f"{len(differences)} differences.")
        raise typer.Exit(1)
    say(
        f"The books agree: {len(book.orders)} orders, "
        f"{len({event.event_id for event in events})} events since {rfc3339(since)}."
    )


@app.command()
def preflight() -> None:
    """Say what the account of ENVIRONMENT still lacks: quotas, sandboxes, bootstrap, the secret.

    Exits with 1 when there is something to do, and with 3 when all that could be read is well, but
    something could not.
    """
    deployment = Deployment.from_environment()
    told = {
        "AWS_ACCOUNT_ID": deployment.names.account_id,
        **{name: value for name, value in os.environ.items() if value},
    }
    try:
        settings = Settings.from_environment(told)
    except SettingsError as error:
        complain(error)
        raise typer.Exit(2) from None
    states = set()
    for finding in look(deployment, settings):
        states.add(finding.state)
        say(f"{finding.state:6} {finding.check}: {finding.found}")
        if finding.to_do:
            say(f"{'':6} {finding.to_do}")
    if State.TO_DO in states:
        raise typer.Exit(1)
    if State.UNREAD in states:
        raise typer.Exit(3)


@app.command()
def erase(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a customer's personal data, and say what is kept and why.

    Exits with 1 when there is, or may be, an order of theirs outside the table, or one that cannot
    be read: erase again then.
    Exits with 2 when there is no order of theirs at all.
    """
    deployment = Deployment.from_environment()
    if not yes:
        typer.confirm(f"Erase {customer_id} in {deployment.names.suffix} for good?", abort=True)
    outside = [
        sentence
        for queue_url in deployment.whole_order_queue_urls
        for sentence in not_in_the_table(customer_id, client=deployment.sqs, queue_url=queue_url)
    ]
    erasure = erase_customer(
        customer_id,
        client=deployment.dynamodb,
        table_name=deployment.orders_table_name,
        notes=deployment.erased,
    )
    if not (erasure.erased or erasure.kept or erasure.unreadable or outside):
        complain(
            f"There are no orders of {customer_id} in {deployment.names.suffix}: "
            "nothing was erased. Is the id right, or was the customer erased before?"
        )
        raise typer.Exit(2)
    for order_id in erasure.erased:
        say(f"erased: order {order_id}")
    for order_id, reason in erasure.kept.items():
        say(f"kept: order {order_id}, because {reason}")
    for order_id in erasure.unreadable:
        complain(
            f"kept: order {order_id}, because it cannot be read: put it back from a backup "
            "(docs/restore.md), and erase again"
        )
    for sentence in outside:
        complain(f"not erased: {sentence}")
    for reason in KEPT_ELSEWHERE:
        say(reason)
    if outside or erasure.unreadable:
        raise typer.Exit(1)


def _order(deployment: Deployment, order_id: str) -> Order:
    try:
        return deployment.orders.get(order_id)
    except OrderNotFoundError:
        complain(f"There is no order {order_id} in {deployment.names.suffix}.")
        raise typer.Exit(2) from None
    except ValidationError:
        complain(
            f"Order {order_id} cannot be read: what the table has is no order. "
            "docs/restore.md says how to put it back."
        )
        raise typer.Exit(1) from None


def _operator() -> str:
    """Return who is at the terminal, for those who wonder why a stage is paused."""
    try:
        return getpass.getuser()
    except OSError:
        return "operator"


def main() -> None:
    """Run a command; what AWS refuses is an error for a person, not a traceback."""
    try:
        app()
    except (BotoCoreError, ClientError) as error:
        complain(error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
