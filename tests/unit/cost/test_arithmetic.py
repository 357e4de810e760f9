"""From the work of an order to dollars."""

from dataclasses import replace

import pytest

from cost.arithmetic import (
    ALONE,
    FULL,
    PROVIDER_WAIT,
    Batches,
    Line,
    access_log_line,
    also_of,
    batches_of,
    beside_of,
    kept_of,
    total,
    units_of_write,
    work_of,
)
from cost.prices import Price, read_prices
from cost.sizes import Sizes
from cost.work import LinesOf
from simulation.measured import measured_run
from simulation.service_times import (
    DYNAMODB_CALL,
    MESSAGE_TO_CUSTOMER,
    PROVIDER_CALL,
    PUBLISH,
    TRANSACTION,
)
from stacks.settings import STAGES
from tests.unit.cost.builders import a_request, an_order

PRICES = read_prices()
FUNCTIONS = ("place-order", "event-publisher", "validation", "inventory", "payment", "notification")
SIZES = Sizes(
    memory_mb=dict.fromkeys(FUNCTIONS, 512),
    traced_share=0.05,
    platform_lines=False,
    has_firewall=False,
)


STARTS_MS = dict.fromkeys(FUNCTIONS, 1000.0)


def quantity(
    what: str, order: LinesOf | None = None, sizes: Sizes = SIZES, batches: Batches = ALONE
) -> float:
    """Return the quantity of the lines that say so."""
    lines = work_of(order or an_order(), STARTS_MS, sizes, batches)
    found = [line for line in lines if line.what == what]
    assert found, what
    return sum(line.quantity for line in found)


def least(what: str) -> float:
    return quantity(what, batches=FULL)


def test_an_order_is_written_five_times_and_once_in_a_transaction() -> None:
    assert [units_of_write(write) for write in an_order().writes] == [1, 1, 2, 1, 1]
    assert quantity("writes of the order") == 6


@pytest.mark.parametrize(("lines", "units"), [(1, 4), (2, 6), (8, 18)])
def test_each_line_is_two_units_of_the_transaction_and_so_is_the_reservation(
    lines: int, units: int
) -> None:
    assert quantity("writes of stock and its reservation", an_order(lines)) == units


def test_the_indexes_are_written_when_an_order_is_placed_and_when_its_due_time_changes() -> None:
    assert quantity("writes of its customer-index") == 1
    assert quantity("writes of its open-orders-index") == 3


def test_reads_are_counted_item_by_item() -> None:
    assert quantity("reads", an_order(2)) == 7
    assert quantity("reads", an_order(8)) == 13


def test_four_events_fill_five_queues_and_the_audit_stream() -> None:
    assert quantity("requests to publish") == 4
    assert quantity("deliveries to the audit stream") == 4
    assert quantity("messages that the topic sends") == 5
    assert quantity("receiving and deleting them, by Lambda") == 8


def test_full_batches_share_requests_and_invocations() -> None:
    assert least("requests to publish") == 0.4
    # one of each stage's ten messages, of payment's three, of the stream's hundred records
    assert least("receiving and deleting them, by Lambda") == pytest.approx(2 * (0.3 + 1 / 3))
    assert least("invocations") == pytest.approx(1 + 0.04 + 0.3 + 1 / 3)


def test_firehose_rounds_every_event_up() -> None:
    assert quantity("events taken in") == 4 * 5 * 1024 / 1e9
    large = an_order().model_copy(update={"events": {"OrderPlaced": 5121}})
    assert quantity("events taken in", large) == 10 * 1024 / 1e9


def test_processor_time_costs_the_same_with_any_memory_below_a_whole_processor() -> None:
    what = "processor time"
    more = replace(SIZES, memory_mb=dict.fromkeys(FUNCTIONS, 1024))
    most = replace(SIZES, memory_mb=dict.fromkeys(FUNCTIONS, 2 * 1769))
    assert quantity(what, sizes=more) == pytest.approx(quantity(what))
    assert quantity(what, sizes=most) == pytest.approx(2 * quantity(what))
    # nine invocations of 10 ms at 1,769 MB
    assert quantity(what) == pytest.approx(9 * 0.010 * 1769 / 1024)


