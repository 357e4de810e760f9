"""The online shop as the tests drive it: stocks items, places orders, follows them to their end."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from secrets import token_hex
from typing import Any

import httpx

from order_pipeline.adapters.items import from_item, to_item
from tests.e2e.deployment import AWS_CONFIG, Deployment
from tests.e2e.outcomes import (
    AuditBucket,
    Event,
    FulfilmentMessage,
    Mail,
    Mailbox,
    Phones,
    Warehouse,
)
from tests.e2e.payment_server import PaymentServer
from tests.e2e.story import Story
from tests.e2e.waiting import wait_for
from tests.log_insights import LogEvent

type Json = dict[str, Any]

ON_ITS_WAY = frozenset({"PLACED", "VALIDATED", "RESERVED"})
"""Statuses that the pipeline leads an order out of by itself."""


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
    push_endpoint: str | None = None
    """Of the shop's app, for those who have it."""

    @property
    def contact(self) -> Json:
        contact = {"email": self.email, "phone": self.phone}
        return contact | ({"pushEndpoint": self.push_endpoint} if self.push_endpoint else {})

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
        self.phones = Phones(deployment.endpoint)
        session, endpoint = deployment.session(), deployment.endpoint
        self.cloudwatch = session.client("cloudwatch", endpoint_url=endpoint, config=AWS_CONFIG)
        self.dynamodb = session.client("dynamodb", endpoint_url=endpoint, config=AWS_CONFIG)
        self.functions = session.client("lambda", endpoint_url=endpoint, config=AWS_CONFIG)
        self.logs = session.client("logs", endpoint_url=endpoint, config=AWS_CONFIG)
        self.sns = session.client("sns", endpoint_url=endpoint, config=AWS_CONFIG)
        self.sqs = session.client("sqs", endpoint_url=endpoint, config=AWS_CONFIG)
        s3 = session.client("s3", endpoint_url=endpoint, config=AWS_CONFIG)
        self.audit = AuditBucket(s3, deployment.audit_bucket_name)
        self.warehouse = Warehouse(self.sqs, deployment.fulfilment_queue_url)
        self.story = Story()
        self.customers: list[Customer] = []
        self._run = token_hex(3)
        self._numbers = count(1)

    def close(self) -> None:
        self.api.close()
        self.payments.close()
        self.mailbox.close()
        self.phones.close()

    # ------------------------------------------------------------------ given

    def new_id(self, kind: str) -> str:
        """Return an id that nobody has used, such as `order-4f2a1c-7`."""
        return f"{kind}-{self._run}-{next(self._numbers)}"

    def customer(self, *, has_app: bool = False) -> Customer:
        number = next(self._numbers)
        push_endpoint = None
        if has_app:
            push_endpoint = self.sns.create_platform_endpoint(
                PlatformApplicationArn=self._app, Token=self.new_id("phone")
            )["EndpointArn"]
        customer = Customer(
            customer_id=f"customer-{self._run}-{number}",
            name=f"Ada Lovelace the {number}th of {self._run}",
            email=f"ada.{number}.{self._run}@customer.example",
            # Fifteen digits, the most that a number has.
            phone=f"+44{int(self._run, 16):08d}{number:05d}",
            push_endpoint=push_endpoint,
        )
        self.customers.append(customer)
        return customer

    @cached_property
    def _app(self) -> str:
        """The shop's mobile app, as SNS knows it."""
        return self.sns.create_platform_application(
            Name=self.new_id("app"),
            Platform="GCM",
            Attributes={"PlatformPrincipal": "none", "PlatformCredential": "none"},
        )["PlatformApplicationArn"]

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

    @contextmanager
    def paused(self, *stages: str) -> Iterator[None]:
        """Keep stages such as `payment` from working; their queues keep what is for them."""
        with ExitStack() as paused:
            for stage in stages:
                mapping = self._mapping(stage)
                self._switch(mapping, on=False)
                paused.callback(self._switch, mapping, on=True)
            yield

    def cancel(self, order_id: str, reason: str = "changed_mind") -> httpx.Response:
        return self.api.post(f"orders/{order_id}/cancel", json={"reason": reason})

    def ship(
        self, order_id: str, parcel_id: str, lines: Sequence[tuple[Item, int]] = (), **more: object
    ) -> httpx.Response:
        """Send a parcel: some units of some items, or all that remains."""
        return self.api.post(
            f"orders/{order_id}/shipments",
            json={
                "parcelId": parcel_id,
                "carrier": "Royal Mail",
                "trackingNumber": f"RM-{parcel_id}",
                **({"lines": quantities(lines)} if lines else {}),
                **more,
            },
        )

    def deliver(self, order_id: str, parcel_id: str) -> httpx.Response:
        return self.api.post(f"orders/{order_id}/shipments/{parcel_id}/delivery")

    def refund(self, order_id: str, refund_id: str, **asked: object) -> httpx.Response:
        """Ask for a refund: of an `amount`, or of `lines` with or without `restock`."""
        return self.api.post(f"orders/{order_id}/refunds", json={"refundId": refund_id, **asked})

    def adjust(self, item_id: str, adjustment_id: str, delta: object) -> httpx.Response:
        return self.api.post(
            f"inventory/{item_id}/adjustments",
            json={"adjustmentId": adjustment_id, "delta": delta},
        )

    def orders_of(self, customer_id: str, **query: str) -> httpx.Response:
        return self.api.get(f"customers/{customer_id}/orders", params=query)

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
            lambda order: order["status"] not in ON_ITS_WAY,
            f"order {order_id} at rest",
            within=within,
        )

    def until(self, order_id: str, status: str) -> Json:
        """Wait until the order has come to rest, which must be in `status`, and return it."""
        order = self.at_rest(order_id)
        assert order["status"] == status, order["history"]
        return order

    def once(self, order_id: str, is_so: Callable[[Json], bool], what: str) -> Json:
        """Wait until something is so of the order, and return it."""
        return wait_for(lambda: self.look_at(order_id), is_so, f"{what} of order {order_id}")

    def until_in(self, order_id: str, status: str) -> Json:
        """Wait until the order is in `status`, whatever it was before, and return it."""
        return self.once(order_id, lambda order: order["status"] == status, status)

    def until_event(self, order_id: str, *events: str) -> Json:
        """Wait until all events are in the order's history, and return the order.

        One that is named twice must be there twice.
        """
        return self.once(
            order_id, lambda order: Counter(events) <= Counter(history(order)), ", ".join(events)
        )

    def until_worked_off(self) -> None:
        """Wait until no stage has anything to do: their queues are empty."""
        wait_for(self._messages_in_work, lambda messages: not messages, "the stages' queues empty")

    def item_now(self, item: Item) -> Json:
        """Return the item as the API shows it now; its version tells whether it was touched."""
        answer = self.api.get(f"inventory/{item.item_id}")
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown

    def available(self, item: Item) -> int:
        return int(self.item_now(item)["available"])

    def reservation(self, order_id: str) -> Json | None:
        """Return the order's reservation as the inventory table has it."""
        answer = self.dynamodb.get_item(
            TableName=self.deployment.inventory_table_name,
            Key=to_item({"itemId": f"reservation#{order_id}"}),
            ConsistentRead=True,
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def mail_to(self, address: str) -> Mail:
        """Wait for an e-mail, and return it; there must be just one."""
        mails = wait_for(lambda: self.mailbox.mails_to(address), bool, f"an e-mail to {address}")
        assert len(mails) == 1, mails
        return mails[0]

    def left(self, order_id: str, parcels: int) -> tuple[str, dict[str, int]]:
        """Wait until the reservation knows of so many parcels; return its state, and what left."""
        reservation = wait_for(
            lambda: self.reservation(order_id) or {},
            lambda reservation: reservation.get("parcels", 0) >= parcels,
            f"{parcels} parcels in the reservation of {order_id}",
        )
        return reservation["state"], reservation["shipped"]

    def told(self, customer: Customer, subject: str, *, times: int = 1) -> list[Mail]:
        """Wait until the customer was told something on all channels; return the e-mails.

        Each channel must have said it just as often as `times` says.
        """
        sentence = f"{subject}."

        def said() -> tuple[list[Mail], int, int]:
            return (
                [mail for mail in self.mailbox.mails_to(customer.email) if mail.subject == subject],
                self.phones.texts_to(customer.phone).count(sentence),
                self.phones.pushes_to(str(customer.push_endpoint)).count(sentence),
            )

        mails, texts, pushes = wait_for(
            said,
            lambda said: min(len(said[0]), *said[1:]) >= times,
            f"{sentence!r} on all channels of {customer.customer_id}",
        )
        assert (len(mails), texts, pushes) == (times, times, times), subject
        return mails

    def handed_over(self, order_id: str, event: str = "OrderConfirmed") -> FulfilmentMessage:
        """Wait until the warehouse was told of the event; return what it was told."""
        messages = wait_for(
            lambda: [
                message
                for message in self.warehouse.messages_about(order_id)
                if message.event["eventType"] == event
            ],
            bool,
            f"{event} of {order_id} on the fulfilment queue",
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
        wait_for(
            lambda: list(self.logged(mentioning=order_id)),
            bool,
            f"{order_id} in a function's log",
        )
        return "\n".join(event.message for event in self.logged())

    def logged(self, *, mentioning: str = "") -> Iterator[LogEvent]:
        """Yield the events of every function's log group, as the API gives them."""
        read = self.logs.get_paginator("filter_log_events")
        pattern = f'"{mentioning}"' if mentioning else ""
        for group in self._log_groups:
            for page in read.paginate(logGroupName=group, filterPattern=pattern):
                for event in page["events"]:
                    yield LogEvent(group, event["timestamp"], event["message"])

    @cached_property
    def _log_groups(self) -> list[str]:
        """The names of the functions' log groups; LocalStack copies all events to tell them."""
        pages = self.logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix="/aws/lambda/"
        )
        return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def _mapping(self, stage: str) -> str:
        """Return the id of the mapping that feeds the stage's function from its queue."""
        mappings = self.functions.list_event_source_mappings(
            FunctionName=self.deployment.live(stage)
        )["EventSourceMappings"]
        assert len(mappings) == 1, mappings
        return mappings[0]["UUID"]

    def _switch(self, mapping: str, *, on: bool) -> None:
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=on)
        wait_for(
            lambda: self.functions.get_event_source_mapping(UUID=mapping)["State"],
            lambda state: state == ("Enabled" if on else "Disabled"),
            f"mapping {mapping} switched {'on' if on else 'off'}",
        )

    def _messages_in_work(self) -> int:
        return sum(self.messages(url) for url in self.deployment.stage_queue_urls)

    def messages(self, queue_url: str) -> int:
        """Count the messages of a queue: those to be received, being handled, or delayed."""
        counted = self.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return sum(int(number) for number in counted.values())

    def dead_letters(self) -> int:
        """Count the messages in all dead-letter queues: of queues, subscriptions and functions."""
        return sum(self.messages(url) for url in self._dead_letter_queue_urls)

    @cached_property
    def _dead_letter_queue_urls(self) -> list[str]:
        pages = self.sqs.get_paginator("list_queues").paginate()
        urls = [url for page in pages for url in page.get("QueueUrls", [])]
        return [url for url in urls if url.endswith(f"-dlq-{self.deployment.suffix}")]

    def stored(self) -> tuple[int, int]:
        """Count the items of the orders table and of the inventory table."""
        return (
            self._count(self.deployment.orders_table_name),
            self._count(self.deployment.inventory_table_name),
        )

    def everything_stored(self) -> list[Any]:
        """Return the orders table as it is."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.deployment.orders_table_name, ConsistentRead=True
        )
        return [item for page in pages for item in page["Items"]]

    def _count(self, table: str) -> int:
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=table, Select="COUNT", ConsistentRead=True
        )
        return sum(page["Count"] for page in pages)


def quantities(lines: Sequence[tuple[Item, int]]) -> list[Json]:
    """Return lines as a parcel or a refund names them."""
    return [{"itemId": item.item_id, "quantity": quantity} for item, quantity in lines]


def history(order: Json) -> list[str]:
    """Return the names of what has happened to an order, oldest first."""
    return [entry["event"] for entry in order["history"]]


def detail(order: Json, event: str) -> Json:
    """Return what the history says of an event."""
    details: Json = next(entry["detail"] for entry in order["history"] if entry["event"] == event)
    return details
