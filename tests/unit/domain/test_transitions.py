from itertools import product

import pytest

from order_pipeline.domain.transitions import (
    TRANSITIONS,
    EventType,
    Status,
    TransitionRefusedError,
    status_after,
)

PICTURE = {
    (Status.PLACED, Status.VALIDATED),
    (Status.PLACED, Status.REJECTED),
    (Status.PLACED, Status.CANCELLED),
    (Status.VALIDATED, Status.RESERVED),
    (Status.VALIDATED, Status.OUT_OF_STOCK),
    (Status.VALIDATED, Status.CANCELLED),
    (Status.RESERVED, Status.CONFIRMED),
    (Status.RESERVED, Status.PAYMENT_DECLINED),
    (Status.RESERVED, Status.CANCELLED),
    (Status.CONFIRMED, Status.SHIPPED),
    (Status.CONFIRMED, Status.CANCELLED),
    (Status.SHIPPED, Status.DELIVERED),
}
"""The state diagram of the README, arrow by arrow."""

ONCE_SHIPPING = {Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED}

WITHOUT_AN_ARROW = {
    EventType.STOCK_RELEASED: {Status.PAYMENT_DECLINED, Status.CANCELLED},
    EventType.PAYMENT_VOIDED: {Status.CANCELLED},
    EventType.PARCEL_SHIPPED: {Status.CONFIRMED},
    EventType.PARCEL_DELIVERED: {Status.CONFIRMED, Status.SHIPPED},
    EventType.PAYMENT_CAPTURED: ONCE_SHIPPING,
    EventType.PAYMENT_CAPTURE_FAILED: ONCE_SHIPPING,
    EventType.REFUND_REQUESTED: ONCE_SHIPPING,
    EventType.PAYMENT_REFUNDED: ONCE_SHIPPING,
    EventType.REFUND_FAILED: ONCE_SHIPPING,
    EventType.STOCK_RESTOCKED: ONCE_SHIPPING,
    EventType.PAYMENT_REAUTHORISED: {Status.CONFIRMED},
    EventType.PAYMENT_EXPIRED: {Status.CONFIRMED},
}
"""Events of the other axes: where they may happen. They leave the status as it is."""


def test_statuses_and_events_are_called_what_is_stored_and_published() -> None:
    """Another name would be another status to whoever reads what is stored already."""
    assert [str(status) for status in Status] == [
        "PLACED",
        "VALIDATED",
        "RESERVED",
        "CONFIRMED",
        "SHIPPED",
        "DELIVERED",
        "REJECTED",
        "OUT_OF_STOCK",
        "PAYMENT_DECLINED",
        "CANCELLED",
    ]
    assert {event.name: str(event) for event in EventType} == {
        event.name: event.name.title().replace("_", "") for event in EventType
    }


def test_the_table_is_the_picture() -> None:
    arrows = {
        (before, after)
        for moves in TRANSITIONS.values()
        for before, after in moves.items()
        if before is not after
    }
    assert arrows == PICTURE


def test_events_of_other_axes_leave_the_status() -> None:
    unmoved = {
        event: set(moves)
        for event, moves in TRANSITIONS.items()
        if all(before is after for before, after in moves.items())
    }
    assert unmoved == WITHOUT_AN_ARROW


def test_every_event_but_the_first_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(EventType) - {EventType.ORDER_PLACED}


@pytest.mark.parametrize(("event", "status"), list(product(EventType, Status)))
def test_what_is_not_in_the_table_is_refused(event: EventType, status: Status) -> None:
    if status in TRANSITIONS.get(event, {}):
        assert status_after(event, status) is TRANSITIONS[event][status]
    else:
        with pytest.raises(
            TransitionRefusedError, match=f"{event} cannot happen .* {status}"
        ) as refused:
            status_after(event, status)
        assert (refused.value.event, refused.value.status) == (event, status)
