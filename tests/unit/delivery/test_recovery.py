import json
from collections.abc import Sequence
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.credentials import CredentialResolver
from botocore.exceptions import NoCredentialsError

from delivery import recovery
from delivery.target import DeliveryError
from stacks import base
from tests.stacks.synthesised import settings_of, synthesise
from tests.unit.delivery.fakes import Answer, FakeTarget, a_target

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> recovery.Resources:
    """The bootstrap stack as it is synthesised."""
    stacks = synthesise(settings_of("dev"), tmp_path_factory.mktemp("dev")).stacks
    resources: recovery.Resources = stacks["bootstrap"]["resource"]
    return resources


@pytest.fixture
def _synthesised(
    stack: recovery.Resources, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap/cdk.tf.json").write_text(json.dumps({"resource": stack}))
    monkeypatch.setattr(recovery, "SYNTHESISED", tmp_path)
    monkeypatch.setattr(base, "PROJECT", tmp_path)


def test_every_resource_of_bootstrap_is_known_by_something(stack: recovery.Resources) -> None:
    found = dict(recovery.identities(stack, ACCOUNT))
    assert len(found) == sum(len(of_kind) for of_kind in stack.values())
    bucket = "terraform-state-bucket-dev-123456789012"
    assert found["aws_s3_bucket.state-bucket"] == bucket
    assert found["aws_s3_bucket_policy.state-bucket-policy"] == bucket
    assert found["aws_ses_email_identity.email-sender"] == "orders@example.com"
    assert found["aws_iam_openid_connect_provider.github"] == (
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    )
    assert found["aws_iam_role_policy_attachment.ci-plan-role-ci-read-storage-policy"] == (
        "ci-plan-role-dev/arn:aws:iam::123456789012:policy/ci-read-storage-policy-dev"
    )
    assert not [each for each in found.values() if "${" in each]


def test_a_kind_that_nobody_thought_of_is_named() -> None:
    with pytest.raises(DeliveryError, match="How a aws_new_thing is imported"):
        list(recovery.identities({"aws_new_thing": {"it": {}}}, ACCOUNT))


@pytest.mark.usefixtures("aws", "_synthesised")
def test_what_is_there_is_imported_and_what_is_not_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # given
    def without_sender(_stack: str, arguments: Sequence[str]) -> Answer:
        missing = "aws_ses_email_identity.email-sender" in arguments
        return (
            (1, "", "Error: Cannot import non-existent remote object") if missing else (0, "", "")
        )

    target = a_target(without_sender)
    # when
    assert recovery.recover(target) == 0
    # then
    said = capsys.readouterr().out
    assert "not there: aws_ses_email_identity.email-sender orders@example.com" in said
    assert "found: aws_s3_bucket.state-bucket" in said
    assert "make bootstrap ENVIRONMENT=dev" in said


@pytest.mark.usefixtures("aws", "_synthesised")
def test_nothing_is_tried_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    session = botocore.session.Session()
    session.register_component("credential_provider", CredentialResolver([]))
    monkeypatch.setattr(boto3, "client", boto3.Session(botocore_session=session).client)
    target = a_target()
    with pytest.raises(NoCredentialsError):
        recovery.recover(target)
    assert target.ran == []


@pytest.mark.usefixtures("aws", "_synthesised")
def test_what_cannot_be_imported_for_another_reason_ends_it() -> None:
    def denied(_stack: str, arguments: Sequence[str]) -> Answer:
        return (1, "", "Error: AccessDenied") if arguments[0] == "import" else (0, "", "")

    with pytest.raises(DeliveryError, match="AccessDenied"):
        recovery.recover(a_target(denied))


@pytest.mark.usefixtures("aws", "_synthesised")
def test_a_state_that_is_here_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "terraform.bootstrap.dev.123456789012.tfstate").write_text("{}")
    target: FakeTarget = a_target()
    with pytest.raises(DeliveryError, match="The state is here"):
        recovery.recover(target)
    assert target.ran == []
