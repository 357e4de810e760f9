"""Entry point of place-order."""

from http import HTTPStatus

from order_pipeline.adapters.clients import dynamodb, sqs
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.intake import IntakeTable, OverflowQueue
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.adapters.trace_headers import header_of_invocation, sampled_header
from order_pipeline.adapters.tracing import annotate, order_segment
from order_pipeline.api.fields import Links
from order_pipeline.api.placing import PlaceOrderRequest, PlaceOrderResponse
from order_pipeline.api.problems import ProblemError
from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import Status
from place_order.placement import Acceptance, place_order


class Settings(FunctionSettings):
    """The function's settings."""

    orders_table_name: str
    intake_overflow_queue_url: str
    default_payment_method: str = ""


settings = Settings.from_environment()
orders = IntakeTable(OrdersTable(dynamodb(), settings.orders_table_name))
overflow = OverflowQueue(sqs, settings.intake_overflow_queue_url)

# While Lambda starts the function, with the whole processor, and not in somebody's first request.
for model in (PlaceOrderRequest, PlaceOrderResponse, Order):
    model.model_rebuild()

STORED = "The order has been accepted."
DEFERRED = "The order has been accepted; it can be viewed once it is stored."


def place(request: Request) -> Response:
    """Accept an order; the answer is the same however far it has come since."""
    # The order's trace is that of the request.
    with order_segment(header_of_invocation(), answers=(ProblemError,)):
        acceptance = _accept(request)
        annotate(orderId=acceptance.order.order_id)
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


def _accept(request: Request) -> Acceptance:
    return place_order(
        request.model(PlaceOrderRequest),
        idempotency_key=request.headers.get("idempotency-key"),
        default_payment_method=settings.default_payment_method,
        trace_header=sampled_header(),
        orders=orders,
        overflow=overflow,
    )


handler = api_handler({("POST", "/orders"): place})
