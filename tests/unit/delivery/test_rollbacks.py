"""A plan is applied only while what is live is what it was made of."""

import io
import json
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from delivery import ci, reviewed
from delivery.rollbacks import refuse_rolled_back
from delivery.target import DeliveryError, Target
from tests.unit.delivery.fakes import a_target

FUNCTION = "payment-function-dev"
PARAMETER = "release-parameter-dev"
RELEASE = '{"versions":{"payment":"2"}}'


@pytest.fixture
def plan(aws: None, tmp_path: Path) -> Path:
    """A plan of another function, made when version 2 of payment was live; it still is."""
    role = boto3.client("iam").create_role(RoleName="payment", AssumeRolePolicyDocument="{}")
    functions = boto3.client("lambda")
    functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="handler.handler",
        Code={"ZipFile": zipped("1")},
    )
    for code in ("1", "2"):
        functions.update_function_code(FunctionName=FUNCTION, ZipFile=zipped(code), Publish=True)
    functions.create_alias(FunctionName=FUNCTION, Name="live", FunctionVersion="2")
    record(RELEASE)
    alias = {"function_name": FUNCTION, "name": "live", "function_version": "2"}
    written = tmp_path / "pipeline.json"
    written.write_text(
        json.dumps(
            {
                "resource_changes": [
                    {
                        "type": "aws_lambda_alias",
                        "change": {"actions": ["no-op"], "before": alias, "after": alias},
                    },
                    {
                        "type": "aws_ssm_parameter",
                        "change": {
                            "actions": ["update"],
                            "before": {"name": PARAMETER, "value": RELEASE},
                        },
                    },
                    {
                        "type": "aws_lambda_alias",
                        "change": {"actions": ["create"], "before": None},
                    },
                ]
            }
        )
    )
    return written


def zipped(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", code)
    return packed.getvalue()


def record(release: str) -> None:
    boto3.client("ssm").put_parameter(
        Name=PARAMETER, Type="SecureString", Value=release, Overwrite=True
    )


def move(version: str) -> None:
    boto3.client("lambda").update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=version)


def test_a_plan_of_what_is_live_is_applied(plan: Path) -> None:
    refuse_rolled_back(a_target(), plan)


def test_an_alias_that_was_moved_since_stops_it(plan: Path) -> None:
    move("1")
    with pytest.raises(
        DeliveryError, match="dev was rolled back since this was planned"
    ) as refused:
        refuse_rolled_back(a_target(), plan)
    assert f"{FUNCTION} is at version 1; it was at 2" in str(refused.value)


def test_a_rollback_on_record_stops_it_wherever_the_aliases_are(plan: Path) -> None:
    rolled_back = '{"versions":{"payment":"1"},"rollback":{"of":"payment","from":{"payment":"2"}}}'
    record(rolled_back)
    with pytest.raises(DeliveryError) as refused:
        refuse_rolled_back(a_target(), plan)
    assert f"{PARAMETER} is {rolled_back}; it was {RELEASE}" in str(refused.value)


def test_what_is_gone_since_stops_it(plan: Path) -> None:
    boto3.client("lambda").delete_alias(FunctionName=FUNCTION, Name="live")
    boto3.client("ssm").delete_parameter(Name=PARAMETER)
    with pytest.raises(DeliveryError) as refused:
        refuse_rolled_back(a_target(), plan)
    assert f"{FUNCTION} is at version none; it was at 2" in str(refused.value)
    assert f"{PARAMETER} is gone; it was" in str(refused.value)


def test_what_cannot_be_read_is_not_taken_for_gone(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forbidden:
        def get_alias(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAlias")

    monkeypatch.setattr(Target, "client", lambda _target, _service: Forbidden())
    with pytest.raises(ClientError, match="AccessDenied"):
        refuse_rolled_back(a_target(), plan)


def test_nothing_is_applied_after_a_rollback(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a plan that passes everything else
    (tmp_path / "verdict.json").write_text('{"exit_status": 0}')
    (tmp_path / "review.md").write_text("# Review")
    monkeypatch.setattr(ci, "AGAIN", tmp_path)
    monkeypatch.setattr(ci, "synthesise", lambda _target: None)
    monkeypatch.setattr(ci, "refuse_locked", lambda _target, _stacks: None)
    monkeypatch.setattr(ci, "_review", lambda _target, *_arguments: ci.Verdict.PASS)
    monkeypatch.setattr(reviewed, "check_same", lambda _target, _packed: None)
    monkeypatch.setattr(reviewed, "initialise", lambda _target, _packed: None)
    monkeypatch.setattr(reviewed, "show", lambda _target, _packed, _folder: [plan])
    target = a_target()
    # when
    move("1")
    with pytest.raises(DeliveryError, match="rolled back since"):
        ci.apply(target, tmp_path)
    # then
    assert target.ran == []
    # and when it is taken back
    move("2")
    assert ci.apply(target, tmp_path) == 0
    assert [command[:2] for command in target.ran] == [("storage", "apply"), ("pipeline", "apply")]
