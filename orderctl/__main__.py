"""What an operator does to a deployment. ENVIRONMENT says which one (default: local)."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from order_pipeline.events import events_since
from order_pipeline.order import Order
from order_pipeline.ports import OrderNotFoundError
from order_pipeline.stored import rfc3339
from order_pipeline.transitions import EventType
from orderctl.audit import compare, events_in_bucket
from orderctl.deployment import Deployment
from orderctl.erasure import KEPT_ELSEWHERE, erase_customer, not_in_the_table

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console()
errors = Console(stderr=True)

OrderId = Annotated[str, typer.Argument(help="The order's id.")]


@app.command()
def audit(order_id: OrderId) -> None:
    """Rebuild an order's history from the audit bucket and compare it with the table.

    Exits with 1 when the two differ.
    """
    deployment = Deployment.from_environment()
    order = _order(deployment, order_id)
    events = events_in_bucket(
        deployment.s3,
        deployment.audit_bucket_name,
        since=order.placed_at,
        until=order.history[-1].at,
    )
    comparison = compare(order, events)
    table = Table("version", "event", "at", "detail", title=f"{order_id} in the audit bucket")
    for event in comparison.events:
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
        table.add_row(str(event.version), event.event_type, rfc3339(event.occurred_at), detail)
    console.print(table)
    for event in comparison.missing:
        errors.print(f"not in the bucket: {event.event_id} {event.event_type}")
    for event in comparison.different:
        errors.print(f"not in the table: {event.event_id} {event.event_type}")
    if not comparison.agrees:
        raise typer.Exit(1)
    console.print(f"The table has the same {len(comparison.events)} events.")


@app.command()
def republish(
    order_id: OrderId,
    event: Annotated[
        EventType | None, typer.Option(help="Only events of this type; all, if not given.")
    ] = None,
) -> None:
    """Publish an order's events again, from its history. Stages are idempotent: it is safe."""
    deployment = Deployment.from_environment()
    events = [
        each
        for each in events_since(0, _order(deployment, order_id))
        if event in (None, each.event_type)
    ]
    refused = deployment.topic.publish(events)
    for each in events:
        outcome = "refused by the topic" if each.event_id in refused else "published"
        console.print(f"{each.event_id} {each.event_type}: {outcome}")
    if refused or not events:
        raise typer.Exit(1)


@app.command()
def erase(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a customer's personal data, and say what is kept and why.

    Exits with 1 when there is, or may be, an order of theirs outside the table: erase again then.
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
        orders=deployment.orders,
        client=deployment.dynamodb,
        table_name=deployment.orders_table_name,
    )
    for order_id in erasure.erased:
        console.print(f"erased: order {order_id}")
    for order_id, reason in erasure.kept.items():
        console.print(f"kept: order {order_id}, because {reason}")
    for sentence in outside:
        errors.print(f"not erased: {sentence}")
    for reason in KEPT_ELSEWHERE:
        console.print(reason)
    if outside:
        raise typer.Exit(1)


def _order(deployment: Deployment, order_id: str) -> Order:
    try:
        return deployment.orders.get(order_id)
    except OrderNotFoundError:
        errors.print(f"There is no order {order_id} in {deployment.names.suffix}.")
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
