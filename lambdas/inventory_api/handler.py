"""Entry point of inventory-api."""

from http import HTTPStatus

from inventory_api.stock_keeping import adjust_stock, etag, item_now, set_item
from order_pipeline.adapters.clients import dynamodb
from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.adapters.stock_adjustments import StockAdjustments
from order_pipeline.api.fields import Links
from order_pipeline.api.stock import (
    AdjustStockRequest,
    AdjustStockResponse,
    ItemView,
    SetItemRequest,
)
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.money import major_units


class Settings(FunctionSettings):
    """The function's settings."""

    inventory_table_name: str
    idempotency_table_name: str


settings = Settings.from_environment()
inventory = InventoryTable(dynamodb(), settings.inventory_table_name)
adjustments = StockAdjustments(
    dynamodb(),
    settings.inventory_table_name,
    IdempotencyTable(dynamodb(), settings.idempotency_table_name),
)


def get(request: Request) -> Response:
    """Answer with the item as it is now."""
    return _response(HTTPStatus.OK, item_now(request.id("itemId"), inventory=inventory))


def put(request: Request) -> Response:
    """Make a new item, or change the version that the caller has read."""
    if_match = request.headers.get("if-match")
    item = set_item(
        request.id("itemId"),
        request.model(SetItemRequest),
        if_match=if_match,
        inventory=inventory,
    )
    return _response(HTTPStatus.OK if if_match else HTTPStatus.CREATED, item)


def adjust(request: Request) -> Response:
    """Add units to the item's stock, or take some away."""
    item_id = request.id("itemId")
    adjustment = request.model(AdjustStockRequest)
    adjust_stock(item_id, adjustment, inventory=inventory, adjustments=adjustments)
    return Response(
        HTTPStatus.OK,
        AdjustStockResponse(
            item_id=item_id,
            adjustment_id=adjustment.adjustment_id,
            delta=adjustment.delta,
            links=Links(self=request.reference(f"/inventory/{item_id}")),
        ),
    )


def _response(status: HTTPStatus, item: Item) -> Response:
    view = ItemView(
        item_id=item.item_id,
        name=item.name,
        price=major_units(item.price, item.currency),
        currency=item.currency,
        available=item.available,
        active=item.active,
        stock_counters=item.stock_counters,
        version=item.version,
    )
    return Response(status, view, {"ETag": etag(item)})


handler = api_handler(
    {
        ("GET", "/inventory/{itemId}"): get,
        ("PUT", "/inventory/{itemId}"): put,
        ("POST", "/inventory/{itemId}/adjustments"): adjust,
    }
)
