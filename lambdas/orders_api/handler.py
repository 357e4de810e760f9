"""Entry point of orders-api."""

from http import HTTPStatus

from order_pipeline.adapters.clients import dynamodb
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.ports import OrderNotFoundError
from orders_api.views import order_view


class Settings(FunctionSettings):
    """The function's settings."""

    orders_table_name: str


orders = OrdersTable(dynamodb(), Settings.from_environment().orders_table_name)


def get_order(request: Request) -> Response:
    """Answer with the order and its history."""
    order_id = request.id("orderId")
    try:
        return Response(HTTPStatus.OK, order_view(orders.get(order_id)))
    except OrderNotFoundError:
        raise ProblemError(ProblemType.NOT_FOUND, f"There is no order {order_id}.") from None


handler = api_handler({("GET", "/orders/{orderId}"): get_order})
