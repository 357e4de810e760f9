import gzip
from datetime import timedelta

import boto3
import pytest

from order_pipeline.erasure import erased
from order_pipeline.events import OrderEvent, events_since
from order_pipeline.transitions import EventType
from orderctl.audit import compare, events_in_bucket, hour_prefixes, parse_events
from tests.unit.builders import BY, NOON, a_confirmed_order, a_placed_order

ORDER = a_confirmed_order()
EVENTS = events_since(0, ORDER)
BUCKET = "audit-bucket-test-123456789012"


def line(event: OrderEvent) -> bytes:
    return event.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n"


def test_events_are_ordered_and_each_counted_once() -> None:
    other = events_since(0, a_placed_order(order_id="ORD-2"))
    comparison = compare(ORDER, [*reversed(EVENTS), EVENTS[0], *other])
    assert comparison.agrees
    assert [event.version for event in comparison.events] == [1, 2, 3, 4]


def test_an_event_that_is_not_in_the_bucket_is_missing() -> None:
    comparison = compare(ORDER, EVENTS[1:])
    assert not comparison.agrees
    assert comparison.missing == (EVENTS[0],)


def test_an_event_that_the_table_does_not_know_is_different() -> None:
    forged = EVENTS[1].model_copy(update={"detail": {"reason": "forged"}})
    unknown = EVENTS[1].model_copy(update={"event_id": "ORD-1#9", "version": 9})
    comparison = compare(ORDER, [EVENTS[0], forged, *EVENTS[2:], unknown])
    assert not comparison.agrees
    assert comparison.different == (forged, unknown)


def test_what_describes_the_order_at_another_moment_makes_no_difference() -> None:
    earlier = events_since(0, a_placed_order())[0]
    assert compare(ORDER, [earlier, *EVENTS[1:]]).agrees


def test_an_erased_order_still_agrees() -> None:
    rejected = a_placed_order().after(EventType.ORDER_REJECTED, by=BY, detail={"reason": "x"})
    events = events_since(0, rejected)
    assert compare(erased(rejected), events).agrees
    assert compare(erased(rejected), events[1:]).missing
    forged = events[1].model_copy(update={"detail": {"reason": "forged"}})
    assert compare(erased(rejected), [events[0], forged]).different == (forged,)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
@pytest.mark.parametrize("separator", [b"", b"\n"])
def test_events_are_read_however_they_were_written(wrap: type[bytes], separator: bytes) -> None:
    body = separator.join(line(event).strip() for event in EVENTS)
    assert list(parse_events(wrap(body))) == EVENTS
    assert list(parse_events(wrap(b""))) == []


def test_every_hour_that_the_span_touches_is_looked_at() -> None:
    assert list(hour_prefixes(NOON + timedelta(minutes=59), NOON + timedelta(minutes=61))) == [
        "events/2026/01/31/12/",
        "events/2026/01/31/13/",
    ]


@pytest.mark.usefixtures("aws")
def test_events_are_found_in_the_bucket() -> None:
    client = boto3.client("s3")
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    for hour, event in ((12, EVENTS[0]), (13, EVENTS[1]), (20, EVENTS[2])):
        key = f"events/2026/01/31/{hour}/audit-stream-{event.version}"
        client.put_object(Bucket=BUCKET, Key=key, Body=line(event))
    found = events_in_bucket(client, BUCKET, since=NOON, until=NOON + timedelta(minutes=5))
    assert list(found) == EVENTS[:2]
