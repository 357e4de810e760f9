"""Who holds the lock of a state: two deployments at once would overwrite each other's state."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from delivery.target import DeliveryError, Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Lock:
    """What Terraform wrote into the lock file when it took the lock.

    https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
    """

    stack: str
    lock_id: str
    who: str
    doing: str
    since: datetime

    def explained(self, environment: str, now: datetime) -> str:
        """Return who holds it, since when, and what to do."""
        return (
            f"Somebody else is changing {environment}: the state of {self.stack} is locked.\n"
            f"  by:    {self.who}\n"
            f"  since: {self.since:%Y-%m-%d %H:%M:%S} UTC ({_ago(now - self.since)} ago)\n"
            f"  for:   {self.doing}\n"
            "Wait until that is done, and run this again; this run has changed nothing.\n"
            "A process that was killed leaves its lock behind. Only when you know that it is gone:"
            f"\n  make unlock ENVIRONMENT={environment} STACK={self.stack} LOCK={self.lock_id}"
        )


def locks_of(target: Target, stacks: Sequence[str], client: "S3Client") -> list[Lock]:
    """Return the locks that are held on the states of some stacks."""
    found = []
    for stack in stacks:
        key = f"{target.state_key(stack)}.tflock"
        try:
            body = client.get_object(Bucket=target.state_bucket, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "NoSuchKey":
                continue
            if code == "NoSuchBucket":
                raise DeliveryError(
                    f"There is no bucket {target.state_bucket} for the state. Once per account: "
                    f"make bootstrap ENVIRONMENT={target.settings.environment}"
                ) from None
            raise
        found.append(_read(stack, body))
    return found


def refuse_locked(target: Target, stacks: Sequence[str]) -> None:
    """Raise DeliveryError, which says who holds it, if the state of one of the stacks is locked."""
    held = locks_of(target, stacks, target.s3())
    if held:
        now = datetime.now(UTC)
        raise DeliveryError("\n\n".join(each.explained(target.name, now) for each in held))


def _read(stack: str, body: bytes) -> Lock:
    """Read a lock file; what Terraform did not write is unknown, but still a lock."""
    try:
        info = json.loads(body)
        return Lock(
            stack,
            info["ID"],
            info["Who"],
            info["Operation"].removeprefix("OperationType").lower(),
            # With nanoseconds, of which Python reads six digits.
            datetime.fromisoformat(info["Created"]).astimezone(UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError(
            f"The state of {stack} is locked by something that is not Terraform: the lock file "
            f"reads {body[:200]!r}. See who wrote it before you delete it."
        ) from None


def _ago(passed: timedelta) -> str:
    """Return a span of time in its largest unit.

    Examples
    --------
    >>> _ago(timedelta(minutes=61))
    '1 h'
    """
    for unit, length in (("h", HOUR), ("min", MINUTE)):
        if passed >= length:
            return f"{passed // length} {unit}"
    return f"{max(0, int(passed.total_seconds()))} s"
