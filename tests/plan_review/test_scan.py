"""What checkov finds counts unless a skip with a reason covers it, and each skip must be of use."""

from pathlib import Path

import pytest

from plan_review.findings import Finding, Verdict
from plan_review.scan import Failure, ScanError, Skip, judged, read_skips

ROOT = Path(__file__).resolve().parents[2]
QUEUE, TOPIC = "aws_sqs_queue.payment-queue", "aws_sns_topic.events-topic"
FAILURES = [
    Failure("pipeline", "CKV_AWS_27", "Ensure queues are encrypted", QUEUE),
    Failure("pipeline", "CKV_AWS_26", "Ensure topics are encrypted", TOPIC),
]
REASON = "It is encrypted by other means"


def found(*skips: Skip, environment: str = "prod", is_first_deploy: bool = True) -> list[Finding]:
    return list(judged(FAILURES, skips, environment=environment, is_first_deploy=is_first_deploy))


def test_each_failed_check_fails_the_review() -> None:
    assert [(each.verdict, each.address) for each in found()] == [
        (Verdict.FAIL, QUEUE),
        (Verdict.FAIL, TOPIC),
    ]


def test_a_skip_covers_its_check() -> None:
    skip = Skip(check="CKV_AWS_27", reason=REASON)
    assert [each.address for each in found(skip)] == [TOPIC]


def test_a_skip_covers_its_addresses_only_and_each_must_be_of_use() -> None:
    skip = Skip(check="CKV_AWS_27", reason=REASON, addresses=(QUEUE, "aws_sqs_queue.gone"))
    assert [(each.rule, each.address) for each in found(skip)] == [
        ("checkov", TOPIC),
        ("checkov-skips", "aws_sqs_queue.gone"),
    ]


def test_a_skip_holds_in_its_environments_only() -> None:
    skip = Skip(check="CKV_AWS_27", reason=REASON, environments=("dev",))
    assert [each.rule for each in found(skip)] == ["checkov", "checkov"]
    assert [each.address for each in found(skip, environment="dev")] == [TOPIC]


def test_a_skip_for_what_is_deployed_need_not_be_of_use_before() -> None:
    skip = Skip(check="CKV_AWS_1", reason=REASON, only_deployed=True)
    assert [each.rule for each in found(skip)] == ["checkov", "checkov"]


def test_a_skip_of_nothing_is_found_on_a_first_deploy() -> None:
    skip = Skip(check="CKV_AWS_1", reason=REASON)
    assert [each.rule for each in found(skip)] == ["checkov", "checkov", "checkov-skips"]
    assert [each.rule for each in found(skip, is_first_deploy=False)] == ["checkov", "checkov"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[skip]", "not TOML"),
        ('[[skip]]\ncheck = "CKV_AWS_1"', "reason"),
        ('[[skip]]\ncheck = "CKV_AWS_*"\nreason = "because it is so"', "check"),
        ('[[skip]]\ncheck = "CKV_AWS_1"\nreason = "no"', "reason"),
        ('[[skips]]\ncheck = "CKV_AWS_1"', "skips"),
    ],
)
def test_a_malformed_file_of_skips_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "skips.toml"
    path.write_text(text)
    with pytest.raises(ScanError, match=said):
        read_skips(path)


def test_the_project_s_skips_can_be_read_and_each_check_is_skipped_once_at_an_address() -> None:
    skips = read_skips(ROOT / "checkov-skips.toml")
    assert skips
    places = [(each.check, place) for each in skips for place in each.addresses or ("",)]
    assert len({*places}) == len(places)
