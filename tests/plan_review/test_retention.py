"""Data and logs are kept as long as before, and nothing of them expires sooner."""

from typing import Any

import pytest

from plan_review.findings import Verdict
from plan_review.plan import Plan
from tests.plan_review.complaints import cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, nested, plan_of

FUNCTION_CONFIG = "aws_lambda_function_event_invoke_config"
RECOVERY = "point_in_time_recovery.0.recovery_period_in_days"
TIMES = [
    ("aws_cloudwatch_log_group", "retention_in_days"),
    ("aws_dynamodb_table", RECOVERY),
    ("aws_kinesis_stream", "retention_period"),
    ("aws_kms_key", "deletion_window_in_days"),
    ("aws_secretsmanager_secret", "recovery_window_in_days"),
    ("aws_sqs_queue", "message_retention_seconds"),
    ("aws_lambda_event_source_mapping", "maximum_record_age_in_seconds"),
    (FUNCTION_CONFIG, "maximum_event_age_in_seconds"),
]
TABLE = "aws_dynamodb_table.orders"
LIFECYCLE = "aws_s3_bucket_lifecycle_configuration.audit"
VERSIONING = "aws_s3_bucket_versioning.audit"
NO_LONGER_KEPT = fails(VERSIONING, "what is overwritten or deleted is no longer kept")


def from_to(address: str, path: str, was: object, is_now: object) -> Plan:
    return plan_of(change(address, nested(path, was), nested(path, is_now)))


@pytest.mark.parametrize(("kind", "path"), TIMES)
def test_what_is_kept_is_not_kept_for_less(kind: str, path: str) -> None:
    address = f"{kind}.orders"
    assert complaints(from_to(address, path, 30, 29), "kept-as-long") == fails(
        address, f"{path} goes down from 30 to 29"
    )
    assert complaints(from_to(address, path, 30, 30), "kept-as-long") == []
    assert complaints(from_to(address, path, 30, 31), "kept-as-long") == []
    replaced = change(address, nested(path, 30), nested(path, 29), actions=["delete", "create"])
    assert len(complaints(plan_of(replaced), "kept-as-long")) == 1


@pytest.mark.parametrize(("kind", "path"), TIMES)
def test_what_was_not_there_before_was_not_kept_for_longer(kind: str, path: str) -> None:
    address = f"{kind}.orders"
    assert complaints(plan_of(change(address, None, nested(path, 1))), "kept-as-long") == []
    assert complaints(plan_of(change(address, nested(path, 30), None)), "kept-as-long") == []
    assert complaints(from_to(address, path, 30, None), "kept-as-long") == []


LEFT_TO_AWS = [
    ("aws_kms_key", "deletion_window_in_days", None, 30),
    ("aws_secretsmanager_secret", "recovery_window_in_days", None, 30),
    (FUNCTION_CONFIG, "maximum_event_age_in_seconds", None, 21600),
    (FUNCTION_CONFIG, "maximum_event_age_in_seconds", 0, 21600),
]


@pytest.mark.parametrize(("kind", "path", "unsaid", "most"), LEFT_TO_AWS)
def test_what_is_left_to_aws_is_kept_as_long_as_aws_does(
    kind: str, path: str, unsaid: int | None, most: int
) -> None:
    address = f"{kind}.orders"
    for well in (unsaid, most):
        assert complaints(from_to(address, path, unsaid, well), "kept-as-long") == []
        assert complaints(from_to(address, path, most, well), "kept-as-long") == []
    assert complaints(from_to(address, path, unsaid, most - 1), "kept-as-long") == fails(
        address, f"{path} goes down from {most} to {most - 1}"
    )


@pytest.mark.parametrize(
    ("kind", "path"),
    [each for each in TIMES if each not in {left[:2] for left in LEFT_TO_AWS}],
)
def test_what_aws_keeps_for_less_is_kept_for_longer_by_any_time(kind: str, path: str) -> None:
    assert complaints(from_to(f"{kind}.orders", path, None, 1), "kept-as-long") == []


@pytest.mark.parametrize(
    ("address", "path", "no_limit"),
    [
        ("aws_cloudwatch_log_group.payment", "retention_in_days", 0),
        ("aws_lambda_event_source_mapping.stream", "maximum_record_age_in_seconds", -1),
    ],
)
def test_no_limit_is_longer_than_any(address: str, path: str, no_limit: int) -> None:
    assert complaints(from_to(address, path, 3600, no_limit), "kept-as-long") == []
    assert complaints(from_to(address, path, no_limit, 3600), "kept-as-long") == fails(
        address, f"{path} goes down from {no_limit} to 3600"
    )


