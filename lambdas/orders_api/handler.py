"""Entry point of orders-api."""

from http import HTTPStatus

from order_pipeline.adapters.clients import dynamodb
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.api.changing import CancelOrderRequest, RefundOrderRequest, ShipParcelRequest
from order_pipeline.api.looking import ListOrdersQuery
from orders_api import views
from orders_api.commands import (
    cancel_order,
    deliver_parcel,
    order_now,
    refund_order,
    ship_parcel,
    shipping_address,
)
from orders_api.listing import list_orders


class Settings(FunctionSettings):
    """The function's settings."""

    orders_table_name: str


orders = OrdersTable(dynamodb(), Settings.from_environment().orders_table_name)


def get(request: Request) -> Response:
    """Answer with the order and its history."""
    order = order_now(request.id("orderId"), orders=orders)
    return Response(HTTPStatus.OK, views.order_view(order))


def address(request: Request) -> Response:
    """Answer with where the order's parcels go."""
    found = shipping_address(request.id("orderId"), orders=orders)
    return Response(HTTPStatus.OK, views.address_view(found))


def cancel(request: Request) -> Response:
    """Cancel the order."""
    order = cancel_order(request.id("orderId"), request.model(CancelOrderRequest), orders=orders)
    return Response(HTTPStatus.OK, views.cancelled_view(order, request.reference))


def ship(request: Request) -> Response:
    """Record a parcel that leaves."""
    parcel = request.model(ShipParcelRequest)
    order = ship_parcel(request.id("orderId"), parcel, orders=orders)
    return Response(
        HTTPStatus.CREATED, views.shipped_view(order, parcel.parcel_id, request.reference)
    )


def deliver(request: Request) -> Response:
    """Record a parcel's arrival."""
    parcel_id = request.id("parcelId")
    order = deliver_parcel(request.id("orderId"), parcel_id, orders=orders)
    return Response(HTTPStatus.OK, views.delivered_view(order, parcel_id, request.reference))


def refund(request: Request) -> Response:
    """Record a refund that is asked for."""
    asked = request.model(RefundOrderRequest)
    order = refund_order(request.id("orderId"), asked, orders=orders)
    return Response(
        HTTPStatus.ACCEPTED, views.refund_view(order, asked.refund_id, request.reference)
    )


def list_of_customer(request: Request) -> Response:
    """Answer with a page of the customer's orders."""
    listed, cursor = list_orders(
        request.id("customerId"), request.query(ListOrdersQuery), orders=orders
    )
    return Response(HTTPStatus.OK, views.list_view(listed, cursor, request.reference))


handler = api_handler(
    {
        ("GET", "/orders/{orderId}"): get,
        ("POST", "/orders/{orderId}/cancel"): cancel,
        ("POST", "/orders/{orderId}/shipments"): ship,
        ("POST", "/orders/{orderId}/shipments/{parcelId}/delivery"): deliver,
        ("POST", "/orders/{orderId}/refunds"): refund,
        ("GET", "/shipping-addresses/{orderId}"): address,
        ("GET", "/customers/{customerId}/orders"): list_of_customer,
    }
)
