import gzip
from datetime import datetime, timedelta

import boto3
import pytest

from order_pipeline.domain.erasure import erased
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.transitions import EventType
from orderctl.audit import (
    Comparison,
    compare,
    compare_with_bucket,
    events_in_bucket,
    hours,
    late_events,
    parse_events,
)
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
    span = hours(NOON + timedelta(minutes=59), NOON + timedelta(minutes=61))
    assert list(span) == [NOON, NOON + timedelta(hours=1)]


class Bucket:
    """The audit bucket, with events written to it so many hours after noon."""

    def __init__(self, written: dict[int, list[OrderEvent]]) -> None:
        self.client = boto3.client("s3")
        self.client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
        )
        for later, events in written.items():
            prefix = f"events/{NOON + timedelta(hours=later):%Y/%m/%d/%H}"
            for event in events:
                self.client.put_object(
                    Bucket=BUCKET, Key=f"{prefix}/{event.event_id}", Body=line(event)
                )
        self.read: list[datetime] = []
        self.client.meta.events.register(
            "before-parameter-build.s3.ListObjectsV2", self._note_the_hour
        )

    def compared(self, *, hours_later: int) -> Comparison:
        now = NOON + timedelta(hours=hours_later)
        return compare_with_bucket(ORDER, self.client, BUCKET, now=now)

    def _note_the_hour(self, params: dict[str, str], **_: object) -> None:
        self.read.append(datetime.strptime(params["Prefix"] + "+0000", "events/%Y/%m/%d/%H/%z"))


@pytest.mark.usefixtures("aws")
def test_events_are_found_in_the_hours_of_the_orders_life() -> None:
    bucket = Bucket({0: EVENTS[:2], 1: EVENTS[2:]})
    assert bucket.compared(hours_later=500).agrees
    assert bucket.read == [NOON, NOON + timedelta(hours=1)]


@pytest.mark.usefixtures("aws")
def test_events_that_were_published_late_are_found() -> None:
    bucket = Bucket({0: EVENTS[1:], 30: EVENTS[:1]})
    assert bucket.compared(hours_later=29).missing == (EVENTS[0],)
    bucket.read.clear()
    assert bucket.compared(hours_later=500).agrees
    assert bucket.read[-1] == NOON + timedelta(hours=30)


@pytest.mark.usefixtures("aws")
def test_an_event_that_was_never_published_is_missing_up_to_now() -> None:
    bucket = Bucket({0: EVENTS[1:], 3: events_since(0, a_placed_order(order_id="ORD-2"))})
    assert bucket.compared(hours_later=5).missing == (EVENTS[0],)
    assert bucket.read[-1] == NOON + timedelta(hours=5)


@pytest.mark.usefixtures("aws")
def test_events_of_a_span_are_found() -> None:
    bucket = Bucket({0: EVENTS[:1], 1: EVENTS[1:2], 8: EVENTS[2:3]})
    found = events_in_bucket(bucket.client, BUCKET, since=NOON, until=NOON + timedelta(minutes=5))
    assert list(found) == EVENTS[:2]


@pytest.mark.usefixtures("aws")
def test_events_that_came_after_their_span_are_found_and_nothing_else() -> None:
    bucket = Bucket({0: EVENTS[:1], 1: EVENTS[1:2], 8: EVENTS[2:]})
    until = NOON + timedelta(minutes=5)
    wanted, now = {EVENTS[2].event_id}, NOON + timedelta(hours=20)
    found = list(late_events(bucket.client, BUCKET, wanted, until=until, now=now))
    assert found == EVENTS[2:3]
    assert bucket.read == [NOON + timedelta(hours=later) for later in range(2, 9)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(("wanted", "hours_read"), [(set[str](), 0), ({"ORD-1#9"}, 4)])
def test_late_events_are_looked_for_up_to_now_while_one_is_missing(
    wanted: set[str], hours_read: int
) -> None:
    bucket = Bucket({3: EVENTS})
    now = NOON + timedelta(hours=5)
    assert list(late_events(bucket.client, BUCKET, wanted, until=NOON, now=now)) == []
    assert len(bucket.read) == hours_read
