"""Two people who deploy at once: one of them is told who is in the way, and nothing happens."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws import client
from local.backends import choose_backend
from local.processes import wait_for
from local.settings import ROOT, settings_from_environment
from local.tools import SYNTHESISED, tool_environment

LOCK = {
    "Bucket": "terraform-state-bucket-local-000000000000",
    "Key": "local/storage.tfstate.tflock",
}


@pytest.fixture(scope="module")
def lock() -> Iterator[dict[str, str]]:
    """The lock of somebody who has been asked whether to change the storage stack."""
    settings = settings_from_environment()
    s3 = client("s3", settings)
    variables = tool_environment(settings, choose_backend(settings))
    terraform = ["terraform", f"-chdir={SYNTHESISED / 'storage'}"]
    subprocess.run(
        [*terraform, "init", "-input=false"], env=variables, check=True, stdout=subprocess.DEVNULL
    )

    def is_held() -> bool:
        try:
            s3.head_object(**LOCK)
        except s3.exceptions.ClientError:
            return False
        return True

    with subprocess.Popen(
        [*terraform, "apply", "-replace=aws_s3_bucket_ownership_controls.audit-bucket-ownership"],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as somebody:
        assert wait_for(is_held, 60)
        yield json.loads(s3.get_object(**LOCK)["Body"].read())
        said, _ = somebody.communicate("no\n")
    assert "Apply cancelled" in said
    assert not is_held()


def test_who_deploys_second_is_told_who_is_first(lock: dict[str, str]) -> None:
    # when
    done = run("delivery", "deploy", "--yes")
    # then
    assert done.returncode == 1
    assert done.stderr.startswith("error: Somebody else is changing local: the state of storage")
    assert f"by:    {lock['Who']}" in done.stderr
    assert f"since: {lock['Created'][:10]} {lock['Created'][11:19]} UTC" in done.stderr
    assert "for:   apply" in done.stderr
    assert f"make unlock ENVIRONMENT=local STACK=storage LOCK={lock['ID']}" in done.stderr
    assert "Traceback" not in done.stderr


def test_cdktf_says_so_in_terraforms_own_words(lock: dict[str, str]) -> None:
    # when
    done = run("local", "cdktf", "deploy", "storage", "--auto-approve")
    # then
    assert done.returncode != 0
    assert "Error acquiring the state lock" in done.stdout + done.stderr
    assert lock["Who"] in done.stdout + done.stderr
    assert lock["ID"] in done.stdout + done.stderr


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the project's commands for the environment `local`."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=Path(ROOT),
        env=os.environ | {"ENVIRONMENT": "local"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
