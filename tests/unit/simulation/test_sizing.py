"""What is read from the code, and what is sized by it."""

from math import inf
from pathlib import Path

import pytest

from order_pipeline.adapters import circuit, orders_table, transactions
from order_pipeline.adapters.clients import LONGEST_CALL_SECONDS, LONGEST_SEND_SECONDS
from order_pipeline.adapters.event_topic import _EVENTS_PER_BATCH
from order_pipeline.adapters.stripe_payments import SECONDS_PER_MESSAGE
from order_pipeline.domain.order import Channel
from simulation.capacity import capacities
from simulation.deployment import (
    ATTEMPTS_AT_A_CONFLICT,
    CALLS_TO_OPEN_CIRCUIT,
    MAPPINGS,
    PAUSE_AT_A_CONFLICT,
    Deployment,
)
from simulation.limits import (
    INDEX_PARTITIONS,
    MESSAGES_OF_A_BATCH,
    PROVIDER_CALLS_A_SECOND,
    PROVIDER_CALLS_OF_AN_ENDPOINT,
)
from simulation.scenarios import STANDARD_LOAD, changes, first_day, payments, roomy, sized
from simulation.service_times import CODE, processor
from simulation.sizing import HEADROOM, payments_that_fit, rate_of_one
from simulation.workforce import Publishers, Workers
from stacks.order_cost import EVENTS
from stacks.settings import Environment
from tests.unit.simulation.sales import deployment, limited, with_payment


def test_the_model_knows_the_codes_numbers() -> None:
    assert circuit.FAILURES_TO_OPEN == CALLS_TO_OPEN_CIRCUIT
    assert orders_table.OPEN_BUCKETS == INDEX_PARTITIONS
    assert _EVENTS_PER_BATCH == MESSAGES_OF_A_BATCH
    assert transactions._ATTEMPTS == ATTEMPTS_AT_A_CONFLICT
    assert transactions._PAUSE_SECONDS == PAUSE_AT_A_CONFLICT


def test_a_function_needs_the_time_that_its_handler_asks_for() -> None:
    assert MAPPINGS["payment"].seconds_needed == SECONDS_PER_MESSAGE + 1
    longest = len(Channel) * LONGEST_SEND_SECONDS + LONGEST_CALL_SECONDS
    assert MAPPINGS["notification"].seconds_needed == longest
    assert MAPPINGS["intake_drain"].seconds_needed == LONGEST_CALL_SECONDS


def test_payment_has_time_to_begin_with_all_of_its_batch() -> None:
    ordinary = Workers.of(with_payment(1, 1.04), "payment")
    assert ordinary.handled == MAPPINGS["payment"].batch_size == 3
    assert ordinary.pace(waiting=inf, behind_seconds=0, arriving=0).put_back == 0


def test_payment_would_have_time_to_begin_with_three_of_five() -> None:
    """Twenty seconds less the seventeen that the longest message may take: one a second."""
    payment = Workers.of(with_payment(1, 1.0, payment_batch=5), "payment")
    assert payment.handled == 4  # at 0, 1, 2 and 3 seconds: there are seventeen left just so
    slower = Workers.of(with_payment(1, 1.04, payment_batch=5), "payment")
    assert slower.handled == 3
    pace = slower.pace(waiting=inf, behind_seconds=0, arriving=0)
    assert pace.put_back == pytest.approx(2 / 5)
    assert pace.messages_a_second * (1 - pace.put_back) == pytest.approx(1 / 1.04)


def test_a_short_invocation_is_made_ten_times_a_second_at_the_most() -> None:
    quick = Workers.of(with_payment(3, 0.001), "payment")
    assert quick.greatest_rate == pytest.approx(3 * 10 * MAPPINGS["payment"].batch_size)


def test_code_takes_as_long_as_the_memory_of_its_function_makes_it() -> None:
    to = first_day().deployment
    for folder, times in to.times.functions.items():
        memory = to.settings.memory_of(folder)
        assert times.message[0].p50 == pytest.approx(CODE[folder] * 1769 / memory)
    double = deployment_with_memory(1024).times.functions["validation"]
    single = deployment_with_memory(512).times.functions["validation"]
    assert single.invocation == pytest.approx(2 * double.invocation)
    assert processor(3538) == 1


