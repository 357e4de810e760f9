"""What goes wrong with a command, told to a person: one sentence, and the exit status."""

from contextlib import nullcontext
from typing import Any

import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from typer.core import TyperGroup

from orderctl.logs import told_in_sentences
from orderctl.terminal import complain

FAILED, NOT_THERE, UNREAD = 1, 2, 3
"""Something failed or differs; something was asked for that does not exist, or is not possible; all
that could be read is well, but something could not be."""

_SIGN_IN = "sign in again (for example with `aws sso login`), or set AWS_PROFILE"

_OF_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_OF_PERMISSIONS = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)
_OF_THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_OF_WHAT_IS_MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


class OrderctlError(Exception):
    """What is expected to go wrong; the message is for a person."""

    exit_code = FAILED


class NotDeployedError(OrderctlError):
    """What a command is about is not there."""

    exit_code = NOT_THERE


class WrongEnvironmentError(OrderctlError):
    """The variables name no deployment."""

    exit_code = NOT_THERE


class Commands(TyperGroup):
    """Commands whose expected errors are sentences, never tracebacks."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed."""
        try:
            # A group of commands runs within the one that it belongs to.
            with told_in_sentences() if ctx.parent is None else nullcontext():
                return super().invoke(ctx)
        except OrderctlError as error:
            complain(error)
            raise typer.Exit(error.exit_code) from None
        except (BotoCoreError, ClientError) as error:
            complain(sentence_of(error))
            raise typer.Exit(FAILED) from None


def sentence_of(error: BotoCoreError | ClientError) -> str:
    """Return what a person should know of an error of AWS, or of the way to it."""
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return f"There are no AWS credentials: {_SIGN_IN}."
        case TokenRetrievalError() | SSOError():
            return f"The AWS credentials cannot be used ({error}): {_SIGN_IN}."
        case ProfileNotFound():
            return f"{error}: AWS_PROFILE names it."
        case EndpointConnectionError() | ConnectTimeoutError() | ReadTimeoutError():
            return _unreachable(str(error.kwargs.get("endpoint_url", "AWS")))
        case ClientError():
            return _refused(error)
    return str(error)


def _unreachable(address: str) -> str:
    if "localhost" in address or "127.0.0.1" in address:
        return (
            f"Nothing answers at {address}: is LocalStack running (`make local-deploy`), "
            "and is LOCAL_PORT its port? For a deployment on AWS, set ENVIRONMENT."
        )
    return f"Nothing answers at {address}: can AWS be reached from here?"


def _refused(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    said = error.response.get("Error", {}).get("Message", "") or "no reason given"
    refused = f"{error.operation_name} was refused ({code}): {said.rstrip('.')}."
    if code in _OF_CREDENTIALS:
        return f"{refused} The credentials are no longer valid: {_SIGN_IN}."
    if code in _OF_PERMISSIONS:
        return f"{refused} These credentials are not allowed to do that."
    if code in _OF_THROTTLING:
        return f"{refused} AWS is throttling calls: try again in a moment, which is safe."
    if code in _OF_WHAT_IS_MISSING:
        return f"{refused} Is it deployed, and does ENVIRONMENT name it?"
    return refused
