"""The calls of the API: who may make them, what they take and answer, which function serves them.

The two API documents are rendered from this table and the models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from order_pipeline.api.changing import (
    CancelOrderRequest,
    CancelOrderResponse,
    DeliverParcelResponse,
    RefundOrderRequest,
    RefundOrderResponse,
    ShipParcelRequest,
    ShipParcelResponse,
)
from order_pipeline.api.fields import ApiModel
from order_pipeline.api.looking import (
    ListOrdersQuery,
    OrderListResponse,
    OrderView,
    ShippingAddressView,
)
from order_pipeline.api.placing import PlaceOrderRequest, PlaceOrderResponse
from order_pipeline.api.problems import ProblemType
from order_pipeline.api.stock import (
    AdjustStockRequest,
    AdjustStockResponse,
    ItemView,
    SetItemRequest,
)


class Caller(StrEnum):
    """Who makes a call."""

    STOREFRONT = "storefront"
    CUSTOMER_SERVICE = "customer-service"
    WAREHOUSE = "warehouse"
    OPERATIONS = "operations"


@dataclass(frozen=True)
class RequestHeader:
    """A header that a call reads."""

    name: str
    description: str
    example: str


@dataclass(frozen=True)
class Answer:
    """A successful answer."""

    description: str
    model: type[ApiModel]
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name → description."""


@dataclass(frozen=True)
class Call:
    """One call of the API."""

    operation: str
    method: str
    path: str
    summary: str
    caller: Caller
    function: str
    """The folder of the function that serves it."""
    answers: Mapping[int, Answer]
    problems: tuple[ProblemType, ...]
    """Beside those that every call can answer (see `EVERY_CALL`)."""
    request: type[ApiModel] | None = None
    query: type[ApiModel] | None = None
    headers: tuple[RequestHeader, ...] = ()


EVERY_CALL = (
    ProblemType.INVALID_REQUEST,
    ProblemType.FORBIDDEN,
    ProblemType.TOO_MANY_REQUESTS,
    ProblemType.INTERNAL_ERROR,
    ProblemType.UNAVAILABLE,
)

_CHANGES_AN_ORDER = (
    ProblemType.BODY_TOO_LARGE,
    ProblemType.NOT_FOUND,
    ProblemType.ID_CONFLICT,
    ProblemType.REFUSED,
)

