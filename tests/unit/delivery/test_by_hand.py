import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from delivery import by_hand
from delivery.locks import Lock, locks_of
from delivery.target import SHARED_STACKS, DeliveryError
from local.settings import STATE
from stacks import base
from tests.stacks.synthesised import settings_of
from tests.unit.delivery.fakes import FakeTarget, a_target

BUCKET = "terraform-state-bucket-dev-123456789012"
LOCK = {
    "ID": "3f0c9a1e-1111-2222-3333-444444444444",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ann@laptop",
    "Version": "1.11.4",
    "Created": "2026-11-22T01:02:03.123456789Z",
    "Path": f"{BUCKET}/dev/pipeline.tfstate",
}


@pytest.fixture
def bucket(aws: None) -> str:
    boto3.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    return BUCKET


def lock(content: str = json.dumps(LOCK)) -> None:
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key="dev/pipeline.tfstate.tflock", Body=content.encode()
    )


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("command", [by_hand.deploy, by_hand.destroy])
def test_nothing_runs_while_somebody_else_holds_a_lock(command: object) -> None:
    # given
    lock()
    target = a_target()
    # when
    with pytest.raises(DeliveryError) as refused:
        command(target, ask=False)  # type: ignore[operator]
    # then
    said = str(refused.value)
    assert "the state of pipeline is locked" in said
    assert "by:    ann@laptop" in said
    assert "since: 2026-11-22 01:02:03 UTC" in said
    assert "for:   apply" in said
    assert f"make unlock ENVIRONMENT=dev STACK=pipeline LOCK={LOCK['ID']}" in said
    assert target.ran == []


@pytest.mark.usefixtures("bucket")
def test_somebody_who_was_quicker_is_named_too() -> None:
    target = a_target(status=1, while_running=lock)
    with pytest.raises(DeliveryError, match="by:    ann@laptop"):
        by_hand.deploy(target, ask=False)
    assert target.ran == [("deploy", "storage", "pipeline", "--auto-approve", *skipped(target))]


@pytest.mark.usefixtures("bucket")
def test_a_failure_of_another_kind_is_left_to_the_tool_to_explain() -> None:
    assert by_hand.deploy(a_target(status=3), ask=True) == 3


@pytest.mark.usefixtures("bucket")
def test_a_lock_that_is_not_terraforms_is_told_as_it_is() -> None:
    lock("mine!")
    with pytest.raises(DeliveryError, match="the lock file reads b'mine!'"):
        by_hand.deploy(a_target(), ask=False)


@pytest.mark.usefixtures("aws")
def test_an_account_without_bootstrap_is_told_so() -> None:
    with pytest.raises(DeliveryError, match="make bootstrap ENVIRONMENT=dev"):
        by_hand.deploy(a_target(), ask=False)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=0.4), "(0 s ago)"),
        (timedelta(seconds=59), "(59 s ago)"),
        (timedelta(minutes=61), "(1 h ago)"),
        (timedelta(minutes=5), "(5 min ago)"),
        (timedelta(seconds=-3), "(0 s ago)"),  # the clocks differ
    ],
)
def test_how_long_a_lock_is_held_is_told(passed: timedelta, said: str) -> None:
    since = datetime(2026, 11, 22, tzinfo=UTC)
    held = Lock("storage", "id", "ann@laptop", "plan", since)
    assert said in held.explained("dev", since + passed)


@pytest.mark.usefixtures("bucket")
def test_without_a_lock_there_is_none() -> None:
    target = a_target()
    assert locks_of(target, SHARED_STACKS, target.s3()) == []


@pytest.mark.usefixtures("bucket")
def test_an_account_whose_bootstrap_state_is_lost_is_not_bootstrapped_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given
    monkeypatch.setattr(base, "PROJECT", tmp_path)
    target = a_target()
    # when
    with pytest.raises(DeliveryError, match="make bootstrap-recover ENVIRONMENT=dev"):
        by_hand.bootstrap(target, ask=False)
    # then
    assert target.ran == []


@pytest.mark.usefixtures("aws")
def test_an_empty_account_is_bootstrapped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(base, "PROJECT", tmp_path)
    target = a_target()
    assert by_hand.bootstrap(target, ask=True) == 0
    assert target.ran == [("deploy", "bootstrap", *skipped(target))]
    state = by_hand.state_of_bootstrap(target)
    assert state == tmp_path / "terraform.bootstrap.dev.123456789012.tfstate"


def test_bootstraps_state_on_localstack_is_in_the_folder_of_its_port() -> None:
    target = FakeTarget(settings_of("local", LOCAL_ENDPOINT="http://localhost:4666"), {})
    assert by_hand.state_of_bootstrap(target) == STATE / "4666/terraform.bootstrap.tfstate"


def skipped(target: FakeTarget) -> list[str]:
    """Return the option that depends on where this machine has its provider from."""
    return [word for word in target.ran[0] if word == "--skip-provider-lock"]
