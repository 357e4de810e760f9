"""How long data and logs are kept: not shorter than before."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

from plan_review.plan import UNKNOWN, Kind, Plan, ResourceChange, State, has_mark
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule

FOR_EVER = float("inf")

KEPT = {
    "aws_cloudwatch_log_group": ("retention_in_days",),
    "aws_dynamodb_table": ("point_in_time_recovery.0.recovery_period_in_days",),
    "aws_kinesis_stream": ("retention_period",),
    "aws_kms_key": ("deletion_window_in_days",),
    "aws_secretsmanager_secret": ("recovery_window_in_days",),
    "aws_sqs_queue": ("message_retention_seconds",),
    "aws_lambda_event_source_mapping": ("maximum_record_age_in_seconds",),
    "aws_lambda_function_event_invoke_config": ("maximum_event_age_in_seconds",),
}
"""Kind → the paths of times; a smaller one is worse."""

NO_LIMIT = {"retention_in_days": 0, "maximum_record_age_in_seconds": -1}
"""What stands for no limit at all."""

LEFT_TO_AWS = {
    ("deletion_window_in_days", None): 30,
    ("maximum_event_age_in_seconds", None): 21600,
    ("maximum_event_age_in_seconds", 0): 21600,  # so the provider reads that nothing is said
    ("recovery_window_in_days", None): 30,
}
"""Path and what stands there for nothing said → what AWS takes then, if it is the most there is."""

SWITCHES = {
    "aws_dynamodb_table": ("point_in_time_recovery.0.enabled", "deletion_protection_enabled"),
}
"""Kind → the paths of what keeps data while it is on."""

_VERSIONS = "versioning_configuration.0.status"

_DELETES = ("status", "expiration", "noncurrent_version_expiration")
"""What of a lifecycle rule says whether and when it deletes."""


@rule(
    "kept-as-long",
    remedy="Leave the time as it is. If less is meant, say why in a waiver: what is older goes at "
    "once, and nothing brings it back.",
)
def kept_as_long(stack: Stack) -> Iterator[Complaint]:
    """A shorter retention deletes at once what was promised to be there for longer.

    That is so for messages and logs, for the points in time that a table can be restored to, and
    for the days in which the deletion of a key or a secret can still be taken back.
    """
    for change, before, after in stack.plan.compared():
        for path in KEPT.get(change.type, ()):
            was, is_now = (
                LEFT_TO_AWS.get((path, value), value)
                for value in (before.value(path), after.value(path))
            )
            if is_now is UNKNOWN:
                if stack.plan.is_configured(change.address, path.partition(".")[0]):
                    yield cannot_judge(change.address, f"{path} is known after the apply only")
            elif was is not None and _length(path, is_now) < _length(path, was):
                yield Complaint(change.address, f"{path} goes down from {was} to {is_now}")
        for path in SWITCHES.get(change.type, ()):
            if before.value(path) is True and after.value(path) in {False, None}:
                yield Complaint(change.address, f"{path} is turned off")


def _length(path: str, value: Any) -> float:
    if value is None or value == NO_LIMIT.get(path):
        return FOR_EVER
    return float(value)


@rule(
    "expires-no-sooner",
    remedy="Leave when items and objects expire as it is, or say in a waiver why less is meant.",
)
def expires_no_sooner(stack: Stack) -> Iterator[Complaint]:
    """Tables and buckets delete by themselves what has expired, without asking again.

    A time to live on another attribute, a new lifecycle rule or fewer days in one, versions that
    are no longer kept: each deletes data that is there today.
    """
    for change, before, after in stack.plan.compared("aws_dynamodb_table"):
        was, is_now = _time_to_live(before), _time_to_live(after)
        if is_now and is_now != was:
            yield Complaint(
                change.address, f"items expire by {is_now!r}, and did so by {was!r} before"
            )
    for change in stack.plan.changes:
        if change.type == "aws_s3_bucket_lifecycle_configuration":
            yield from _of_lifecycle(stack.plan, change)
        if change.type == "aws_s3_bucket_versioning":
            yield from _of_versions(stack.plan, change)


def _of_lifecycle(plan: Plan, change: ResourceChange) -> Iterator[Complaint]:
    """Compare when a bucket's objects are deleted; in a new bucket there is nothing to delete."""
    about = [plan.kind_of.get(each) for each in plan.referred(change.address, "bucket")]
    if change.after is None or Kind.CREATE in about:
        return
    if _is_open_when(change.after.unknown.get("rule")):
        yield cannot_judge(change.address, "its rules are known after the apply only")
        return
    were = [*_lifecycle(change.before)] if change.before else []
    for deletion in _lifecycle(change.after):
        if not any(deletion.is_no_sooner_than(was) for was in were):
            yield Complaint(change.address, f"deletes sooner than before: {deletion.said}")


def _of_versions(plan: Plan, change: ResourceChange) -> Iterator[Complaint]:
    """Look whether a bucket that stays keeps versions as it did."""
    before, after = change.before, change.after
    if before is None or before.value(_VERSIONS) != "Enabled":
        return
    bucket_stays = after or any(
        state.value("bucket") == before.value("bucket") for _, state in plan.all("aws_s3_bucket")
    )
    if bucket_stays and not (after and after.value(_VERSIONS) == "Enabled"):
        yield Complaint(change.address, "what is overwritten or deleted is no longer kept")


def _time_to_live(state: State) -> str | None:
    if state.value("ttl.0.enabled") is True:
        return str(state.value("ttl.0.attribute_name"))
    return None


def _is_open_when(marks: Any) -> bool:
    """Say whether what is unknown of lifecycle rules decides when they delete."""
    if isinstance(marks, list):
        return any(_is_open_when(each) for each in marks)
    if isinstance(marks, dict):
        return has_mark([marks.get(each) for each in _DELETES])
    return has_mark(marks)


class _Deletion(NamedTuple):
    """When a lifecycle rule deletes, and what it leaves all the same: the less, the worse."""

    what: str
    objects: str
    time: Any
    """A number of days, or a date as RFC 3339 writes it: both can be compared."""
    newest: float
    """How many older versions of an object it leaves."""
    said: str

    def is_no_sooner_than(self, other: Self) -> bool:
        """Say whether the other one deletes all that it deletes, whatever the two are called."""
        return (
            (self.what, self.objects) == (other.what, other.objects)
            and self.time >= other.time
            and self.newest >= other.newest
        )


def _lifecycle(state: State) -> Iterator[_Deletion]:
    """Yield when each enabled rule of a lifecycle deletes something, and of which objects.

    A date is no number of days, so the two are not compared.
    """
    for rule_ in _blocks(state.value("rule")):
        if rule_.get("status") != "Enabled":
            continue
        objects = str([rule_.get("filter"), rule_.get("prefix")])
        for block, days in (
            ("expiration", "days"),
            ("noncurrent_version_expiration", "noncurrent_days"),
        ):
            name = f"{rule_.get('id')}: {block}"
            for each in _blocks(rule_.get(block)):
                newest = float(each.get("newer_noncurrent_versions") or 0)
                but = f", but for the newest {newest:g}" if newest else ""
                if date := each.get("date"):
                    said = f"{name} on {date}"
                    yield _Deletion(f"{block} on", objects, str(date), newest, said)
                elif number := each.get(days):
                    said = f"{name} after {number} days{but}"
                    yield _Deletion(f"{block} after", objects, float(number), newest, said)


def _blocks(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the blocks of one kind; an empty one may be null."""
    return (each for each in value or () if isinstance(each, dict))
