"""What is done with orders: `place`, `show`, `list`, `cancel`, `ship`, `deliver`, `refund`."""

import json
import sys
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.text import Text

from order_pipeline.domain.cancellation import CancelReason
from order_pipeline.domain.limits import MAX_PAGE
from order_pipeline.domain.transitions import Status
from orderctl import colours
from orderctl.api import Api, Json
from orderctl.commands.options import AsJson, Lines, OrderId, Units, Yes, units
from orderctl.deployment import Deployment
from orderctl.errors import FAILED
from orderctl.following import follow as follow_order
from orderctl.terminal import age, ask, confirm, console, emit, is_interactive, note, say, table
from orderctl.timeline import history_lines, money, timeline

_WENT_WELL = frozenset({Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED})


def place(
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="The request as JSON (docs/openapi.json), or - for standard input; you are asked "
            "for it, if not given.",
        ),
    ] = None,
    *,
    key: Annotated[
        str | None,
        typer.Option(help="The Idempotency-Key of an earlier attempt; a new one, if not given."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show what happens to it until it comes to rest.")
    ] = False,
    within: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="How long to follow it.")
    ] = 120,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Place an order: it is charged, and its customer notified, like any other.

    Placed again with the same key, it is the same order. With --follow, exits with 1 if the order
    ends up as anything but CONFIRMED, or takes too long.
    """
    request = _read(file) if file else _ask()
    deployment = Deployment.from_environment()
    lines = ", ".join(_told(line) for line in _list(request.get("items")))
    confirm(
        f"Place an order of {request.get('customerId')} in {deployment.names.suffix}: {lines}?",
        yes=yes,
    )
    headers = {}
    if "orderId" not in request:
        headers["Idempotency-Key"] = key or str(uuid4())
        note(f"To repeat this safely: --key {headers['Idempotency-Key']}")
    answer = deployment.api.call("placeOrder", request, headers=headers).body
    order_id = answer["orderId"]
    if not as_json:
        say(f"{order_id}: {answer['message']}")
    try:
        if follow:
            answer = _follow(deployment.api, order_id, within, as_json=as_json)
    finally:
        # It is placed, whatever came of following it.
        if as_json:
            emit(answer)
    if follow and answer["status"] not in _WENT_WELL:
        raise typer.Exit(FAILED)


def show(order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Show an order: its status, where its money and stock are, and how it got there."""
    order = Deployment.from_environment().api.call("getOrder", orderId=order_id).body
    if as_json:
        emit(order)
    else:
        console.print(timeline(order))