def test_waiting_costs_by_memory() -> None:
    what = "waiting for AWS's answers"
    more = replace(SIZES, memory_mb=dict.fromkeys(FUNCTIONS, 1024))
    assert quantity(what, sizes=more) == pytest.approx(2 * quantity(what))
    # twelve requests to DynamoDB, a transaction, four publishes; not what SES takes
    seconds = 12 * DYNAMODB_CALL.mean + TRANSACTION.mean + 4 * PUBLISH.mean
    assert quantity(what) == pytest.approx(seconds * 0.5)


def test_lines_of_the_platform_are_charged_where_they_are_logged() -> None:
    with_lines = replace(SIZES, platform_lines=True)
    assert quantity("Lambda's lines", sizes=with_lines) > 9 * 500 / 1e9
    assert "Lambda's lines" not in {
        line.what for line in work_of(an_order(), STARTS_MS, SIZES, ALONE)
    }


def test_each_line_of_a_log_has_an_overhead() -> None:
    # twice as many lines as invocations, 500 bytes of each
    assert quantity("the functions' lines") == pytest.approx((9 * 500 + 18 * 26) / 1e9)


def test_the_line_of_the_api_has_every_field() -> None:
    line = access_log_line()
    assert '"route":"/orders"' in line
    assert "$context" not in line


def test_a_share_of_the_invocations_starts_cold() -> None:
    assert quantity("cold starts") == pytest.approx(9 * 0.01 * 1769 / 1024)
    assert least("cold starts") == pytest.approx((1 + 0.04 + 0.3 + 1 / 3) * 0.01 * 1769 / 1024)


def test_any_batches_share_invocations_and_requests() -> None:
    batches = Batches(dict.fromkeys((*STAGES, "event-publisher"), 2.5))
    assert quantity("invocations", batches=batches) == pytest.approx(1 + 8 / 2.5)
    assert quantity("requests to publish", batches=batches) == pytest.approx(4 / 2.5)


def test_the_batches_of_a_load_test_are_those_of_publisher_and_stages() -> None:
    run = measured_run()
    sizes = {name: stage.batch_size.mean for name, stage in run.stages.items()}
    assert batches_of(run).sizes == {
        "event-publisher": sizes["event_publisher"],
        **{stage: sizes[stage] for stage in STAGES},
    }


def test_lambda_traces_a_share_of_what_runs_behind_stream_and_queues() -> None:
    assert quantity("traces that Lambda makes by itself") == pytest.approx(8 * 0.05)
    assert least("traces that Lambda makes by itself") == pytest.approx((0.04 + 0.3 + 1 / 3) * 0.05)


def test_the_firewall_comes_along_by_a_setting() -> None:
    assert also_of(SIZES) == []
    (firewall,) = also_of(replace(SIZES, has_firewall=True))
    assert firewall.usd(PRICES) == 0.60


def test_what_functions_wait_for_and_write_for_others_is_part_of_the_work() -> None:
    assert quantity("writes of the claim on a message") == 2
    # two calls and a mail, at 512 MB
    assert quantity(PROVIDER_WAIT) == pytest.approx(2 * PROVIDER_CALL.mean * 0.5)
    assert quantity("waiting for SES") == pytest.approx(MESSAGE_TO_CUSTOMER.mean * 0.5)
    less = replace(SIZES, memory_mb={**SIZES.memory_mb, "payment": 256})
    assert quantity(PROVIDER_WAIT, sizes=less) == pytest.approx(2 * PROVIDER_CALL.mean * 0.25)


def test_only_what_others_charge_is_beside_it() -> None:
    assert {line.price for line in beside_of()} == {"mails", "texts", "pushes", "charges"}


def test_what_is_kept_grows_with_the_order() -> None:
    assert total(kept_of(an_order(8)), PRICES) > total(kept_of(an_order(1)), PRICES) > 0


def test_a_write_that_is_no_transaction_takes_no_stock() -> None:
    order = an_order()
    more = [*order.requests, a_request("inventory", "UpdateItem", "inventory")]
    changed = order.model_copy(update={"requests": more})
    assert quantity("writes of stock and its reservation", changed) == 6


def test_a_line_costs_its_quantity_a_million_times() -> None:
    prices = {"thing": Price(2.0, 1000, "things", "https://aws.example", "london")}
    lines = [Line("X", "things", "thing", 0.5), Line("X", "more", "thing", 1)]
    assert total(lines, prices) == pytest.approx(3000)
