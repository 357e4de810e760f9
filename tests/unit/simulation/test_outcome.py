"""Percentiles and spreads, against distributions whose answers are known."""

import pytest

from simulation.latency import GRID, Duration, Spread, together
from simulation.outcome import Confirmation, Outcome
from simulation.sale import Clients, Sale
from tests.unit.simulation.sales import deployment, with_payment


def an_outcome(*confirmations: Confirmation, accepted: float) -> Outcome:
    outcome = Outcome(deployment(), Sale(1), horizon=600)
    outcome.confirmations += confirmations
    outcome.accepted = accepted
    return outcome


def confirmed(orders: float, shortest: float, longest: float) -> Confirmation:
    """Orders of one moment, confirmed between two times after it."""
    return Confirmation(orders, 10, 10, 10 + shortest, 10 + longest, is_hot=False)


def test_a_duration_has_the_percentiles_that_it_is_given() -> None:
    duration = Duration(0.45, 1.0)
    assert duration.below(0.45) == pytest.approx(0.5)
    assert duration.below(1.0) == pytest.approx(0.95)
    assert duration.mean > duration.p50
    assert Duration(0.2, 0.2).mean == 0.2
    assert Duration(0.0, 0.0).mean == 0


@pytest.mark.parametrize(
    "spread",
    [
        Spread.of(Duration(0.45, 1.0)),
        Spread.of(Duration(0.005, 0.01)),
        Spread.of(Duration(0.5, 0.5)),
        Spread.of_polling(0.25),
        together([Spread.of_polling(0.25), Spread.of(Duration(0.45, 1.0)), Spread.none()]),
    ],
)
def test_a_spread_is_a_distribution_around_nought(spread: Spread) -> None:
    assert sum(spread.shares) == pytest.approx(1, abs=1e-4)
    mean = sum((spread.start + at) * GRID * share for at, share in enumerate(spread.shares))
    assert mean == pytest.approx(0, abs=1.5 * GRID)


def test_the_variance_of_a_sum_is_the_sum_of_variances() -> None:
    def variance(spread: Spread) -> float:
        return sum(
            ((spread.start + at) * GRID) ** 2 * share for at, share in enumerate(spread.shares)
        )

    one, other = Spread.of(Duration(0.3, 0.6)), Spread.of_polling(0.5)
    assert variance(one + other) == pytest.approx(variance(one) + variance(other), rel=0.02)


def test_a_percentile_is_of_all_that_were_accepted() -> None:
    outcome = an_outcome(confirmed(90, 100, 100), accepted=100)
    assert outcome.percentile(0.45) == pytest.approx(100, abs=1)
    assert outcome.percentile(0.9) is not None
    assert outcome.percentile(0.91) is None


def test_orders_between_two_times_are_evenly_spread() -> None:
    outcome = an_outcome(confirmed(100, 100, 200), accepted=100)
    for share in (0.25, 0.5, 0.75):
        assert outcome.percentile(share) == pytest.approx(100 + 100 * share, abs=2)


def test_what_services_vary_by_is_added_to_the_waiting() -> None:
    """All orders take five seconds on average: half take longer, and few much longer."""
    outcome = an_outcome(confirmed(100, 5, 5), accepted=100)
    median, high = outcome.percentile(0.5), outcome.percentile(0.95)
    assert median is not None
    assert high is not None
    assert 4.7 < median < 5.05
    assert 5.5 < high < 6.5


def test_what_does_not_vary_is_not_spread() -> None:
    steady = with_payment(60, 1.0)
    outcome = Outcome(steady, Sale(1), horizon=600)
    outcome.confirmations.append(confirmed(100, 5, 5))
    outcome.accepted = 100
    varying = an_outcome(confirmed(100, 5, 5), accepted=100)
    high, higher = outcome.percentile(0.99), varying.percentile(0.99)
    assert high is not None
    assert higher is not None
    assert high < higher


def test_times_are_shown_by_when_orders_were_placed() -> None:
    early = Confirmation(10, 3, 3, 5, 5, is_hot=False)
    late = Confirmation(10, 14, 14, 20, 20, is_hot=False)
    points = dict(an_outcome(early, late, accepted=20).times_by_placement(10))
    assert points == {0: 2, 10: 6}


def test_a_sale_rises_to_its_rate_and_holds_it() -> None:
    sale = Sale(100, plateau=600, rise=30)
    assert sale.come_by(0) == 0
    assert sale.come_by(30) == pytest.approx(1500)
    assert sale.come_by(31) - sale.come_by(30) == pytest.approx(100)
    assert sale.orders == sale.come_by(10_000) == pytest.approx(61_500)


def test_ten_thousand_a_second_are_six_million() -> None:
    assert Sale(10_000).orders >= 6_000_000


def test_clients_pause_longer_each_time() -> None:
    clients = Clients()
    assert [clients.longest_pause(number) for number in (1, 2, 3)] == [1, 2, 4]
