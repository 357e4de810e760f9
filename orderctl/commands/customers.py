"""`orderctl erase`: a customer's personal data."""

from typing import Annotated

import typer

from orderctl.commands.options import AsJson, Yes
from orderctl.deployment import Deployment
from orderctl.erasure import KEPT_ELSEWHERE, Erasure, erase_customer, not_in_the_table
from orderctl.errors import FAILED, NOT_THERE
from orderctl.terminal import complain, confirm, emit, say


def erase(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase a customer's personal data, and say what is kept and why.

    Exits with 1 if one of their orders is, or may be, outside the table, or cannot be read: erase
    again later. Exits with 2 if they have no orders at all.
    """
    deployment = Deployment.from_environment()
    confirm(f"Erase {customer_id} in {deployment.names.suffix} for good?", yes=yes)
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
            f"{customer_id} has no orders in {deployment.names.suffix}: nothing was erased. "
            "Is the id right, or was the customer already erased?"
        )
        raise typer.Exit(NOT_THERE)
    for order_id in erasure.erased:
        say(f"erased: order {order_id}", aside=as_json)
    for order_id, reason in erasure.kept.items():
        say(f"kept: order {order_id}, because {reason}", aside=as_json)
    for order_id in erasure.unreadable:
        complain(
            f"kept: order {order_id}, because it cannot be read: put it back from a backup "
            "(docs/restore.md), then erase again"
        )
    for sentence in outside:
        complain(f"not erased: {sentence}")
    for reason in KEPT_ELSEWHERE:
        say(reason, aside=as_json)
    if as_json:
        emit(_document(customer_id, erasure, outside))
    if outside or erasure.unreadable:
        raise typer.Exit(FAILED)


def _document(customer_id: str, erasure: Erasure, outside: list[str]) -> dict[str, object]:
    return {
        "customerId": customer_id,
        "erased": erasure.erased,
        "kept": erasure.kept,
        "unreadable": erasure.unreadable,
        "notErased": outside,
        "keptElsewhere": KEPT_ELSEWHERE,
    }
