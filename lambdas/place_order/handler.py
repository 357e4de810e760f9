"""Entry point of place-order."""

import os
from http import HTTPStatus

from order_pipeline.adapters.clients import dynamodb
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.api.models import Links, PlaceOrderRequest, PlaceOrderResponse
from order_pipeline.transitions import Status
from place_order.placement import place_order


class Settings(FunctionSettings):
    """The function's settings."""

    orders_table_name: str
    default_payment_method: str = ""


settings = Settings.from_environment()
orders = OrdersTable(dynamodb(), settings.orders_table_name)


def place(request: Request) -> Response:
    """Accept an order; the answer is the same however far it has come since."""
    order = place_order(
        request.model(PlaceOrderRequest),
        idempotency_key=request.headers.get("idempotency-key"),
        default_payment_method=settings.default_payment_method,
        trace_header=os.environ.get("_X_AMZN_TRACE_ID"),
        orders=orders,
    )
    link = f"/orders/{order.order_id}"
    return Response(
        HTTPStatus.ACCEPTED,
        PlaceOrderResponse(
            order_id=order.order_id,
            status=Status.PLACED,
            message="The order is accepted and on its way.",
            links=Links(self=link),
        ),
        {"Location": link},
    )


handler = api_handler({("POST", "/orders"): place})
