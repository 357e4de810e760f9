from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_pipeline.domain.stock_counters import (
    adjust,
    first_counter,
    fold,
    give_back,
    spread,
    take,
)

AVAILABLE = st.lists(st.integers(0, 30), min_size=2, max_size=32)


@given(units=st.integers(0, 10_000), counters=st.integers(1, 32))
def test_units_are_spread_as_evenly_as_can_be(units: int, counters: int) -> None:
    shares = spread(units, counters)
    assert len(shares) == counters
    assert sum(shares) == units
    assert max(shares) - min(shares) <= 1


def test_an_order_always_turns_to_the_same_counter_first_and_orders_to_all_of_them() -> None:
    firsts = Counter(first_counter(f"ORD-{number}", 8) for number in range(8000))
    assert firsts == Counter(first_counter(f"ORD-{number}", 8) for number in range(8000))
    assert firsts.keys() == set(range(8))
    assert max(firsts.values()) < 1.2 * min(firsts.values())


@pytest.mark.parametrize(
    ("units", "available", "first", "taken"),
    [
        (2, [5, 5, 5], 1, {1: 2}),
        (5, [5, 4, 5], 1, {2: 5}),  # the next one round
        (5, [5, 4, 4], 1, {0: 5}),  # and round again
        (6, [5, 4, 4], 1, {0: 5, 1: 1}),  # from as few as possible
        (9, [4, 0, 5, 1], 3, {2: 5, 0: 4}),
        (10, [4, 0, 5, 1], 3, {2: 5, 0: 4, 3: 1}),
        (11, [4, 0, 5, 1], 3, None),
        (1, [0, 0], 0, None),
    ],
)
def test_units_are_taken_where_they_are(
    units: int, available: list[int], first: int, taken: dict[int, int] | None
) -> None:
    assert take(units, available, first) == taken


@given(units=st.integers(1, 200), available=AVAILABLE, first=st.integers(0, 31))
def test_units_are_taken_just_when_there_are_enough(
    units: int, available: list[int], first: int
) -> None:
    taken = take(units, available, first % len(available))
    if taken is None:
        assert sum(available) < units
        return
    assert sum(taken.values()) == units
    assert all(0 < part <= available[number] for number, part in taken.items())
    # with one counter fewer it would not have gone
    most = sorted(available, reverse=True)[: len(taken) - 1]
    assert sum(most) < units


@given(
    taken=st.dictionaries(st.integers(0, 31), st.integers(1, 9), min_size=1),
    parts=st.lists(st.integers(1, 9), max_size=9),
)
def test_what_comes_back_in_parts_is_in_the_end_where_it_was(
    taken: dict[int, int], parts: list[int]
) -> None:
    back: Counter[int] = Counter()
    for part in parts:
        to_come = min(part, sum(taken.values()) - back.total())
        back.update(give_back(to_come, taken, back.total()))
    assert all(count <= taken[number] for number, count in back.items())
    back.update(give_back(sum(taken.values()) - back.total(), taken, back.total()))
    assert back == taken


def test_no_unit_is_lost_that_comes_back_without_having_been_taken() -> None:
    assert give_back(5, {1: 2, 3: 1}, already=2) == {3: 1, 1: 4}
    assert give_back(5, {1: 2, 3: 1}) == {1: 4, 3: 1}


def test_what_comes_back_first_was_not_there_before() -> None:
    assert give_back(3, {0: 2, 3: 4}) == {0: 2, 3: 1}


def test_a_counter_that_has_just_enough_gives_all() -> None:
    assert take(5, [5, 9], first=0) == {0: 5}


def test_what_was_taken_from_counters_that_are_no_more_goes_to_others() -> None:
    assert fold({0: 1, 5: 2, 7: 3}, 8) == {0: 1, 5: 2, 7: 3}
    assert fold({0: 1, 5: 2, 7: 3}, 4) == {0: 1, 1: 2, 3: 3}
    assert fold({0: 1, 4: 2, 8: 3}, 4) == {0: 6}


@pytest.mark.parametrize(
    ("available", "delta", "parts"),
    [
        ([0, 4, 9], 3, {0: 3}),
        ([0, 4, 9], 7, {0: 6, 1: 1}),
        ([0, 4, 9], 15, {0: 10, 1: 5}),
        ([0, 4, 9], -4, {2: -4}),
        ([0, 4, 9], -7, {2: -6, 1: -1}),
        ([0, 4, 9], -13, {1: -4, 2: -9}),
        ([2, 2], 1, {0: 1}),
        ([2, 2], 0, {}),
    ],
)
def test_adjusting_makes_counters_more_alike(
    available: list[int], delta: int, parts: dict[int, int]
) -> None:
    assert adjust(available, delta) == parts


@given(available=AVAILABLE, delta=st.integers(-1000, 1000))
def test_adjusting_changes_the_sum_and_takes_no_counter_below_zero(
    available: list[int], delta: int
) -> None:
    delta = max(delta, -sum(available))
    parts = adjust(available, delta)
    assert sum(parts.values()) == delta
    assert all(part * delta > 0 for part in parts.values()), "one way only"
    after = [units + parts.get(number, 0) for number, units in enumerate(available)]
    assert min(after) >= 0
    assert max(after) - min(after) <= max(1, max(available) - min(available))