def test_nothing_at_all_is_no_limit_only_where_aws_says_so() -> None:
    secret, window = "aws_secretsmanager_secret.payment", "recovery_window_in_days"
    assert len(complaints(from_to(secret, window, 7, 0), "kept-as-long")) == 1
    assert complaints(from_to(secret, window, 0, 7), "kept-as-long") == []


@pytest.mark.parametrize(("kind", "path"), TIMES)
def test_a_time_that_is_known_later_cannot_be_judged_where_it_is_set(kind: str, path: str) -> None:
    address, attribute = f"{kind}.orders", path.partition(".")[0]
    later = change(address, nested(path, 30), {}, after_unknown=nested(path, True))
    is_set = configured({address: {attribute: ["var.time"]}})
    assert complaints(plan_of(later, configuration=is_set), "kept-as-long") == cannot_be_judged(
        address, f"{path} is known after the apply only"
    )
    assert complaints(plan_of(later), "kept-as-long") == []


@pytest.mark.parametrize(
    "path", ["point_in_time_recovery.0.enabled", "deletion_protection_enabled"]
)
def test_what_keeps_a_table_s_items_is_not_turned_off(path: str) -> None:
    turned_off = fails(TABLE, f"{path} is turned off")
    assert complaints(from_to(TABLE, path, True, False), "kept-as-long") == turned_off
    assert complaints(from_to(TABLE, path, True, None), "kept-as-long") == turned_off
    assert complaints(from_to(TABLE, path, True, True), "kept-as-long") == []
    assert complaints(from_to(TABLE, path, False, True), "kept-as-long") == []
    assert complaints(from_to(TABLE, path, False, None), "kept-as-long") == []
    assert complaints(from_to(TABLE, path, None, False), "kept-as-long") == []


def test_what_keeps_nothing_is_not_asked_for_how_long() -> None:
    topic = change("aws_sns_topic.events", {"name": "a"}, {"name": "b"})
    assert complaints(plan_of(topic), "kept-as-long") == []
    assert complaints(plan_of(topic), "expires-no-sooner") == []


def time_to_live(attribute: str, *, enabled: bool = True) -> dict[str, Any]:
    return {"ttl": [{"enabled": enabled, "attribute_name": attribute}]}


def test_items_do_not_begin_to_expire_nor_by_another_attribute() -> None:
    def becoming(was: dict[str, Any], is_now: dict[str, Any]) -> list[str]:
        compared = complaints(plan_of(change(TABLE, was, is_now)), "expires-no-sooner")
        assert {(address, verdict) for address, verdict, _ in compared} <= {(TABLE, Verdict.FAIL)}
        return [reason for *_, reason in compared]

    expiring, off = time_to_live("expires_at"), time_to_live("expires_at", enabled=False)
    by_order = time_to_live("placed_at")
    from_none = ["items expire by 'expires_at', and did so by None before"]
    assert becoming({}, expiring) == from_none
    assert becoming(off, expiring) == from_none
    assert becoming(by_order, expiring) == [
        "items expire by 'expires_at', and did so by 'placed_at' before"
    ]
    assert becoming(expiring, off) == []
    assert becoming(expiring, expiring) == []


def test_only_a_table_has_a_time_to_live() -> None:
    other = change("aws_dynamodb_global_table.orders", {}, time_to_live("expires_at"))
    assert complaints(plan_of(other), "expires-no-sooner") == []


def rules(*each: dict[str, Any]) -> dict[str, Any]:
    return {"rule": [{"id": "keep", "status": "Enabled"} | values for values in each]}


def deletes(was: dict[str, Any] | None, is_now: dict[str, Any] | None) -> list[str]:
    """Return what is said of a lifecycle that becomes another."""
    compared = complaints(plan_of(change(LIFECYCLE, was, is_now)), "expires-no-sooner")
    assert {(address, verdict) for address, verdict, _ in compared} <= {(LIFECYCLE, Verdict.FAIL)}
    return [reason for *_, reason in compared]


@pytest.mark.parametrize(
    ("block", "days"),
    [("expiration", "days"), ("noncurrent_version_expiration", "noncurrent_days")],
)
def test_objects_are_deleted_no_sooner(block: str, days: str) -> None:
    def after(number: int | None) -> dict[str, Any]:
        return rules({block: [{days: number}]})

    sooner = f"deletes sooner than before: keep: {block} after"
    assert deletes(after(30), after(29)) == [f"{sooner} 29 days"]
    assert deletes(after(30), after(30)) == []
    assert deletes(after(30), after(31)) == []
    assert deletes(after(30), None) == []
    assert deletes(after(30), rules()) == []
    assert deletes(rules(), after(400)) == [f"{sooner} 400 days"]
    assert deletes({"rule": None}, after(400)) == [f"{sooner} 400 days"]
    assert deletes(rules({block: None}), after(400)) == [f"{sooner} 400 days"]
    assert deletes(rules(), after(None)) == []
    assert deletes(rules(), rules({block: [{}]})) == []
    assert deletes(rules(), rules({block: [None]})) == []
    assert deletes({"rule": [None]}, after(400)) == [f"{sooner} 400 days"]
    assert deletes(rules(), rules({"transition": [{days: 30}]})) == []
    other_days = {"days": "noncurrent_days", "noncurrent_days": "days"}[days]
    assert deletes(rules(), rules({block: [{other_days: 30}]})) == []


