"""Entry point of place-order."""

import os
from http import HTTPStatus

from order_pipeline.adapters.clients import dynamodb, sqs
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.intake import IntakeTable, OverflowQueue
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.api.models import Links, PlaceOrderRequest, PlaceOrderResponse
from order_pipeline.transitions import Status
from place_order.placement import place_order


class Settings(FunctionSettings):
    """The function's settings."""

    orders_table_name: str
    intake_overflow_queue_url: str
    default_payment_method: str = ""


settings = Settings.from_environment()
orders = IntakeTable(OrdersTable(dynamodb(), settings.orders_table_name))
overflow = OverflowQueue(sqs(), settings.intake_overflow_queue_url)

STORED = "The order is accepted and on its way."
DEFERRED = "The order is accepted; it can be looked at as soon as it is stored."


def place(request: Request) -> Response:
    """Accept an order; the answer is the same however far it has come since."""
    acceptance = place_order(
        request.model(PlaceOrderRequest),
        idempotency_key=request.headers.get("idempotency-key"),
        default_payment_method=settings.default_payment_method,
        trace_header=os.environ.get("_X_AMZN_TRACE_ID"),
        orders=orders,
        overflow=overflow,
    )
    order_id = acceptance.order.order_id
    link = request.reference(f"/orders/{order_id}")
    return Response(
        HTTPStatus.ACCEPTED,
        PlaceOrderResponse(
            order_id=order_id,
            status=Status.PLACED,
            deferred=acceptance.deferred or None,
            message=DEFERRED if acceptance.deferred else STORED,
            links=Links(self=link),
        ),
        {"Location": link},
    )


handler = api_handler({("POST", "/orders"): place})
