"""What docs/deploying.md says that a deployment costs at rest is what is synthesised."""

import re
from pathlib import Path

import pytest

from cost.document import DOCUMENT, parts
from cost.month import MonthLine, month_of, resources_of
from cost.prices import read_prices
from cost.sizes import Sizes
from cost.work import Measured
from tests.stacks.conftest import Deployments
from tests.stacks.metrics import looked_at
from tests.stacks.synthesised import settings_of, synthesise
from timing.written_parts import read_part

TEXT = (Path(__file__).parents[2] / "docs/deploying.md").read_text()
TABLE = TEXT.partition("\n## What it costs to leave running\n")[2].partition("\n## ")[0]


def row(start: str) -> tuple[str, str]:
    """Return what stands in the row that starts so: of what, and what it costs in dev."""
    (line,) = (line for line in TABLE.splitlines() if line.startswith(f"| {start}"))
    _, what, _, cost, _ = (cell.strip() for cell in line.split("|"))
    return what, cost


ALARM = "aws_cloudwatch_metric_alarm"


def test_the_alarms_are_counted(deployments: Deployments, tmp_path: Path) -> None:
    without = {"CANARY_ITEM": "", "CANARY_PAYMENT_METHOD": ""}
    dev, prod = (
        len(synthesise(settings_of(name, **without), tmp_path / name).all(ALARM))
        for name in ("dev", "prod")
    )
    with_canary = len(deployments("prod").all(ALARM))
    what, _ = row("canary")
    assert f"{with_canary - prod} alarms" in what
    what, cost = row("metric alarms")
    assert re.findall(r"\d+", what) == [str(dev), str(prod)]
    # https://aws.amazon.com/cloudwatch/pricing/: 0.10 for an alarm of one metric.
    assert float(cost) == round(0.10 * dev, 2)


def test_the_metrics_and_combinations_of_alarms_are_counted(deployments: Deployments) -> None:
    prod = deployments("prod")
    metrics = sum(len(list(looked_at(alarm))) for alarm in prod.all("aws_cloudwatch_metric_alarm"))
    assert f"`prod`'s alarms look at {metrics}, {0.10 * metrics:.2f} a month" in TABLE
    what, _ = row("composite alarms")
    combinations = [
        len(deployments(name).all("aws_cloudwatch_composite_alarm")) for name in ("dev", "prod")
    ]
    assert re.findall(r"\d+", what) == [str(number) for number in combinations]


def test_the_rules_of_the_firewall_are_counted(deployments: Deployments) -> None:
    assert not deployments("dev").all("aws_wafv2_web_acl")
    (firewall,) = deployments("prod").all("aws_wafv2_web_acl")
    rules = len(firewall["rule"])
    # https://aws.amazon.com/waf/pricing/: 5 for the ACL, 1 for a rule.
    what, _ = row("firewall")
    assert f"one ACL and {rules} rules, {5 + rules}.00" in what


def test_the_sum_is_the_tables() -> None:
    costs = [float(cost) for cost in re.findall(r"\| (\d+\.\d\d) \|$", TABLE, flags=re.MULTILINE)]
    (told,) = re.findall(r"`dev` costs about (\d+) USD a month", TABLE)
    assert round(sum(costs)) == int(told)


# ------------------------------------------------------------------ the page of measured costs


@pytest.fixture(scope="module")
def months() -> dict[str, list[MonthLine]]:
    measured = Measured.read()
    return {
        environment: month_of(resources_of(environment), Sizes.of(environment), measured.runs_ms)
        for environment in ("dev", "prod")
    }


def test_the_page_has_the_months_of_what_is_synthesised(
    months: dict[str, list[MonthLine]],
) -> None:
    """Or else: make cost-table."""
    written = parts(Measured.read(), read_prices(), Sizes.of("prod"), months)
    for part in ("months", "prices"):
        assert read_part(DOCUMENT, part) == written[part]


def test_both_pages_tell_the_same_of_an_idle_dev(months: dict[str, list[MonthLine]]) -> None:
    prices = read_prices()
    costs = [float(cost) for cost in re.findall(r"\| (\d+\.\d\d) \|$", TABLE, flags=re.MULTILINE)]
    counted = sum(line.usd(prices) for line in months["dev"])
    # This page rounds up what it does not count: runs, and what is charged by the gigabyte.
    assert abs(counted - sum(costs)) < 1
