"""The first deploy of every environment breaks no rule of the plan review, nor of checkov.

The plans are Terraform's own, made without AWS (plan_review/first_deploy.py). What a stack reads of
another is unknown in them, as it is on the day: so some of it cannot be judged, but nothing fails.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.deployment import STACKS
from plan_review.findings import Deployment as ReviewedDeployment
from plan_review.findings import Verdict
from plan_review.plan import Kind, Plan
from plan_review.planning import first_deploy_plan
from plan_review.review import PlannedStack, Review, review
from plan_review.scan import read_skips, scan
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ENVIRONMENTS, Deployment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def planned(
    request: pytest.FixtureRequest,
    deployments: Deployments,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Deployment, dict[str, Path]]:
    """The plans of the first deploy of each environment in turn."""
    deployment = deployments(request.param)
    folder = tmp_path_factory.mktemp(f"first-deploy-{request.param}")
    plans = {stack: folder / f"{stack}.json" for stack in STACKS}
    for stack, path in plans.items():
        source = deployment.folder / "stacks" / stack
        path.write_text(first_deploy_plan(source, folder / stack))
    return deployment, plans


@pytest.fixture
def reviewed(planned: tuple[Deployment, dict[str, Path]]) -> Review:
    deployment, plans = planned
    settings = deployment.settings
    return review(
        [PlannedStack(stack, Plan.read(path.read_text())) for stack, path in plans.items()],
        ReviewedDeployment(settings.environment.value, settings.suffix, settings.account_id),
        today=datetime.now(UTC).date(),
    )


def test_nothing_fails(reviewed: Review) -> None:
    assert [each for each in reviewed.open if each.verdict is Verdict.FAIL] == []


def test_what_cannot_be_judged_is_listed_by_address(reviewed: Review) -> None:
    """Policies and keys that wait for another stack, and the one name with the API's id in it."""
    cannot = {(each.rule, each.address) for each in reviewed.open}
    assert ("policy-not-widened", "aws_iam_role_policy.payment-function-policy") in cannot
    assert ("encrypted", "aws_sqs_queue.payment-queue") in cannot
    assert {rule for rule, _ in cannot} <= {"encrypted", "policy-not-widened", "suffixed"}
    assert all("known after the apply only" in each.reason for each in reviewed.open)


def test_everything_is_created(
    planned: tuple[Deployment, dict[str, Path]], reviewed: Review
) -> None:
    deployment, _ = planned
    defined = {f"{each.type}.{each.id}" for each in deployment.all()}
    changes = [change for stack in reviewed.stacks for change in stack.plan.changes]
    assert {change.address for change in changes} == defined
    assert {change.kind for change in changes} == {Kind.CREATE}


def test_checkov_finds_nothing_that_no_skip_explains(
    planned: tuple[Deployment, dict[str, Path]],
) -> None:
    deployment, plans = planned
    found = scan(
        plans,
        read_skips(ROOT / "checkov-skips.toml"),
        environment=deployment.settings.environment.value,
        is_first_deploy=True,
    )
    assert list(found) == []
