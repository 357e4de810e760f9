"""What leaves the pipeline: messages for customers and warehouse, and the audit's record."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e.deployment import REGION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

type Event = dict[str, Any]


@dataclass(frozen=True)
class Mail:
    """An e-mail as it was handed to SES."""

    to: tuple[str, ...]
    subject: str
    text: str


class Mailbox:
    """Every e-mail that LocalStack's SES was given."""

    def __init__(self, endpoint: str) -> None:
        self._http = httpx.Client(base_url=endpoint, timeout=30)

    def close(self) -> None:
        self._http.close()

    def mails(self) -> list[Mail]:
        answer = self._http.get("/_aws/ses")
        answer.raise_for_status()
        return [
            Mail(
                tuple(message["Destination"]["ToAddresses"]),
                message["Subject"],
                message["Body"]["text_part"],
            )
            for message in answer.json()["messages"]
        ]

    def mails_to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails() if address in mail.to]

    def mails_about(self, order_id: str) -> list[Mail]:
        return [mail for mail in self.mails() if order_id in mail.subject + mail.text]


class Phones:
    """Every SMS and every push message that LocalStack's SNS was given."""

    def __init__(self, endpoint: str) -> None:
        self._http = httpx.Client(base_url=endpoint, timeout=30, params={"region": REGION})

    def close(self) -> None:
        self._http.close()

    def texts_to(self, phone: str) -> list[str]:
        """Return the SMS to a phone number."""
        return self.texts().get(phone, [])

    def pushes_to(self, endpoint_arn: str) -> list[str]:
        """Return the push messages to an app's endpoint."""
        return self.pushes().get(endpoint_arn, [])

    def texts(self) -> dict[str, list[str]]:
        """Return every SMS, by phone number."""
        return self._sent("sms-messages", "sms_messages")

    def pushes(self) -> dict[str, list[str]]:
        """Return every push message, by the app's endpoint."""
        return self._sent("platform-endpoint-messages", "platform_endpoint_messages")

    def _sent(self, path: str, field: str) -> dict[str, list[str]]:
        answer = self._http.get(f"/_aws/sns/{path}")
        answer.raise_for_status()
        return {
            address: [message["Message"] for message in messages]
            for address, messages in answer.json()[field].items()
        }


@dataclass(frozen=True)
class FulfilmentMessage:
    """A message for the warehouse."""

    event: Event
    attributes: dict[str, str]


class Warehouse:
    """The system behind the fulfilment queue: takes every message, and remembers it."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._received: list[FulfilmentMessage] = []

    def messages_about(self, order_id: str) -> list[FulfilmentMessage]:
        self._receive()
        return [each for each in self._received if each.event["orderId"] == order_id]

    def _receive(self) -> None:
        while messages := self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
        ).get("Messages"):
            for message in messages:
                attributes = message.get("MessageAttributes", {})
                self._received.append(
                    FulfilmentMessage(
                        json.loads(message["Body"]),
                        {name: value["StringValue"] for name, value in attributes.items()},
                    )
                )
                self._sqs.delete_message(
                    QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
                )


class AuditBucket:
    """The audit's record: objects of newline-delimited JSON, one event a line."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._texts: dict[str, str] = {}

    def texts(self) -> list[str]:
        """Return the objects' texts; each is read once, since Firehose never changes one."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        for page in pages:
            for listed in page.get("Contents", []):
                if listed["Key"] not in self._texts:
                    answer = self._s3.get_object(Bucket=self._bucket, Key=listed["Key"])
                    self._texts[listed["Key"]] = answer["Body"].read().decode()
        return list(self._texts.values())

    def events_of(self, order_id: str) -> list[Event]:
        """Return an order's events, oldest first; one that was delivered twice is there twice."""
        events = [json.loads(line) for text in self.texts() for line in text.splitlines()]
        return sorted(
            (event for event in events if event["orderId"] == order_id),
            key=lambda event: int(event["version"]),
        )

    @contextmanager
    def without(self, event_id: str) -> Iterator[int]:
        """Take every object that holds an event out of the bucket; yield how many there are."""
        self.texts()
        removed = [key for key, text in self._texts.items() if f'"{event_id}"' in text]
        for key in removed:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        yield len(removed)
        for key in removed:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=self._texts[key].encode())
