"""The past, made: an order's own times are moved back, as if it had waited that long."""

from datetime import UTC, datetime, timedelta
from typing import Any

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.domain.stored import rfc3339
from tests.e2e.shop import Shop

_TIMES = frozenset({"at", "placedAt", "authorisedAt", "dueAt", "shippedAt", "requestedAt"})


def let_pass(shop: Shop, order_id: str, span: timedelta) -> None:
    """Move every time that an order remembers back by `span`; nothing is published by that."""
    table, key = shop.deployment.orders_table_name, to_item({"orderId": order_id})
    item = from_item(shop.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"])
    shop.dynamodb.put_item(TableName=table, Item=to_item(_earlier(item, span)))


def _earlier(value: Any, span: timedelta) -> Any:
    if isinstance(value, dict):
        return {
            name: _moved(each, span) if name in _TIMES else _earlier(each, span)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_earlier(each, span) for each in value]
    return value


def _moved(time: str, span: timedelta) -> str:
    return rfc3339(datetime.fromisoformat(time).astimezone(UTC) - span)
