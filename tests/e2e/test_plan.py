"""A plan right after the deploy changes nothing: what is deployed is what is defined."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.deployment import STACKS
from local.settings import settings_from_environment
from local.tools import SYNTHESISED
from tests.e2e.known_plan_differences import KNOWN_PLAN_DIFFERENCES, Difference
from tests.e2e.shop import Shop
from tests.e2e.terraform import terraform


@pytest.fixture(scope="module")
def plans() -> dict[str, dict[str, Any]]:
    """The plan of each stack (https://developer.hashicorp.com/terraform/internals/json-format)."""
    # They stay there for those who look at what a run has left (personal_data.py).
    files = settings_from_environment().folder / "plans"
    files.mkdir(exist_ok=True)
    with ThreadPoolExecutor(len(STACKS)) as planners:
        plans = planners.map(lambda stack: planned(stack, files / stack), STACKS)
        return dict(zip(STACKS, plans, strict=True))


@pytest.mark.parametrize("stack", STACKS)
def test_plan_shows_only_known_differences(plans: dict[str, dict[str, Any]], stack: str) -> None:
    differences = differing_resources(plans[stack]) | differing_outputs(plans[stack])
    known = KNOWN_PLAN_DIFFERENCES[stack]
    assert {
        (address, attribute)
        for address, attribute in differences
        if (address.partition(".")[0], attribute) not in known
    } == set()


def test_every_known_difference_is_one_of_a_deployed_resource(
    plans: dict[str, dict[str, Any]],
) -> None:
    for stack, known in KNOWN_PLAN_DIFFERENCES.items():
        deployed = {resource["type"] for resource in plans[stack]["resource_changes"]}
        assert {kind for kind, _ in known} - deployed == set()


def test_localstack_forgets_the_tags_that_an_alarm_is_made_with(shop: Shop) -> None:
    """Which is why there are known differences: only a second deploy of an alarm tags it."""
    # given
    name = shop.new_id("alarm")
    alarms = shop.deployment.session().client("cloudwatch", endpoint_url=shop.deployment.endpoint)

    # when
    alarms.put_metric_alarm(
        AlarmName=name,
        Namespace="e2e",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Tags=[{"Key": "Application", "Value": "order-pipeline"}],
    )

    # then
    arn = alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    assert alarms.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    alarms.delete_alarms(AlarmNames=[name])


def planned(stack: str, file: Path) -> dict[str, Any]:
    """Plan a stack, and return the plan."""
    # The deploy may have left out a stack that is as it was, and with it Terraform's set-up.
    folder = SYNTHESISED / stack
    terraform(folder, "init", "-input=false")
    terraform(folder, "plan", "-input=false", f"-out={file}")
    text = terraform(folder, "show", "-json", str(file))
    file.with_suffix(".json").write_text(text)
    plan: dict[str, Any] = json.loads(text)
    return plan


def differing_resources(plan: dict[str, Any]) -> set[Difference]:
    """Return what the plan changes; in place of an attribute, "create" or "delete" for a whole."""
    differences = set()
    for resource in plan["resource_changes"]:
        change = resource["change"]
        for action in set(change["actions"]) - {"no-op", "read"}:
            attributes = changed_attributes(change) if action == "update" else {action}
            differences |= {(resource["address"], attribute) for attribute in attributes}
    return differences


def changed_attributes(change: dict[str, Any]) -> set[str]:
    before, after = change["before"], change["after"]
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    return (changed | set(change["after_unknown"])) or {"update"}


def differing_outputs(plan: dict[str, Any]) -> set[Difference]:
    return {
        (f"output.{name}", action)
        for name, change in plan.get("output_changes", {}).items()
        for action in change["actions"]
        if action != "no-op"
    }
