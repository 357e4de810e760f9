"""Copying back what is damaged in the orders table from a copy of it, and nothing else."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from order_pipeline.adapters.idempotency_table import KEPT as CLAIMS_KEPT
from order_pipeline.adapters.items import Item, order_id_of, to_item
from order_pipeline.adapters.orders_table import stored_attributes, to_order
from order_pipeline.domain.erasure import erased as without_customer
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.limits import RETENTION
from order_pipeline.domain.messages import TEMPLATES, claim_key
from order_pipeline.domain.order import Channel, Order
from order_pipeline.domain.ports import ClaimTakenError, Money, MoneyState, Topic
from order_pipeline.domain.progress import unfinished
from orderctl.audit import by_order
from orderctl.rolling_forward import RolledForward, later_events, may_lack_intent, roll_forward

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CLAIMS_ARE_THERE = CLAIMS_KEPT - timedelta(days=1)
"""Of events that are younger, the messages' claims are certainly not expired."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""At most: those of the functions, of the payment provider and of this machine."""


class Claims(Protocol):
    """Who has claimed a piece of work that must be done once."""

    def claim(self, key: str) -> bool:
        """Claim the work; False when it was done before."""

    def done(self, key: str) -> None:
        """Mark the work done."""


@dataclass(frozen=True)
class Damaged:
    """An order that the copy has and the table has not, or not as an order."""

    order: Order
    """As the copy has it."""
    item: Item | None
    """What the table has in its place."""
    was_erased: bool = False
    """Whether its customer was erased since."""


@dataclass
class Damage:
    """What a copy of the orders table shows about the table."""

    damaged: list[Damaged] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    """Ids of orders that are missing because they were kept long enough."""
    older: list[str] = field(default_factory=list)
    """Ids of orders that can be read, and are in an earlier state than in the copy."""
    unreadable: list[str] = field(default_factory=list)
    """Ids of orders that the copy does not have as orders either."""
    copied_at: datetime | None = None
    """When the latest event of the copy happened; None if it is empty."""

    @property
    def look_from(self) -> datetime | None:
        """Whatever the copy does not know has happened after this."""
        return self.copied_at - CLOCKS_DIFFER if self.copied_at else None


def find_damage(
    copy: Iterable[Item], table: Iterable[Item], *, erased: Container[str], at: datetime
) -> Damage:
    """Compare a copy with the table; orders that only the table has are never looked at."""
    readable: dict[str, int] = {}
    unreadable: dict[str, Item] = {}
    for item in table:
        try:
            order = to_order(item)
        except ValueError:
            unreadable[order_id_of(item)] = item
        else:
            readable[order.order_id] = order.version
    damage = Damage()
    for item in copy:
        try:
            order = to_order(item)
        except ValueError:
            if order_id_of(item) not in readable:
                damage.unreadable.append(order_id_of(item))
            continue
        order_id, last = order.order_id, order.history[-1].at
        damage.copied_at = max(damage.copied_at or last, last)
        if order_id in readable:
            if readable[order_id] < order.version:
                damage.older.append(order_id)
        elif order_id in unreadable:
            damage.damaged.append(Damaged(order, unreadable[order_id], order_id in erased))
        elif order.is_settled and last + RETENTION <= at:
            damage.expired.append(order_id)
        else:
            damage.damaged.append(Damaged(order, None, order_id in erased))
    damage.damaged.sort(key=lambda each: each.order.order_id)
    return damage


def lacking_intents(damage: Damage, events: Iterable[OrderEvent]) -> set[str]:
    """Return the ids of the damaged orders that the payment provider is to be asked about."""
    recorded = by_order(events)
    orders = (each.order for each in damage.damaged)
    return {
        order.order_id
        for order in orders
        if may_lack_intent(order, later_events(order, recorded.get(order.order_id, ())))
    }


def intents_of(order_ids: Container[str], records: Iterable[Money]) -> dict[str, str]:
    """Return the intent that each order's money was taken by, or is held by, latest first.

    `records` come latest first, as the provider lists them.
    """
    found: dict[str, Money] = {}
    for money in records:
        if money.order_id is None or money.order_id not in order_ids:
            continue
        if money.order_id not in found or (
            money.state is MoneyState.TAKEN and found[money.order_id].state is MoneyState.HELD
        ):
            found[money.order_id] = money
    return {order_id: money.intent_id for order_id, money in found.items()}


@dataclass(frozen=True)
class Repair:
    """One order, as it is to be put back."""

    damaged: Damaged
    forward: RolledForward

    @property
    def order(self) -> Order:
        """The order as it will be in the table: without its customer, if that was erased."""
        order = self.forward.order
        if self.damaged.was_erased and order.is_settled:
            return without_customer(order)
        return order

    @property
    def is_held_back(self) -> bool:
        """Tell whether putting the order back would undo what was decided.

        It came to an end, or its customer was erased, and it cannot be brought that far.
        """
        if self.damaged.was_erased and not self.order.is_settled:
            return True
        return self.forward.must_not_go_on


def plan(damage: Damage, events: Iterable[OrderEvent], intents: Mapping[str, str]) -> list[Repair]:
    """Return how each damaged order is put back."""
    recorded = by_order(events)
    return [
        Repair(
            each,
            roll_forward(
                each.order,
                later_events(each.order, recorded.get(each.order.order_id, ())),
                intent_id=intents.get(each.order.order_id),
            ),
        )
        for each in damage.damaged
    ]


class Restoring:
    """Puts orders back, tells nobody twice, and lets the stages go on."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, *, claims: Claims, topic: Topic
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._claims = claims
        self._topic = topic

    def put_back(self, repair: Repair, *, at: datetime) -> bool:
        """Put an order back; False if the table's item is not any more as it was seen.

        A new item's whole history is published by the table's stream. Messages are claimed for
        thirty days only, so those of older events are claimed again before: nobody is told of
        them once more.
        """
        for entry in repair.order.history:
            if entry.event in TEMPLATES and entry.at <= at - _CLAIMS_ARE_THERE:
                self._claim_messages(f"{repair.order.order_id}#{entry.version}")
        try:
            if repair.damaged.item is None:
                self._client.put_item(
                    TableName=self._table_name,
                    Item=to_item(stored_attributes(repair.order)),
                    ConditionExpression="attribute_not_exists(orderId)",
                )
            else:
                self._replace(repair.damaged.item, repair.order)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def publish(self, order: Order) -> set[str]:
        """Publish the order's last event, and the one a stage has yet to act on.

        Returns
        -------
        set[str]
            The ids of the events that the topic refused.
        """
        versions = {order.version}
        if entry := unfinished(order):
            versions.add(entry.version)
        return self._topic.publish(
            [event for event in events_since(0, order) if event.version in versions]
        )

    def _replace(self, item: Item, order: Order) -> None:
        """Replace an item that is still, attribute by attribute, as it was seen."""
        names = sorted(item)
        self._client.put_item(
            TableName=self._table_name,
            Item=to_item(stored_attributes(order)),
            ConditionExpression=" AND ".join(f"#a{n} = :a{n}" for n in range(len(names))),
            ExpressionAttributeNames={f"#a{n}": name for n, name in enumerate(names)},
            ExpressionAttributeValues={f":a{n}": item[name] for n, name in enumerate(names)},
        )

    def _claim_messages(self, event_id: str) -> None:
        for channel in Channel:
            key = claim_key(event_id, channel)
            try:
                if self._claims.claim(key):
                    self._claims.done(key)
            except ClaimTakenError:
                continue  # a stage is sending it: it is claimed, which is all that is wanted
