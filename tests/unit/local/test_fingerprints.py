"""A stack is told from every other by its files, and by its state wherever that is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local import fingerprints
from local.settings import LocalSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, KEY = "state-bucket", "local/storage.tfstate"


def a_stack(folder: Path, backend: dict[str, object]) -> Path:
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"backend": backend}}))
    return folder


@pytest.mark.parametrize("path", ["cdk.tf.json", "assets/function.zip", "new.json"])
def test_another_file_is_another_stack(tmp_path: Path, path: str) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/function.zip").touch()
    before = fingerprints.of_files(a_stack(tmp_path, {}))

    (tmp_path / path).write_text("changed")

    assert fingerprints.of_files(tmp_path) != before


def test_what_terraform_keeps_beside_it_is_not_the_stack(tmp_path: Path) -> None:
    before = fingerprints.of_files(a_stack(tmp_path, {}))

    (tmp_path / ".terraform/providers").mkdir(parents=True)
    (tmp_path / ".terraform/providers/aws").touch()
    (tmp_path / ".terraform.lock.hcl").touch()

    assert fingerprints.of_files(tmp_path) == before


def test_the_state_in_a_file(tmp_path: Path) -> None:
    state = tmp_path / "bootstrap.tfstate"
    stack = a_stack(tmp_path, {"local": {"path": str(state)}})
    assert fingerprints.of_state(stack, LocalSettings()) is None
    state.write_text("1")
    first = fingerprints.of_state(stack, LocalSettings())
    assert first
    assert fingerprints.of_state(stack, LocalSettings()) == first
    state.write_text("2")
    assert fingerprints.of_state(stack, LocalSettings()) not in (None, first)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-2")
        monkeypatch.setattr(fingerprints, "client", lambda *_: client)
        yield client


def test_the_state_in_a_bucket(tmp_path: Path, s3: "S3Client") -> None:
    stack = a_stack(tmp_path, {"s3": {"bucket": BUCKET, "key": KEY}})
    assert fingerprints.of_state(stack, LocalSettings()) is None
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    assert fingerprints.of_state(stack, LocalSettings()) is None
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"1")
    first = fingerprints.of_state(stack, LocalSettings())
    assert first
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"2")
    assert fingerprints.of_state(stack, LocalSettings()) not in (None, first)


def test_a_state_that_cannot_be_looked_at_is_no_state_that_is_not_there(
    tmp_path: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ClientError({"Error": {"Code": "403"}}, "HeadObject")
    monkeypatch.setattr(s3, "head_object", Mock(side_effect=refused))
    stack = a_stack(tmp_path, {"s3": {"bucket": BUCKET, "key": KEY}})
    with pytest.raises(ClientError, match="403"):
        fingerprints.of_state(stack, LocalSettings())