@pytest.mark.parametrize("block", ["expiration", "noncurrent_version_expiration"])
def test_objects_are_deleted_at_no_sooner_a_date(block: str) -> None:
    def on(date: str) -> dict[str, Any]:
        return rules({block: [{"date": date}]})

    days = rules({block: [{"days": 30, "noncurrent_days": 30}]})
    new_year, a_day_later = "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"
    sooner = [f"deletes sooner than before: keep: {block} on {new_year}"]
    assert deletes(on(a_day_later), on(new_year)) == sooner
    assert deletes(on("2040-01-01T00:00:00Z"), on(new_year)) == sooner
    assert deletes(None, on(new_year)) == sooner
    assert deletes(on(new_year), on(new_year)) == []
    assert deletes(on(new_year), on(a_day_later)) == []
    # A date is no number of days: which is sooner, another day tells otherwise.
    assert deletes(days, on(new_year)) == sooner
    assert len(deletes(on(new_year), days)) == 1


def test_of_older_versions_no_fewer_are_left() -> None:
    def newest(number: object, days: int = 90) -> dict[str, Any]:
        block = {"noncurrent_days": days, "newer_noncurrent_versions": number}
        return rules({"noncurrent_version_expiration": [block]})

    sooner = "deletes sooner than before: keep: noncurrent_version_expiration after"
    assert deletes(newest(20), newest(19)) == [f"{sooner} 90 days, but for the newest 19"]
    assert deletes(newest(20), newest(None)) == [f"{sooner} 90 days"]
    assert deletes(newest(20), newest(None, days=400)) == [f"{sooner} 400 days"]
    assert deletes(newest(20), newest(30, days=89)) == [f"{sooner} 89 days, but for the newest 30"]
    for more in (20, "20", 21):
        assert deletes(newest(20), newest(more)) == []
    assert deletes(newest(None), newest(1)) == []
    assert deletes(newest(None), newest(None)) == []


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ({"filter": [{"prefix": "logs/"}]}, {"filter": [{"prefix": ""}]}),
        ({"prefix": "logs/"}, {"prefix": ""}),
    ],
)
def test_a_lifecycle_rule_that_finds_other_objects_is_another_one(
    was: dict[str, Any], is_now: dict[str, Any]
) -> None:
    month = {"expiration": [{"days": 30}]}
    sooner = ["deletes sooner than before: keep: expiration after 30 days"]
    at_new_year = {"expiration": [{"date": "2030-01-01T00:00:00Z"}]}
    assert len(deletes(rules(at_new_year | was), rules(at_new_year | is_now))) == 1
    assert deletes(rules(month | was), rules(month | is_now)) == sooner
    assert deletes(rules(month | was), rules(month | was | {"transition": []})) == []


def test_older_versions_are_not_the_objects_themselves() -> None:
    objects, versions = "expiration", "noncurrent_version_expiration"
    month, new_year = {"days": 30, "noncurrent_days": 30}, {"date": "2030-01-01T00:00:00Z"}
    for when, said in ((month, "after 30 days"), (new_year, "on 2030-01-01T00:00:00Z")):
        for was, is_now in ((objects, versions), (versions, objects)):
            assert deletes(rules({was: [when]}), rules({is_now: [when]})) == [
                f"deletes sooner than before: keep: {is_now} {said}"
            ]


@pytest.mark.parametrize(
    "unknown",
    [
        True,
        [True],
        [{}, {"status": True}],
        [{"expiration": True}, {}],
        [{"expiration": [{"days": True}]}],
        [{"noncurrent_version_expiration": [{"newer_noncurrent_versions": True}]}],
    ],
)
def test_a_lifecycle_whose_rules_are_known_later_cannot_be_judged(unknown: object) -> None:
    later = change(LIFECYCLE, rules(), rules({}, {}), after_unknown={"rule": unknown})
    assert complaints(plan_of(later), "expires-no-sooner") == cannot_be_judged(
        LIFECYCLE, "its rules are known after the apply only"
    )