def deployment_with_memory(megabytes: int) -> Deployment:
    return Deployment.of(Environment.PROD, {"function_memory_mb": megabytes})


def test_every_function_of_the_model_is_one_of_the_code() -> None:
    lambdas = Path(__file__).resolve().parents[3] / "lambdas"
    assert all((lambdas / folder).is_dir() for folder in CODE)


def test_the_publisher_is_handed_the_events_of_an_order_only() -> None:
    """Of a hundred lanes with a hundred records a second each, all are messages of the topic."""
    publishers = Publishers(first_day().deployment)
    cycle = publishers.deployment.times.publisher_seconds(100, publishers.deployment.traced)
    assert publishers.greatest_rate == pytest.approx(publishers.deployment.lanes * 100 / cycle)
    (part,) = (
        each for each in capacities(first_day().deployment) if each.part == "event-publisher"
    )
    assert part.orders_a_second == pytest.approx(publishers.greatest_rate / EVENTS)


def test_the_quota_is_what_gets_through_when_the_topic_refuses() -> None:
    to = deployment(account=limited(publishes=300.0))
    publishers = Publishers(to)
    assert 0 < publishers.rate_when_refused < 300
    enough = Publishers(deployment(account=limited(publishes=1e6)))
    assert enough.rate_when_refused == enough.greatest_rate


def test_what_is_sized_for_a_load_carries_it_in_every_part() -> None:
    for rate, situation in ((STANDARD_LOAD, sized(STANDARD_LOAD)), (1000.0, roomy(1000.0))):
        for part in capacities(situation.deployment):
            if part.part == "audit stream":
                continue  # it is beside the way to the confirmation
            least = 1.0 if part.part == "API throttle" else HEADROOM
            assert part.orders_a_second >= least * rate * (1 - 1e-9), part


def test_only_what_is_needed_is_changed() -> None:
    names = set(changes(sized(STANDARD_LOAD).deployment))
    assert names == {
        f"{setting}.{worker}"
        for setting in ("maximum_concurrency", "reserved_concurrency")
        for worker in ("validation", "payment")
    }
    assert changes(first_day().deployment) == {}


def test_prods_payment_stage_asks_for_more_than_the_provider_takes() -> None:
    """If this fails, prod has become better: say so in docs/benchmarks (make simulate)."""
    prod = first_day().deployment
    calls = 2 * Workers.of(prod, "payment").greatest_rate
    assert calls > PROVIDER_CALLS_A_SECOND
    assert Workers.of(prod, "payment").greatest_rate == pytest.approx(58, abs=1)


@pytest.mark.parametrize("orders", [PROVIDER_CALLS_OF_AN_ENDPOINT, PROVIDER_CALLS_A_SECOND / 2])
def test_a_concurrency_that_fits_stays_below_the_provider(orders: float) -> None:
    concurrency = payments_that_fit(orders)
    fitting = Workers.of(payments(concurrency, orders), "payment")
    assert 0.9 * orders < fitting.greatest_rate <= orders
    assert (concurrency + 4) * rate_of_one("payment") > orders


def test_a_batch_holds_what_has_come_since_the_last_one() -> None:
    """Ten environments, a second each, five of a batch together: forty a second are four each."""
    times = with_payment(10, 1.0, payments_at_once=5, payment_batch=5)
    payment = Workers.of(times, "payment")
    assert payment.pace(waiting=0, behind_seconds=0, arriving=5).seconds_of_message == 1
    busy = payment.pace(waiting=0, behind_seconds=0, arriving=40)
    assert busy.messages_a_second == pytest.approx(50)
    assert busy.seconds_of_message == pytest.approx(1)
    # One after another they wait for each other.
    one_by_one = Workers.of(with_payment(10, 0.1, payment_batch=5), "payment")
    assert one_by_one.pace(waiting=0, behind_seconds=0, arriving=50).seconds_of_message == 0.1
    full = one_by_one.pace(waiting=1000, behind_seconds=0, arriving=50)
    assert full.seconds_of_message == pytest.approx(0.1 * (5 + 1) / 2)
