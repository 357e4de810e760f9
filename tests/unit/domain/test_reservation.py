"""What is held for an order."""

import pytest

from order_pipeline.domain.order import StockState
from order_pipeline.domain.reservation import Reservation


def test_what_is_held_is_what_has_neither_left_nor_been_withheld() -> None:
    reservation = Reservation(
        state=StockState.HELD,
        units={"A": 9, "B": 2},
        shipped={"A": 4},
        withheld={"A": 2},
    )
    assert reservation.held("A") == 3
    assert reservation.held("B") == 2
    assert reservation.held("C") == 0


@pytest.mark.parametrize("moved", ["shipped", "withheld"])
def test_what_leaves_without_having_been_reserved_is_less_than_nothing(moved: str) -> None:
    reservation = Reservation.model_validate(
        {"state": StockState.HELD, "units": {}, moved: {"A": 1}}
    )
    assert reservation.held("A") == -1


def test_a_new_reservation_has_moved_nothing_and_uses_no_counters() -> None:
    reservation = Reservation(state=StockState.HELD, units={"A": 1})
    assert (reservation.shipped, reservation.withheld, reservation.counters) == ({}, {}, {})
