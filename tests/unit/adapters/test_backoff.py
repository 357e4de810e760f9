import pytest

from order_pipeline.adapters.backoff import Backoff

DEFAULT = Backoff(first_delay=2, longest_delay=300)


def test_delays_double_up_to_the_longest() -> None:
    assert [DEFAULT.longest(count) for count in range(1, 11)] == [
        2, 4, 8, 16, 32, 64, 128, 256, 300, 300,
    ]  # fmt: skip


@pytest.mark.parametrize("receive_count", [1, 2, 5, 9, 30])
def test_half_of_a_delay_is_fixed_and_half_is_random(receive_count: int) -> None:
    delays = {DEFAULT.delay(receive_count) for _ in range(2000)}
    assert min(delays) >= DEFAULT.longest(receive_count) // 2
    assert max(delays) <= DEFAULT.longest(receive_count)
    assert len(delays) > 1


def test_a_delay_is_never_nothing() -> None:
    assert Backoff(first_delay=1, longest_delay=1).delay(1) == 1


def test_the_shortest_delay_is_half_of_the_longest() -> None:
    assert [DEFAULT.shortest(count) for count in (1, 2, 8, 9)] == [1, 2, 128, 150]
