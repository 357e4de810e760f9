"""Each rule is broken by a plan that Terraform made, and by nothing in the plan it started from."""

import pytest

from plan_review.findings import Verdict
from plan_review.rules import RULES
from tests.plan_review.make_fixtures import BASE, FIRST_DEPLOY, names
from tests.plan_review.plans import PLANS, findings, fixture


def test_the_base_breaks_nothing() -> None:
    assert findings(fixture(BASE)) == []


def test_nothing_fails_when_the_base_is_deployed_first() -> None:
    assert {each.verdict for each in findings(fixture(FIRST_DEPLOY))} == {Verdict.CANNOT_JUDGE}


def test_every_rule_has_a_change_that_breaks_it() -> None:
    assert {name.partition("--")[0] for name in names()} == set(RULES)


def test_every_change_has_its_plan_and_every_plan_its_change() -> None:
    assert {path.stem for path in PLANS.glob("*.json")} == {BASE, FIRST_DEPLOY, *names()}


@pytest.mark.parametrize("name", names())
def test_a_change_that_breaks_a_rule_is_caught(name: str) -> None:
    rule = name.partition("--")[0]
    assert [each for each in findings(fixture(name)) if each.rule == rule]