CALLS = (
    Call(
        operation="placeOrder",
        method="POST",
        path="/orders",
        summary="Place an order",
        caller=Caller.STOREFRONT,
        function="place_order",
        request=PlaceOrderRequest,
        headers=(
            RequestHeader(
                "Idempotency-Key",
                "Required without `orderId`: the order's id is derived from it, so that repeating "
                "a request places only one order. With `orderId`, a repeated request is recognised "
                "by that, and this header is ignored.",
                "5e0c7d0e-6a9a-4f55-9f3c-0d8d5a3f6c11",
            ),
        ),
        answers={
            202: Answer(
                "Accepted. Repeating the request gets the same response. An order that cannot be "
                "stored at once is accepted too, and its response says `deferred`: it is stored "
                "within a minute of storage becoming available again, and until then other calls "
                "about it return 404.",
                PlaceOrderResponse,
                {
                    "Location": "Where to find the order: a relative reference, to be "
                    "resolved against the address of the request (RFC 9110, section 10.2.2), such "
                    "as `orders/ORD-1`."
                },
            )
        },
        problems=(ProblemType.BODY_TOO_LARGE, ProblemType.ORDER_CONFLICT),
    ),
    Call(
        operation="getOrder",
        method="GET",
        path="/orders/{orderId}",
        summary="Get an order and its history",
        caller=Caller.STOREFRONT,
        function="orders_api",
        answers={200: Answer("The order.", OrderView)},
        problems=(ProblemType.NOT_FOUND,),
    ),
    Call(
        operation="cancelOrder",
        method="POST",
        path="/orders/{orderId}/cancel",
        summary="Cancel an order before its first parcel leaves",
        caller=Caller.STOREFRONT,
        function="orders_api",
        request=CancelOrderRequest,
        answers={
            200: Answer(
                "Cancelled. Repeating the request gets the same response.", CancelOrderResponse
            )
        },
        problems=_CHANGES_AN_ORDER,
    ),
    Call(
        operation="listCustomerOrders",
        method="GET",
        path="/customers/{customerId}/orders",
        summary="List a customer's orders, newest first",
        caller=Caller.CUSTOMER_SERVICE,
        function="orders_api",
        query=ListOrdersQuery,
        answers={200: Answer("A page of orders.", OrderListResponse)},
        problems=(),
    ),
    Call(
        operation="refundOrder",
        method="POST",
        path="/orders/{orderId}/refunds",
        summary="Refund money, never more than was taken",
        caller=Caller.CUSTOMER_SERVICE,
        function="orders_api",
        request=RefundOrderRequest,
        answers={
            202: Answer(
                "Recorded. Repeating the request gets the same response.", RefundOrderResponse
            )
        },
        problems=_CHANGES_AN_ORDER,
    ),
    Call(
        operation="getShippingAddress",
        method="GET",
        # Not below an order's own path: what the storefront may GET, `/orders/*`, would fit it as
        # well, and a denial there would hold for a role that is the warehouse's, too.
        path="/shipping-addresses/{orderId}",
        summary="Look up where an order's parcels go",
        caller=Caller.WAREHOUSE,
        function="orders_api",
        answers={200: Answer("The address, as it was given with the order.", ShippingAddressView)},
        problems=(ProblemType.NOT_FOUND,),
    ),
    Call(
        operation="shipParcel",
        method="POST",
        path="/orders/{orderId}/shipments",
        summary="Record a parcel leaving the warehouse",
        caller=Caller.WAREHOUSE,
        function="orders_api",
        request=ShipParcelRequest,
        answers={
            201: Answer(
                "Recorded. Repeating the request gets the same response.", ShipParcelResponse
            )
        },
        problems=_CHANGES_AN_ORDER,
    ),
    Call(
        operation="deliverParcel",
        method="POST",
        path="/orders/{orderId}/shipments/{parcelId}/delivery",
        summary="Record a parcel's arrival",
        caller=Caller.WAREHOUSE,
        function="orders_api",
        answers={
            200: Answer(
                "Recorded. Repeating the request gets the same response.", DeliverParcelResponse
            )
        },
        problems=(ProblemType.NOT_FOUND, ProblemType.REFUSED),
    ),
    Call(
        operation="setItem",
        method="PUT",
        path="/inventory/{itemId}",
        summary="Set an item's name, price and stock",
        caller=Caller.OPERATIONS,
        function="inventory_api",
        request=SetItemRequest,
        headers=(
            RequestHeader(
                "If-Match",
                "Required to change an existing item: the `ETag` returned when it was read.",
                '"3"',
            ),
        ),
        answers={
            200: Answer("The item as it is now.", ItemView, {"ETag": "The item's version."}),
            201: Answer("The item has been created.", ItemView, {"ETag": "The item's version."}),
        },
        problems=(
            ProblemType.BODY_TOO_LARGE,
            ProblemType.ITEM_EXISTS,
            ProblemType.ITEM_CHANGED,
        ),
    ),
    Call(
        operation="getItem",
        method="GET",
        path="/inventory/{itemId}",
        summary="Get an item and its stock",
        caller=Caller.OPERATIONS,
        function="inventory_api",
        answers={200: Answer("The item.", ItemView, {"ETag": "The item's version."})},
        problems=(ProblemType.NOT_FOUND,),
    ),
    Call(
        operation="adjustStock",
        method="POST",
        path="/inventory/{itemId}/adjustments",
        summary="Add units to an item's stock, or take some away",
        caller=Caller.OPERATIONS,
        function="inventory_api",
        request=AdjustStockRequest,
        answers={
            200: Answer(
                "Adjusted. Repeating the request gets the same response.", AdjustStockResponse
            )
        },
        problems=(
            ProblemType.BODY_TOO_LARGE,
            ProblemType.NOT_FOUND,
            ProblemType.ID_CONFLICT,
            ProblemType.NOT_ENOUGH_STOCK,
            ProblemType.TOO_MUCH_STOCK,
        ),
    ),
)
