"""What makes the functions work that the lives of orders do not reach by themselves."""

import json
import time
from collections.abc import Callable

import httpx

from order_pipeline.adapters.items import to_item
from tests.e2e.shop import Shop
from tests.faults import faults
from tests.faults.faults import Fault, calls
from tests.faults.flow import Flow
from tests.faults.kinds import CONFIRMED
from tests.faults.proxy import Proxy

PAUSE = 1.5
LONG_AGO = "2020-01-01T00:00:00.000Z"


class Scenes:
    """Makes functions work, each by what it is there for."""

    def __init__(self, shop: Shop, aws: Proxy, flow: Flow) -> None:
        self._shop = shop
        self._aws = aws
        self._flow = flow
        self._installed: list[Fault] = []
        self._scenes = {
            "orders-api": self._look_around,
            "inventory-api": self._look_around,
            "intake-drain": self._place_deferred,
            "payment-breaker": self._open_circuit,
            "reconciler": self._make_overdue,
        }

    def make_work(self, functions: set[str]) -> None:
        """Make functions work that would not by themselves; the others are left alone."""
        for scene in {self._scenes[name] for name in functions & self._scenes.keys()}:
            scene()

    def end(self) -> None:
        """Heal what was broken for a scene."""
        for fault in self._installed:
            self._aws.heal(fault)
        self._installed.clear()

    def _look_around(self) -> None:
        """Make the calls of the API that are in no order's life, each until it is answered."""
        shop, item_id = self._shop, self._shop.new_id("item")
        item = {"name": "Kettle", "price": 10, "currency": "GBP", "available": 1}
        asked: list[Callable[[], httpx.Response]] = [
            lambda: shop.put_item(item_id, item),
            lambda: shop.api.get(f"inventory/{item_id}"),
            lambda: shop.put_item(item_id, item, {"If-Match": '"1"'}),
            lambda: shop.adjust(item_id, "adjustment-1", 1),
            lambda: shop.orders_of("nobody"),
            lambda: shop.api.get(f"orders/{item_id}"),
        ]
        for ask in asked:
            while ask().is_server_error:
                time.sleep(PAUSE)

    def _place_deferred(self) -> None:
        """Place an order that the table does not take from place-order."""
        purchase = self._flow.prepare(CONFIRMED)
        writes = calls("dynamodb", "PutItem", function="place-order", about=purchase.order_id)
        fault = Fault("deferred", faults.aws_json_error("ThrottlingException"), writes)
        self._installed.append(fault)
        self._aws.install(fault)
        self._flow.place_prepared(purchase)

    def _open_circuit(self) -> None:
        """Open the circuit as the payment stage does, and let payment-breaker close it again."""
        self._shop.dynamodb.update_item(
            TableName=f"idempotency-table-{self._shop.deployment.suffix}",
            Key=to_item({"id": "circuit#payment"}),
            UpdateExpression="SET openedAt = :now, reason = :reason",
            ExpressionAttributeValues=to_item({":now": int(time.time()), ":reason": "a scene"}),
        )
        for _ in range(2):
            self._invoke("payment-breaker")
            self._flow.keep_going(PAUSE)

    def _make_overdue(self) -> None:
        """Let the due date of an order that waits for its parcel pass; have the reconciler look."""
        waiting = [
            each for each in self._flow.purchases if each.kind is CONFIRMED and each.has_ended
        ]
        if waiting:
            self._shop.dynamodb.update_item(
                TableName=self._shop.deployment.orders_table_name,
                Key=to_item({"orderId": waiting[-1].order_id}),
                UpdateExpression="SET dueAt = :past",
                ConditionExpression="attribute_exists(dueAt)",
                ExpressionAttributeValues=to_item({":past": LONG_AGO}),
            )
        self._invoke("reconciler")

    def _invoke(self, function: str) -> None:
        """Do what the schedule does, now."""
        answer = self._shop.functions.invoke(
            FunctionName=self._shop.deployment.live(function), InvocationType="Event"
        )
        assert answer["StatusCode"] == 202, json.dumps(answer, default=str)
