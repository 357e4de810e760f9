"""The online shop as the tests drive it: stocks items, places orders, follows them to their end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from secrets import token_hex
from typing import Any

import httpx

from tests.e2e.deployment import AWS_CONFIG, Deployment
from tests.e2e.outcomes import AuditBucket, Event, FulfilmentMessage, Mail, Mailbox, Warehouse
from tests.e2e.payment_server import PaymentServer
from tests.e2e.story import Story
from tests.e2e.waiting import wait_for

type Json = dict[str, Any]

RESTING = frozenset({"CONFIRMED", "REJECTED", "OUT_OF_STOCK", "PAYMENT_DECLINED"})
"""Statuses in which the pipeline leaves an order when there is nothing more to do by itself."""


@dataclass(frozen=True)
class Item:
    """An item that is for sale, as it was when the customer saw it."""

    item_id: str
    price: float
    currency: str


@dataclass(frozen=True)
class Customer:
    """Somebody who orders; every value is used by no other customer, so it can be searched for."""

    customer_id: str
    name: str
    email: str
    phone: str

    @property
    def contact(self) -> Json:
        return {"email": self.email, "phone": self.phone}

    @property
    def address(self) -> Json:
        return {
            "name": self.name,
            "line1": "12 Analytical Row",
            "city": "London",
            "postcode": "N1 9GU",
            "country": "GB",
        }


class Shop:
    """A client of the deployed API, with a look at everything that an order leaves behind.

    Every id carries a token of the run, so a deployment can be used again and tests can run in any
    order.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.api = httpx.Client(base_url=deployment.api_endpoint, timeout=60)
        self.payments = PaymentServer(deployment.payment_server_url)
        self.mailbox = Mailbox(deployment.endpoint)
        session, endpoint = deployment.session(), deployment.endpoint
        self.dynamodb = session.client("dynamodb", endpoint_url=endpoint, config=AWS_CONFIG)
        self.functions = session.client("lambda", endpoint_url=endpoint, config=AWS_CONFIG)
        self.logs = session.client("logs", endpoint_url=endpoint, config=AWS_CONFIG)
        self.sqs = session.client("sqs", endpoint_url=endpoint, config=AWS_CONFIG)
        s3 = session.client("s3", endpoint_url=endpoint, config=AWS_CONFIG)
        self.audit = AuditBucket(s3, deployment.audit_bucket_name)
        self.warehouse = Warehouse(self.sqs, deployment.fulfilment_queue_url)
        self.story = Story()
        self._run = token_hex(3)
        self._numbers = count(1)

    def close(self) -> None:
        self.api.close()
        self.payments.close()
        self.mailbox.close()

    # ------------------------------------------------------------------ given

    def new_id(self, kind: str) -> str:
        """Return an id that nobody has used, such as `order-4f2a1c-7`."""
        return f"{kind}-{self._run}-{next(self._numbers)}"

    def customer(self) -> Customer:
        number = next(self._numbers)
        return Customer(
            customer_id=f"customer-{self._run}-{number}",
            name=f"Ada Lovelace the {number}th of {self._run}",
            email=f"ada.{number}.{self._run}@customer.example",
            phone=f"+4477{int(self._run, 16):08d}{number:03d}",
        )

    def stocked_item(
        self, *, available: int = 10, price: float = 29.99, currency: str = "GBP", **more: object
    ) -> Item:
        """Put a new item into the inventory."""
        item = Item(self.new_id("item"), price, currency)
        answer = self.put_item(
            item.item_id,
            {
                "name": f"Tea pot {item.item_id}",
                "price": price,
                "currency": currency,
                "available": available,
                **more,
            },
        )
        assert answer.status_code == 201, answer.text
        return item

    def order(self, *lines: tuple[Item, int], **more: object) -> Json:
        """Return the request for an order of items and quantities, at the prices seen."""
        return {
            "orderId": self.new_id("order"),
            "customerId": self.new_id("customer"),
            "items": [
                {"itemId": item.item_id, "quantity": quantity, "price": item.price}
                for item, quantity in lines
            ],
            **more,
        }

    # ------------------------------------------------------------------ when

    def post_order(
        self, order: Json | bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a request for an order, whatever it is."""
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return self.api.post(
            "orders", content=body, headers={"Content-Type": "application/json", **(headers or {})}
        )

    def place(self, order: Json, *, shows: str, headers: Mapping[str, str] | None = None) -> str:
        """Place an order that must be accepted, and return its id.

        Parameters
        ----------
        order
            The request.
        shows
            What the order is placed for, as the table at the end tells it.
        headers
            Of the request.
        """
        answer = self.post_order(order, headers)
        assert answer.status_code == 202, answer.text
        order_id = str(answer.json()["orderId"])
        self.story.tell(order_id, shows)
        return order_id

    def put_item(
        self, item_id: str, item: Json | bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        body = item if isinstance(item, bytes) else json.dumps(item).encode()
        return self.api.put(
            f"inventory/{item_id}",
            content=body,
            headers={"Content-Type": "application/json", **(headers or {})},
        )

    # ------------------------------------------------------------------ then

    def look_at(self, order_id: str) -> Json:
        """Return the order as the API shows it now."""
        answer = self.api.get(f"orders/{order_id}")
        assert answer.status_code == 200, answer.text
        order: Json = answer.json()
        return order

    def at_rest(self, order_id: str, *, within: float = 60) -> Json:
        """Wait until there is nothing more to do with the order, and return it."""
        return wait_for(
            lambda: self.look_at(order_id),
            lambda order: order["status"] in RESTING,
            f"order {order_id} at rest",
            within=within,
        )

    def until(self, order_id: str, status: str) -> Json:
        """Wait until the order has come to rest, which must be in `status`, and return it."""
        order = self.at_rest(order_id)
        assert order["status"] == status, order["history"]
        return order

    def until_event(self, order_id: str, event: str) -> Json:
        """Wait until the event is in the order's history, and return the order."""
        return wait_for(
            lambda: self.look_at(order_id),
            lambda order: event in history(order),
            f"{event} in the history of {order_id}",
        )

    def item_now(self, item: Item) -> Json:
        """Return the item as the API shows it now; its version tells whether it was touched."""
        answer = self.api.get(f"inventory/{item.item_id}")
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown

    def available(self, item: Item) -> int:
        return int(self.item_now(item)["available"])

    def mail_to(self, address: str) -> Mail:
        """Wait for an e-mail, and return it; there must be just one."""
        mails = wait_for(lambda: self.mailbox.mails_to(address), bool, f"an e-mail to {address}")
        assert len(mails) == 1, mails
        return mails[0]

    def handed_over(self, order_id: str) -> FulfilmentMessage:
        """Wait until the warehouse was told of the order; return what it was told."""
        messages = wait_for(
            lambda: self.warehouse.messages_about(order_id),
            bool,
            f"a message about {order_id} on the fulfilment queue",
        )
        assert len({message.event["eventId"] for message in messages}) == 1, messages
        return messages[0]

    def audited(self, order: Json) -> list[Event]:
        """Wait until the audit bucket has exactly the events of the order's history; return them.

        Each once, oldest first: delivery is at least once, so one may be in the bucket twice.
        """
        order_id = order["orderId"]
        expected = [f"{order_id}#{entry['version']}" for entry in order["history"]]

        def recorded() -> dict[str, Event]:
            return {event["eventId"]: event for event in self.audit.events_of(order_id)}

        events = wait_for(
            recorded,
            lambda events: len(events) >= len(expected),
            f"the events {expected} in the audit bucket",
            within=120,  # Firehose buffers
        )
        assert list(events) == expected
        return list(events.values())

    def logged_about(self, order_id: str) -> str:
        """Wait until a function has logged the order's id; return what all functions logged."""
        return wait_for(
            self._logged, lambda text: order_id in text, f"{order_id} in a function's log"
        )

    def _logged(self) -> str:
        groups = self.logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix="/aws/lambda/"
        )
        names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
        read = self.logs.get_paginator("filter_log_events")
        return "\n".join(
            event["message"]
            for name in names
            for page in read.paginate(logGroupName=name)
            for event in page["events"]
        )

    def dead_letters(self) -> int:
        """Count the messages in all dead-letter queues."""
        answers = [
            self.sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )
            for url in self.deployment.dead_letter_queue_urls
        ]
        return sum(int(each["Attributes"]["ApproximateNumberOfMessages"]) for each in answers)

    def stored(self) -> tuple[int, int]:
        """Count the items of the orders table and of the inventory table."""
        return (
            self._count(self.deployment.orders_table_name),
            self._count(self.deployment.inventory_table_name),
        )

    def _count(self, table: str) -> int:
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=table, Select="COUNT", ConsistentRead=True
        )
        return sum(page["Count"] for page in pages)


def history(order: Json) -> list[str]:
    """Return the names of what has happened to an order, oldest first."""
    return [entry["event"] for entry in order["history"]]


def detail(order: Json, event: str) -> Json:
    """Return what the history says of an event."""
    details: Json = next(entry["detail"] for entry in order["history"] if entry["event"] == event)
    return details
