"""Whoever wrote a file is told what is allowed in it, not what a library makes of it."""

from datetime import date
from pathlib import Path

import pytest

from plan_review.plan import Plan, PlanError
from plan_review.waivers import WaiverError, read_waivers

WAIVER = {
    "rule": '"data-stays"',
    "address": '"aws_sqs_queue.payment"',
    "reason": '"Emptied before the deploy"',
    "until": "2026-03-10",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('waiver = "all"', "waiver must be a list"),
        ('waiver = ["all"]', "waiver.0 must be a table"),
        *(
            ("[[waiver]]\n" + "\n".join(f"{k} = {v}" for k, v in (WAIVER | other).items()), said)
            for other, said in (
                ({"rule": "3"}, "waiver.0.rule must be text"),
                ({"reason": '"short"'}, "waiver.0.reason must have at least 10 characters"),
                ({"until": '"soon"'}, "waiver.0.until must be a day such as"),
                ({"until": "true"}, "waiver.0.until must be a day such as"),
                ({"environments": '"dev"'}, "waiver.0.environments must be a list"),
                ({"owner": '"pipeline"'}, "waiver.0.owner is not known here"),
            )
        ),
        ("[[waiver]]", "waiver.0.rule is missing"),
    ],
)
def test_a_waiver_s_fault_is_told_by_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "waivers.toml"
    path.write_text(text)
    with pytest.raises(WaiverError, match=said) as raised:
        read_waivers(path, rules=["data-stays"], today=date(2026, 3, 1))
    assert "Input" not in str(raised.value)


def test_a_plan_s_fault_is_told_likewise() -> None:
    with pytest.raises(PlanError, match="resource_changes must be a list") as raised:
        Plan.read('{"format_version": "1.2", "resource_changes": {}}')
    assert "Input" not in str(raised.value)
