"""The plan review of what is deployed, and of what never was, by real plans."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from tests.e2e.shop import Shop

NEVER_DEPLOYED = "never-deployed"


@dataclass(frozen=True)
class Reviewed:
    """What a review left behind."""

    status: int
    printed: str
    folder: Path

    @property
    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return found

    @property
    def text(self) -> str:
        return (self.folder / "review.md").read_text()

    def plan(self, name: str) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return plan


@pytest.fixture(scope="module")
def deployed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    return reviewed(tmp_path_factory.mktemp("deployed"), "--plan")


@pytest.fixture(scope="module")
def never_deployed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    folder = tmp_path_factory.mktemp("never-deployed")
    return reviewed(folder, "--plan", ENVIRONMENT_SUFFIX=NEVER_DEPLOYED)


def test_the_plan_after_the_deploy_passes(deployed: Reviewed) -> None:
    assert (deployed.status, deployed.verdict["verdict"]) == (0, "PASS"), deployed.printed
    assert deployed.verdict["findings"] == []


def test_nothing_is_changed_but_what_localstack_forgets(deployed: Reviewed) -> None:
    # The tags of alarms, when it makes them; it keeps those that a later apply sets.
    for address in changed_addresses(deployed.plan("plans/pipeline")):
        assert address.partition(".")[0] in {
            "aws_cloudwatch_composite_alarm",
            "aws_cloudwatch_metric_alarm",
        }
        assert f"- `{address}`" in deployed.text


def test_plans_are_reviewed_again_with_the_same_verdict(deployed: Reviewed, tmp_path: Path) -> None:
    plans = [str(deployed.folder / f"plans/{stack}.json") for stack in ("storage", "pipeline")]
    assert reviewed(tmp_path, *plans).status == 0


def test_a_first_deploy_lists_what_cannot_be_judged_and_nothing_fails(
    never_deployed: Reviewed,
) -> None:
    assert never_deployed.status == 2, never_deployed.printed
    findings = never_deployed.verdict["findings"]
    assert {each["verdict"] for each in findings} == {"CANNOT JUDGE"}
    (not_planned,) = (each for each in findings if each["rule"] == "stack-planned")
    assert not_planned["stack"] == "pipeline"
    assert not (never_deployed.folder / "plans/pipeline.tfplan").exists()
    assert "never applied" in not_planned["reason"]
    by_address = {(each["rule"], each["address"]) for each in findings}
    assert ("policy-not-widened", "aws_iam_role_policy.payment-function-policy") in by_address
    assert ("encrypted", "aws_sqs_queue.payment-queue") in by_address


def test_a_first_deploy_s_review_names_all_that_is_created(never_deployed: Reviewed) -> None:
    created = changed_addresses(never_deployed.plan("plans/storage"))
    created |= changed_addresses(never_deployed.plan("first-deploy/pipeline"))
    assert "aws_dynamodb_table.orders-table" in created
    assert "aws_lambda_function.payment-function" in created
    for address in created:
        assert f"- `{address}`" in never_deployed.text


def test_planning_leaves_no_state_and_no_lock_behind(never_deployed: Reviewed, shop: Shop) -> None:
    s3 = shop.deployment.session().client("s3", endpoint_url=shop.deployment.endpoint)
    keys = {
        found["Key"]
        for bucket in s3.list_buckets()["Buckets"]
        for found in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
    }
    assert [key for key in keys if NEVER_DEPLOYED in key or key.endswith(".tflock")] == []


def test_nobody_s_address_is_in_a_review(deployed: Reviewed, never_deployed: Reviewed) -> None:
    for each in (deployed, never_deployed):
        assert "orders@example.com" not in each.text + json.dumps(each.verdict)
    assert "orders@example.com" in json.dumps(deployed.plan("plans/bootstrap"))


def changed_addresses(plan: dict[str, Any]) -> set[str]:
    return {
        each["address"]
        for each in plan["resource_changes"]
        if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
    }


def reviewed(folder: Path, *arguments: str, **variables: str) -> Reviewed:
    """Run the review as `make plan-review` does, into a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "plan_review", *arguments, "--out", str(folder)],
        cwd=ROOT,
        env=os.environ | {"ENVIRONMENT": "local"} | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Reviewed(done.returncode, done.stdout + done.stderr, folder)