@pytest.mark.parametrize(
    "unknown",
    [
        [False],
        [{"expiration": [{}]}],
        [
            {
                "filter": [{"prefix": True}],
                "noncurrent_version_transition": [{"noncurrent_days": True}],
            }
        ],
    ],
)
def test_what_does_not_decide_when_a_lifecycle_deletes_may_be_known_later(unknown: object) -> None:
    later = change(LIFECYCLE, rules(), rules({}), after_unknown={"rule": unknown, "id": True})
    assert complaints(plan_of(later), "expires-no-sooner") == []


def test_a_lifecycle_rule_deletes_only_while_it_is_enabled() -> None:
    month, week = {"expiration": [{"days": 30}]}, {"expiration": [{"days": 7}]}
    off = {"status": "Disabled"}
    sooner = "deletes sooner than before: keep: expiration after"
    assert deletes(rules(month), rules(week | off)) == []
    assert deletes(rules(month | off), rules(month)) == [f"{sooner} 30 days"]
    # One that is off does not hide those after it.
    others = rules(week | off | {"id": "first"}, week)
    assert deletes(rules(month), others) == [f"{sooner} 7 days"]


def test_a_lifecycle_rule_may_have_another_name_and_company() -> None:
    month, year = {"expiration": [{"days": 30}]}, {"expiration": [{"days": 365}]}
    logs, new = {"filter": [{"prefix": "logs/"}]}, {"id": "new"}
    sooner = "deletes sooner than before: new: expiration after 30 days"
    assert deletes(rules(month), rules(month | new)) == []
    assert deletes(rules(month), rules(month, year | new)) == []
    assert deletes(rules(year, month | new), rules(month | new)) == []
    assert deletes(rules(month | logs, year), rules(month | new)) == [sooner]
    assert deletes(rules(year), rules(year, month | new)) == [sooner]


def test_a_lifecycle_may_come_with_a_new_bucket_and_not_to_one_that_is_there() -> None:
    month = rules({"expiration": [{"days": 30}]})
    comes = change(LIFECYCLE, None, month)
    refers = configured({LIFECYCLE: {"bucket": ["aws_s3_bucket.audit.id"]}})
    bucket = {"bucket": "audit"}
    there = plan_of(comes, change("aws_s3_bucket.audit", bucket, bucket), configuration=refers)
    new = plan_of(comes, change("aws_s3_bucket.audit", None, bucket), configuration=refers)
    beside = plan_of(comes, change("aws_s3_bucket.other", None, bucket))
    sooner = "deletes sooner than before: keep: expiration after 30 days"
    assert complaints(there, "expires-no-sooner") == fails(LIFECYCLE, sooner)
    assert complaints(new, "expires-no-sooner") == []
    assert complaints(beside, "expires-no-sooner") == fails(LIFECYCLE, sooner)


def versions(status: str) -> dict[str, Any]:
    return {"bucket": "audit", "versioning_configuration": [{"status": status}]}


@pytest.mark.parametrize("status", ["Suspended", "Disabled"])
def test_a_bucket_goes_on_keeping_versions(status: str) -> None:
    def becoming(was: dict[str, Any] | None, is_now: dict[str, Any]) -> Plan:
        return plan_of(change(VERSIONING, was, is_now))

    on, off = versions("Enabled"), versions(status)
    assert complaints(becoming(on, off), "expires-no-sooner") == NO_LONGER_KEPT
    assert complaints(becoming(off, on), "expires-no-sooner") == []
    assert complaints(becoming(off, off | {"mfa": "1"}), "expires-no-sooner") == []
    assert complaints(becoming(on, on | {"mfa": "1"}), "expires-no-sooner") == []
    assert complaints(becoming(None, off), "expires-no-sooner") == []
    elsewhere = change("aws_s3_bucket.audit", on, off)
    assert complaints(plan_of(elsewhere), "expires-no-sooner") == []


@pytest.mark.parametrize("action", ["delete", "forget"])
def test_a_bucket_s_versioning_goes_only_with_the_bucket(action: str) -> None:
    goes = change(VERSIONING, versions("Enabled"), None, actions=[action])
    other = change("aws_s3_bucket.other", None, {"bucket": "other"})
    stays = change("aws_s3_bucket.audit", {"bucket": "audit"}, {"bucket": "audit"})
    assert complaints(plan_of(goes, other, stays), "expires-no-sooner") == NO_LONGER_KEPT
    assert complaints(plan_of(goes, other), "expires-no-sooner") == []
    was_off = change(VERSIONING, versions("Suspended"), None, actions=[action])
    assert complaints(plan_of(was_off, stays), "expires-no-sooner") == []
