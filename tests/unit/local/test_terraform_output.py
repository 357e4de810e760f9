import pytest

from local import terraform_output
from local.terraform_output import TerraformProgress

# As the CDKTF CLI 0.21 prints it: in colour, the stack's name before the first of its lines.
OUTPUT = (
    "storage  \x1b[0m\x1b[1mInitializing the backend...\x1b[0m",
    "storage  \x1b[1m  # aws_kms_key.key\x1b[0m will be created",
    "         \x1b[1mPlan:\x1b[0m 2 to add, 1 to change, 0 to destroy.",
    "storage  \x1b[0m\x1b[1maws_kms_key.key: Creation complete after 12s [id=1]\x1b[0m",
    "         \x1b[1maws_s3_bucket.bucket: Modifications complete after 0s [id=2]\x1b[0m",
    "pipeline  \x1b[0m\x1b[1maws_sqs_queue.dlq: Still creating... [20s elapsed]\x1b[0m",
    "storage  \x1b[0m\x1b[1maws_sns_topic.topic: Still creating... [20s elapsed]\x1b[0m",
)


def test_the_plan_and_how_far_it_is_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terraform_output, "EVERY_SECONDS", 0)
    progress = TerraformProgress()

    for line in OUTPUT:
        progress.see(line)

    told = capsys.readouterr().out.splitlines()
    assert told[0] == "  storage: 2 to add, 1 to change, 0 to destroy"
    assert told[-1] == "  storage: 2 of 3 done"


def test_it_is_not_told_all_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TerraformProgress()

    for line in OUTPUT:
        progress.see(line)

    assert capsys.readouterr().out == "  storage: 2 to add, 1 to change, 0 to destroy\n"
