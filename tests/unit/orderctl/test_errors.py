"""What goes wrong with AWS, or on the way to it, is a sentence and an exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from typer.testing import CliRunner

from orderctl.__main__ import app
from orderctl.deployment import Deployment
from orderctl.errors import sentence_of

ROOT = Path(__file__).resolve().parents[3]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "AWS's words."}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "There are no AWS credentials: sign in again"),
        (ProfileNotFound(profile="ann"), "AWS_PROFILE"),
        (TokenRetrievalError(provider="sso", error_msg="over"), "sign in again"),
        (EndpointConnectionError(endpoint_url="http://localhost:4566"), "is LocalStack running"),
        (EndpointConnectionError(endpoint_url="https://sqs.aws"), "can AWS be reached"),
        (refused("ExpiredTokenException"), "The credentials are no longer valid"),
        (refused("AccessDeniedException"), "These credentials are not allowed to do that."),
        (refused("ThrottlingException"), "try again in a moment"),
        (refused("ResourceNotFoundException"), "Is it deployed"),
        (refused("ValidationException"), "GetItem was refused (ValidationException): AWS's words."),
    ],
    ids=str,
)
def test_an_error_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: BotoCoreError | ClientError, said: str
) -> None:
    assert said in sentence_of(error)

    def fail() -> Deployment:
        raise error

    monkeypatch.setattr(Deployment, "from_environment", fail)
    for arguments in (["overdue"], ["dlq", "list"], ["stock", "show", "TEA"]):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1, arguments
        assert said in done.stderr
        assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ENVIRONMENT": "prdo"}, "it must be one of local, dev, staging, prod"),
        ({"ENVIRONMENT": "local", "LOCAL_PORT": "http"}, "LOCAL_PORT is 'http'; it must be"),
        ({"ENVIRONMENT": "local", "PAYMENT_PORT": "99999"}, "a port number, 1 to 65535."),
    ],
)
def test_a_deployment_that_cannot_be_is_2(variables: dict[str, str], said: str) -> None:
    done = CliRunner(env=variables).invoke(app, ["health"])
    assert done.exit_code == 2, done.output
    assert said in done.stderr


def test_the_real_command_ends_without_a_traceback_where_nothing_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orderctl", "show", "ORD-1"],
        cwd=ROOT,
        env={"LOCAL_PORT": "9", "PATH": os.environ["PATH"], "AWS_MAX_ATTEMPTS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "is LocalStack running" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
