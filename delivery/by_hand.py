"""What a person does: bootstrap an account, deploy, destroy, take a lock away."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from botocore.exceptions import ClientError

from delivery.locks import refuse_locked
from delivery.target import SHARED_STACKS, DeliveryError, Target
from local.tools import cdktf_command
from stacks.base import state_file

BOOTSTRAP = "bootstrap"


def bootstrap(target: Target, *, ask: bool) -> int:
    """Make what an account needs once; safe to repeat, and needed again when it has changed."""
    if not state_of_bootstrap(target).exists() and _bucket_exists(target):
        raise DeliveryError(
            f"The account is bootstrapped: there is the bucket {target.state_bucket}. But the state"
            f" of that, {state_of_bootstrap(target)}, is not here. Get it from whoever has it, or"
            " have it made again from what is in the account:"
            f" make bootstrap-recover ENVIRONMENT={target.settings.environment}"
        )
    return _cdktf(target, "deploy", [BOOTSTRAP], ask=ask)


def deploy(target: Target, *, ask: bool) -> int:
    """Deploy everything but what the account has once."""
    return _guarded(target, "deploy", ask=ask)


def destroy(target: Target, *, ask: bool) -> int:
    """Destroy everything but what the account has once, with the data."""
    return _guarded(target, "destroy", ask=ask)


def unlock(target: Target, stack: str, lock_id: str) -> int:
    """Take a lock away that nobody holds any more."""
    synthesise(target)
    target.must(stack, "init", "-input=false")
    print(target.must(stack, "force-unlock", "-force", lock_id).strip())
    return 0


def synthesise(target: Target) -> None:
    """Synthesise every stack.

    Raises
    ------
    DeliveryError
        If that fails; the tool has said why.
    """
    if target.run(cdktf_command(["synth"])):
        raise DeliveryError("The stacks could not be synthesised.")


def state_of_bootstrap(target: Target) -> Path:
    """Return the file that keeps the state of the bootstrap stack."""
    return state_file(target.settings, BOOTSTRAP)


def _guarded(target: Target, command: str, *, ask: bool) -> int:
    """Run the CDKTF CLI for the stacks with a shared state, and say who is in the way if one is."""
    refuse_locked(target, SHARED_STACKS)
    status = _cdktf(target, command, SHARED_STACKS, ask=ask)
    if status:
        # Somebody else may have been quicker. Terraform has said so in its own words above.
        refuse_locked(target, SHARED_STACKS)
    return status


def _cdktf(target: Target, command: str, stacks: Sequence[str], *, ask: bool) -> int:
    arguments = [command, *stacks, *([] if ask else ["--auto-approve"])]
    with _leaving_interruption_to_the_tool():
        return target.run(cdktf_command(arguments))


@contextmanager
def _leaving_interruption_to_the_tool() -> Iterator[None]:
    """Let Ctrl-C reach the tool only, which then ends in order, its lock released."""

    def ignored(_signal: int, _frame: FrameType | None) -> None:
        """Do nothing. Not SIG_IGN, which the tool would inherit."""

    before = signal.signal(signal.SIGINT, ignored)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _bucket_exists(target: Target) -> bool:
    try:
        target.s3().head_bucket(Bucket=target.state_bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"404", "NoSuchBucket"}:
            return False
        raise
    return True
