"""A plan is read as Terraform's format says, or refused in a sentence."""

import json

import pytest

from plan_review.findings import Verdict
from plan_review.plan import UNKNOWN, Kind, Plan, PlanError, State
from tests.plan_review.plans import change, findings, plan_of

QUEUE = "aws_sqs_queue.payment-queue"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a plan"),
        ('{"version": 4, "resources": []}', "not a plan"),
        ('{"format_version": "1.0", "values": {}}', "a state"),
        ('{"format_version": "1.2", "resource_changes": [{"address": "x"}]}', "mode"),
        ('{"format_version": "1.2", "resource_changes": {}}', "resource_changes"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        Plan.read(text)


def test_a_plan_in_a_format_nobody_knows_cannot_be_judged() -> None:
    plan = Plan.read(json.dumps({"format_version": "2.0", "resource_changes": "anything"}))
    (finding,) = findings(plan)
    assert (finding.verdict, finding.rule) == (Verdict.CANNOT_JUDGE, "plan-is-whole")
    assert "2.0" in finding.reason


def test_a_newer_minor_version_is_read() -> None:
    assert findings(plan_of(format_version="1.99")) == []


@pytest.mark.parametrize("incomplete", [{"errored": True}, {"complete": False}])
def test_a_plan_that_is_not_whole_cannot_be_judged(incomplete: dict[str, bool]) -> None:
    (finding,) = findings(plan_of(**incomplete))
    assert (finding.verdict, finding.rule) == (Verdict.CANNOT_JUDGE, "plan-is-whole")


@pytest.mark.parametrize(
    ("actions", "kind"),
    [
        (["no-op"], Kind.NONE),
        (["create"], Kind.CREATE),
        (["update"], Kind.CHANGE),
        (["delete"], Kind.DESTROY),
        (["forget"], Kind.FORGET),
        (["delete", "create"], Kind.REPLACE),
        (["create", "delete"], Kind.REPLACE),
        (["vanish"], Kind.OTHER),
    ],
)
def test_actions_have_a_kind(actions: list[str], kind: Kind) -> None:
    plan = plan_of(change(QUEUE, {}, {}, actions=actions))
    assert [each.kind for each in plan.changes] == [kind]


def test_an_action_nobody_knows_cannot_be_judged() -> None:
    plan = plan_of(change(QUEUE, {}, {}, actions=["vanish"]))
    (finding,) = findings(plan, rule="plan-is-whole")
    assert (finding.verdict, finding.address) == (Verdict.CANNOT_JUDGE, QUEUE)


def test_a_value_is_found_by_its_path() -> None:
    state = State(
        values={"rule": [{"days": 3}], "name": "a", "list": []},
        unknown={"arn": True, "rule": [{"id": True}], "block": [True]},
        sensitive={"rule": [{"days": True}]},
    )
    assert state.value("rule.0.days") == 3
    assert state.value("rule.1.days") is None
    assert state.value("name.0") is None
    assert state.value("nothing.at.all") is None
    assert state.value("arn") is UNKNOWN
    assert state.value("rule.0.id") is UNKNOWN
    assert state.value("block.0.anything") is UNKNOWN
    assert state.is_sensitive("rule")
    assert state.is_sensitive("rule.0.days")
    assert not state.is_sensitive("name")


def test_data_sources_are_no_changes() -> None:
    read = change("aws_kms_key.key", None, {}, actions=["read"]) | {"mode": "data"}
    assert plan_of(read).changes == ()
