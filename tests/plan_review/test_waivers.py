"""A waiver covers one finding for a time, and says so when it covers nothing."""

from datetime import date
from pathlib import Path

import pytest

from plan_review.findings import Deployment, Verdict
from plan_review.review import PlannedStack, Review, review
from plan_review.rules import RULES
from plan_review.waivers import WaiverError, read_waivers
from tests.plan_review.plans import PROD, change, plan_of

TODAY = date(2026, 3, 1)
QUEUE = "aws_sqs_queue.payment-queue"
DESTROYED = plan_of(change(QUEUE, {"name": "payment-queue-prod"}, None))
WAIVER = f"""
[[waiver]]
rule = "data-stays"
address = "{QUEUE}"
reason = "Emptied before the deploy"
until = 2026-03-10
"""


def reviewed(
    folder: Path,
    waivers: str,
    *,
    today: date = TODAY,
    is_whole: bool = True,
    deployment: Deployment = PROD,
) -> Review:
    path = folder / "waivers.toml"
    path.write_text(waivers)
    return review(
        [PlannedStack("pipeline", DESTROYED)],
        deployment,
        waivers=read_waivers(path, rules=list(RULES), today=TODAY),
        today=today,
        is_whole=is_whole,
    )


def test_without_a_waiver_the_plan_fails(tmp_path: Path) -> None:
    assert reviewed(tmp_path, "").verdict is Verdict.FAIL


def test_a_waived_finding_lets_the_plan_pass(tmp_path: Path) -> None:
    done = reviewed(tmp_path, WAIVER)
    assert done.verdict is Verdict.PASS
    assert [each.finding.address for each in done.waived] == [QUEUE]


def test_a_waiver_holds_until_the_end_of_its_day(tmp_path: Path) -> None:
    assert reviewed(tmp_path, WAIVER, today=date(2026, 3, 10)).verdict is Verdict.PASS


def test_a_waiver_that_has_ended_is_a_finding_beside_the_one_it_covered(tmp_path: Path) -> None:
    done = reviewed(tmp_path, WAIVER, today=date(2026, 3, 11))
    assert [each.rule for each in done.open] == ["data-stays", "waivers"]
    assert done.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "other", [(QUEUE, "aws_sqs_queue.payment"), ("data-stays", "kept-as-long")]
)
def test_a_waiver_of_something_else_covers_nothing_and_is_a_finding(
    tmp_path: Path, other: tuple[str, str]
) -> None:
    done = reviewed(tmp_path, WAIVER.replace(*other))
    assert [each.rule for each in done.open] == ["data-stays", "waivers"]


def test_a_waiver_may_be_of_use_to_plans_that_were_not_looked_at(tmp_path: Path) -> None:
    done = reviewed(tmp_path, WAIVER.replace(QUEUE, "aws_sqs_queue.other"), is_whole=False)
    assert [each.rule for each in done.open] == ["data-stays"]


def test_a_waiver_that_names_a_stack_holds_there_only(tmp_path: Path) -> None:
    assert reviewed(tmp_path, WAIVER + 'stack = "pipeline"\n').verdict is Verdict.PASS
    elsewhere = reviewed(tmp_path, WAIVER + 'stack = "bootstrap"\n')
    assert [each.rule for each in elsewhere.open] == ["data-stays"]


def test_a_waiver_holds_in_its_environments_only(tmp_path: Path) -> None:
    in_dev = WAIVER + 'environments = ["dev"]\n'
    assert [each.rule for each in reviewed(tmp_path, in_dev).open] == ["data-stays"]
    dev = Deployment("dev", "dev")
    assert reviewed(tmp_path, in_dev, deployment=dev).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waiver", "not TOML"),
        ("[[waivers]]", "waivers"),
        (WAIVER.replace("until = 2026-03-10", ""), "until"),
        (WAIVER.replace("2026-03-10", '"soon"'), "until"),
        (WAIVER.replace("Emptied before the deploy", "ok"), "reason"),
        (WAIVER.replace("data-stays", "data-goes"), "data-goes"),
        (WAIVER.replace("2026-03-10", "2026-05-31"), "90 days"),
        (WAIVER + 'owner = "me"', "owner"),
    ],
)
def test_a_malformed_waiver_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(text)
    with pytest.raises(WaiverError, match=said):
        read_waivers(path, rules=list(RULES), today=TODAY)


def test_a_waiver_may_end_in_ninety_days(tmp_path: Path) -> None:
    assert reviewed(tmp_path, WAIVER.replace("2026-03-10", "2026-05-30")).verdict is Verdict.PASS


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match="does not exist"):
        read_waivers(tmp_path / "none.toml", rules=list(RULES), today=TODAY)