def list_orders(
    customer: Annotated[str, typer.Option(metavar="CUSTOMER", help="Whose orders to list.")],
    *,
    status: Annotated[Status | None, typer.Option(help="Only orders in this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number of orders.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List a customer's orders, newest first."""
    orders = _page_by_page(Deployment.from_environment().api, customer, status, limit)
    if as_json:
        emit(orders)
        return
    if not orders:
        say(f"{customer} has no orders{f' that are {status}' if status else ''}.")
        return
    shown = table("order", "status", "placed", "age", "total", ids=("order",))
    for order in orders:
        placed_at = datetime.fromisoformat(order["placedAt"])
        shown.add_row(
            order["orderId"],
            Text(order["status"], style=colours.of_status(order["status"])),
            order["placedAt"],
            age(placed_at),
            money(order.get("total"), order),
        )
    console.print(shown)


def cancel(
    order_id: OrderId,
    *,
    reason: Annotated[CancelReason, typer.Option(help="Why it is cancelled.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Cancel an order before its first parcel leaves; its stock and money are released."""
    deployment = Deployment.from_environment()
    confirm(f"Cancel {order_id} in {deployment.names.suffix}: {reason}?", yes=yes)
    answer = deployment.api.call("cancelOrder", {"reason": reason}, orderId=order_id).body
    _tell(answer, f"{order_id} is {answer['status']}: {answer['message']}", as_json=as_json)


def ship(
    order_id: OrderId,
    *,
    carrier: Annotated[str, typer.Option(help="Who delivers it.")],
    tracking: Annotated[str, typer.Option(metavar="NUMBER", help="The tracking number.")],
    parcel: Annotated[
        str | None, typer.Option(metavar="ID", help="The parcel's id; a new one, if not given.")
    ] = None,
    line: Lines = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Record a parcel leaving: everything that is left, or the units in --line.

    The customer's payment is taken with the first parcel.
    """
    deployment = Deployment.from_environment()
    what = _and(line) or "everything that is left"
    confirm(f"Ship {what} of {order_id} in {deployment.names.suffix}?", yes=yes)
    parcel_id = parcel or _new_id("parcel")
    if parcel is None:
        note(f"To repeat this safely: --parcel {parcel_id}")
    request: Json = {"parcelId": parcel_id, "carrier": carrier, "trackingNumber": tracking}
    if line:
        request["lines"] = [each.as_request for each in line]
    answer = deployment.api.call("shipParcel", request, orderId=order_id).body
    inside = ", ".join(f"{each['quantity']} of {each['itemId']}" for each in answer["lines"])
    _tell(answer, f"{parcel_id} of {order_id} has left: {inside}.", as_json=as_json)


def deliver(
    order_id: OrderId,
    parcel: Annotated[str, typer.Argument(metavar="PARCEL", help="The parcel's id.")],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Record a parcel's arrival; with the last one, the order is DELIVERED."""
    deployment = Deployment.from_environment()
    confirm(f"Record that {parcel} of {order_id} arrived in {deployment.names.suffix}?", yes=yes)
    answer = deployment.api.call("deliverParcel", orderId=order_id, parcelId=parcel).body
    _tell(answer, f"{parcel} of {order_id} arrived at {answer['deliveredAt']}.", as_json=as_json)


def refund(
    order_id: OrderId,
    *,
    amount: Annotated[
        str | None, typer.Option(help="In the order's currency, such as 10.00; or use --line.")
    ] = None,
    line: Lines = None,
    restock: Annotated[
        bool, typer.Option("--restock", help="Put the units in --line back into stock.")
    ] = False,
    refund_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The refund's id; a new one, if not given.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Refund an amount, or what some units cost. Never more than was taken."""
    if (amount is None) == (not line):
        raise typer.BadParameter("give either --amount, or --line for what is refunded.")
    if restock and not line:
        raise typer.BadParameter("--restock goes with --line.")
    deployment = Deployment.from_environment()
    what = amount or f"what {_and(line)} cost"
    confirm(f"Refund {what} on {order_id} in {deployment.names.suffix}?", yes=yes)
    if refund_id is None:
        refund_id = _new_id("refund")
        note(f"To repeat this safely: --refund-id {refund_id}")
    request: Json = {"refundId": refund_id}
    if line:
        request |= {"lines": [each.as_request for each in line], "restock": restock}
    else:
        request["amount"] = amount
    answer = deployment.api.call("refundOrder", request, orderId=order_id).body
    said = f"{refund_id} of {order_id}: {answer['amount']} will be refunded."
    _tell(answer, said, as_json=as_json)


def _tell(answer: Json, said: str, *, as_json: bool) -> None:
    if as_json:
        emit(answer)
    else:
        say(said)


def _read(file: Path) -> Json:
    try:
        request = json.loads(_bytes(file))
    except OSError as error:
        raise typer.BadParameter(
            f"{file} cannot be read: {error.strerror}.", param_hint="--file"
        ) from None
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}.", param_hint="--file") from None
    if not isinstance(request, dict):
        raise typer.BadParameter(f"{file} is not a JSON object.", param_hint="--file")
    return request


def _bytes(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _ask() -> Json:
    if not is_interactive():
        raise typer.BadParameter("there is no terminal to ask on: use --file.", param_hint="--file")
    customer_id = ask("Customer", read=str)
    lines: list[Units] = []
    while True:
        more = ask(
            "Item and quantity, such as ITEM-001=2" + (" (empty to finish)" if lines else ""),
            default="" if lines else None,
            read=lambda text: units(text) if text else None,
        )
        if more is None:
            return {"customerId": customer_id, "items": [line.as_request for line in lines]}
        lines.append(more)


def _follow(api: Api, order_id: str, within: int, *, as_json: bool) -> Json:
    """Show what happens to an order until it is at rest, and return it."""
    told = 0
    order: Json = {}
    for order in follow_order(api, order_id, within_seconds=within):
        if not as_json:
            for line in history_lines(order, told):
                console.print(line, soft_wrap=True)
        told = len(order["history"])
    if not as_json:
        console.print(
            Text.assemble(
                f"{order_id} is ",
                (order["status"], colours.of_status(order["status"])),
                f", {money(order.get('total'), order)}.",
            ),
            soft_wrap=True,
        )
    return order


def _page_by_page(api: Api, customer: str, status: Status | None, limit: int) -> list[Json]:
    orders: list[Json] = []
    query = {"status": status.value} if status else {}
    while True:
        query["limit"] = str(min(limit - len(orders), MAX_PAGE))
        page = api.call("listCustomerOrders", query=query, customerId=customer).body
        orders += page["orders"]
        if len(orders) >= limit or "cursor" not in page:
            return orders
        query["cursor"] = page["cursor"]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _told(line: object) -> str:
    """Return a line of a request as a question names it, whatever the request has there."""
    if isinstance(line, dict):
        return f"{line.get('quantity')} of {line.get('itemId')}"
    return str(line)


def _and(lines: list[Units] | None) -> str:
    return " and ".join(map(str, lines or ()))


def _new_id(kind: str) -> str:
    return f"{kind}-{token_hex(4)}"
