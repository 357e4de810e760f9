"""The model against arithmetic that must hold.

Each sale is run in the model, which takes a second or a few: half a minute for the whole module.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from order_pipeline.domain.limits import CONFIRMED_WITHIN
from simulation.deployment import MAPPINGS, Deployment
from simulation.limits import Account
from simulation.outcome import Outcome
from simulation.pipeline import Pipeline
from simulation.sale import Clients, Sale
from simulation.scenarios import HOT_SHARE, first_day, hot_item, quotas_raised
from simulation.sizing import counters_for
from simulation.workforce import Publishers, Retrying, Workers
from stacks.order_cost import EVENTS, WRITE_UNITS, Resource, Step, write_units
from stacks.settings import Environment
from tests.unit.simulation.sales import NO_LIMITS, deployment, limited, sell, with_payment

SALES: dict[str, Callable[[], Outcome]] = {
    "quiet": lambda: sell(deployment(), 20),
    "first day": lambda: sell(first_day().deployment, 300, horizon=300),
    "the provider refuses": lambda: sell(quotas_raised().deployment, 100, horizon=900),
    "the topic refuses": lambda: sell(deployment(account=limited(publishes=300)), 200),
    "a table refuses": lambda: sell(
        deployment(account=small(Resource.INVENTORY, 50.0)), 100, horizon=1500
    ),
    "the gate refuses": lambda: sell(deployment(), 5000, seconds=20),
    "the intake is deferred": lambda: sell(
        deployment(account=small(Resource.CUSTOMER_INDEX, 100.0)), 200, seconds=30
    ),
    "a hot item": lambda: sell(deployment(), 500, hot_share=0.8, horizon=1500),
    "payment is slow": lambda: sell(with_payment(10, 1.0), 50, horizon=100),
}


@pytest.fixture(scope="module", params=list(SALES))
def outcome(request: pytest.FixtureRequest) -> Outcome:
    return SALES[request.param]()


def small(resource: Resource, units: float) -> Account:
    """Return an account of which one table or index does only so many write units a second."""
    return limited(warm_units=limited().warm_units | {resource: units})


def rate_between(outcome: Outcome, begin: float, end: float) -> float:
    """Return the confirmations a second in a span of time."""
    total = 0.0
    for each in outcome.confirmations:
        width = max(each.last - each.first, 1e-9)
        inside = max(0.0, min(each.last, end) - max(each.first, begin))
        total += each.orders * min(1.0, inside / width)
    return total / (end - begin)


# ------------------------------------------------------------------ conservation


def test_every_order_is_accepted_or_refused(outcome: Outcome) -> None:
    assert outcome.offered == pytest.approx(outcome.sale.orders)
    total = outcome.accepted + outcome.gave_up + outcome.retrying
    assert total == pytest.approx(outcome.offered)


def test_every_accepted_order_is_confirmed_waiting_or_failed(outcome: Outcome) -> None:
    total = outcome.confirmed + outcome.still_waiting + outcome.failed
    assert total == pytest.approx(outcome.accepted, rel=1e-6)
    assert min(outcome.waiting.values()) > -1e-3


def test_no_order_is_confirmed_before_it_could_be(outcome: Outcome) -> None:
    """Three looks at the stream, three ways through the topic, and what payment takes."""
    times = outcome.deployment.times
    least = 3 * (times.stream_poll / 2 + times.delivery.mean)
    least += times.functions["payment"].of_message
    for each in outcome.confirmations:
        assert each.shortest >= least - 1e-9
        assert each.first <= each.last + 1e-9
        assert each.placed_first <= each.placed_last + 1e-9
        assert each.last <= outcome.horizon + 1e-9


# ------------------------------------------------------------------ bottlenecks


@pytest.mark.parametrize("concurrency", [10, 25])
def test_a_slow_stage_confirms_as_much_as_its_environments_can(concurrency: int) -> None:
    outcome = sell(with_payment(concurrency, 1.0), 100)
    assert rate_between(outcome, 20, 60) == pytest.approx(concurrency, rel=0.01)


def test_the_provider_confirms_as_much_as_it_takes() -> None:
    """Of sixty calls a second, those are confirmations that the 32 creations leave over.

    So few are refused that the circuit stays closed.
    """
    account = limited(provider_calls=60.0)
    outcome = sell(with_payment(32, 1.0, account=account), 100, seconds=120)
    assert not outcome.circuit_opened
    assert rate_between(outcome, 20, 120) == pytest.approx(60 - 32, rel=0.03)


def test_a_table_is_written_as_much_as_it_takes() -> None:
    pipeline = Pipeline(
        deployment(account=small(Resource.INVENTORY, 600.0)),
        Sale(300, plateau=60, rise=0),
        horizon=100,
    )
    pipeline.run()
    table = pipeline.tables[Resource.INVENTORY]
    used = [table.used(second) for second in range(10, 60)]
    assert max(used) <= 600 * (1 + 1e-9)
    assert sum(used) / len(used) == pytest.approx(600, rel=0.01)


def test_the_gate_lets_its_rate_through_and_its_burst() -> None:
    many = deployment(concurrency={"place_order": 1e6})
    outcome = sell(many, 5000, seconds=20, clients=Clients(attempts=1))
    throttling = outcome.deployment.settings.throttling
    assert outcome.accepted == pytest.approx(20 * throttling.rate + throttling.burst, rel=0.001)


def test_below_the_quota_the_topic_is_no_limit_and_above_it_is_worse_than_one() -> None:
    # given a quota of fifty orders a second
    to = deployment(account=limited(publishes=50.0 * EVENTS))
    below = sell(to, 45)
    above = sell(to, 60)
    assert below.confirmed == pytest.approx(below.accepted)
    assert below.bounds() == []
    # then what is above it holds up what is below it
    assert Publishers(to).rate_when_refused < 0.5 * 50 * EVENTS
    assert rate_between(above, 200, 500) < 0.5 * 50


def test_what_the_table_refuses_is_deferred_and_stored_later() -> None:
    outcome = SALES["the intake is deferred"]()
    assert outcome.deferred > 0
    assert outcome.waiting["intake_drain"] == pytest.approx(0, abs=1e-3)
    assert outcome.confirmed == pytest.approx(outcome.accepted, rel=0.02)


def test_orders_whose_stock_is_refused_ten_times_are_dead_letters() -> None:
    outcome = SALES["a table refuses"]()
    assert outcome.given_up["inventory"] > 0
    assert outcome.failed == pytest.approx(sum(outcome.given_up.values()))


# ------------------------------------------------------------------ waiting


def test_a_queue_waits_as_arithmetic_says() -> None:
    """Orders come at twice the rate at which one after another is worked off.

    The order that comes after t seconds waits for t: half of what has come is still there.
    """
    outcome = sell(with_payment(10, 1.0), 20, seconds=60)
    queue = outcome.queues["payment"]
    put_back = queue.served / outcome.accepted
    assert put_back >= 1
    waits = [(each.shortest, each.longest) for each in outcome.confirmations]
    base = min(shortest for shortest, _ in waits)
    # Of batches of five the time suffices for four, so a fifth comes back and goes to the end.
    handled = Workers.of(outcome.deployment, "payment").handled
    assert handled == 4
    mean = sum(
        each.orders * ((each.shortest + each.longest) / 2 - base) for each in outcome.confirmations
    )
    assert mean / outcome.confirmed == pytest.approx(30, rel=0.1)


def test_littles_law_holds() -> None:
    """The messages that wait, on average, are those of a second times how long they wait."""
    outcome = sell(with_payment(10, 1.0), 20, seconds=60)
    queue = outcome.queues["payment"]
    assert outcome.still_waiting == pytest.approx(0, abs=1e-3)
    assert queue.depth_seconds == pytest.approx(queue.waited, rel=0.03)


def test_a_mapping_begins_with_five_and_gets_five_more_a_second() -> None:
    cold = replace(with_payment(60, 1.0), warm=False)
    early = sell(cold, 100, horizon=100)
    assert rate_between(early, 3, 4) < 15
    assert rate_between(early, 9, 10) == pytest.approx(5 + 5 * 6, abs=7)
    assert rate_between(early, 40, 60) == pytest.approx(60, rel=0.02)


def test_without_a_limit_nothing_waits() -> None:
    outcome = sell(deployment(), 20)
    assert outcome.bounds() == []
    assert outcome.confirmed == pytest.approx(outcome.accepted)
    assert (outcome.percentile(0.95) or 99) < 5


# ------------------------------------------------------------------ the circuit


def test_a_provider_that_refuses_much_has_the_stage_paused_every_other_minute() -> None:
    account = limited(provider_calls_of_an_endpoint=25.0)
    outcome = sell(with_payment(60, 1.0, account=account), 100, seconds=600, horizon=600)
    # Opened after seconds, paused by the next run of the breaker, resumed by the one after it.
    assert outcome.pauses == [60.0 + 120 * number for number in range(5)]
    assert rate_between(outcome, 130, 170) == pytest.approx(25, rel=0.05)
    assert rate_between(outcome, 65, 118) == pytest.approx(0, abs=0.5)


# ------------------------------------------------------------------ the hot item


def test_more_counters_never_confirm_fewer_hot_orders() -> None:
    confirmed = []
    for counters in (1, 2, 8):
        outcome = sell(deployment(stock_counters=counters), 500, hot_share=0.6, horizon=150)
        confirmed.append(sum(each.orders for each in outcome.confirmations if each.is_hot))
    assert confirmed == sorted(confirmed)
    assert confirmed[-1] > 1.2 * confirmed[0]


def test_a_hot_item_takes_no_more_than_its_write_units() -> None:
    times = replace(deployment().times, transaction_holds=0.0)
    pipeline = Pipeline(
        deployment(times=times), Sale(900, plateau=30, rise=0, hot_share=1.0), horizon=32
    )
    pipeline.run()
    hot = pipeline.hot.refusals
    # 1,000 write units, two of each attempt.
    assert 500 * 30 <= hot.asked - hot.refused <= 500 * 32


def advised(counters: int) -> Outcome:
    """Return a minute of the sale that the report is about, at so many counters."""
    to, sale = hot_item(counters)
    return Pipeline(to, replace(sale, plateau=60.0), horizon=200).run()


def test_the_advised_counters_meet_the_objective_and_half_of_them_do_not() -> None:
    least = counters_for(1000 * HOT_SHARE)
    objective = CONFIRMED_WITHIN.total_seconds()
    assert (advised(least).percentile(0.95, hot=True) or inf) <= objective
    assert (advised(least // 2).percentile(0.95, hot=True) or inf) > objective


def test_what_conflicts_is_tried_again_at_once_before_it_goes_back_to_the_queue() -> None:
    """At one counter with thirty a second: three in ten attempts conflict, of orders 2.7%."""
    outcome = sell(deployment(), 30, hot_share=1.0, seconds=120, horizon=200)
    hot = outcome.refusing["hot item"]
    assert hot.refused / hot.asked == pytest.approx(0.30, abs=0.02)
    back = outcome.queues["inventory"].served / outcome.accepted - 1
    assert back == pytest.approx(0.3**3, rel=0.2)


def test_every_attempt_takes_its_write_units() -> None:
    pipeline = Pipeline(deployment(), Sale(30, plateau=120, rise=0, hot_share=1.0), horizon=200)
    pipeline.run()
    used = sum(pipeline.tables[Resource.INVENTORY].used(second) for second in range(200))
    attempts = pipeline.hot.refusals.asked
    assert attempts > 1.3 * pipeline.outcome.accepted
    assert used == pytest.approx(attempts * WRITE_UNITS[Step.RESERVE][Resource.INVENTORY])


def test_trying_again_keeps_the_function_busy() -> None:
    workers = Workers.of(deployment(), "inventory")
    busy = Retrying(workers, lambda: workers.times.of_message)
    pace = workers.pace(waiting=inf, behind_seconds=0, arriving=0)
    slower = busy.pace(waiting=inf, behind_seconds=0, arriving=0)
    assert slower.messages_a_second < 0.6 * pace.messages_a_second


def test_the_hot_items_key_is_read_as_often_as_it_may_be() -> None:
    gate = {"throttling": {"rate": 10_000, "burst": 20_000}}
    to = Deployment.of(Environment.PROD, gate, account=NO_LIMITS, warm=True, stock_counters=32)
    to = replace(to, concurrency={"place_order": 10_000, "validation": 10_000})
    pipeline = Pipeline(to, Sale(4000, plateau=10, rise=0, hot_share=1.0), horizon=11)
    pipeline.run()
    assert pipeline.hot_reads.refusals.refused > 0
    assert max(pipeline.hot_reads.used(second) for second in range(11)) <= 3000 + 1e-6


# ------------------------------------------------------------------ what it is told


def test_the_sizes_are_those_of_the_settings() -> None:
    to = Deployment.of(first_day().deployment.settings.environment)
    for worker in MAPPINGS:
        assert to.ceiling(worker) == to.settings.maximum_concurrency[worker]
    assert to.reserved("place_order") == to.settings.reserved_concurrency["place_order"]
    assert to.traced == to.settings.trace_sampling.rate  # type: ignore[union-attr]


def test_a_deployment_with_impossible_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="account's 1000"):
        Deployment.of(
            first_day().deployment.settings.environment,
            {"reserved_concurrency": {"place_order": 2000}},
        )


def test_an_order_takes_of_each_table_what_is_counted() -> None:
    pipeline = Pipeline(deployment(), Sale(10, plateau=30, rise=0), horizon=100)
    outcome = pipeline.run()
    for resource, table in pipeline.tables.items():
        used = sum(table.used(second) for second in range(100))
        assert used == pytest.approx(outcome.accepted * write_units(resource), rel=1e-6)
