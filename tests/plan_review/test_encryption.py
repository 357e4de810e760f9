"""Data is encrypted with a key of ours, which is renewed and stays the same one."""

from typing import Any

import pytest

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.complaints import Said, cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, nested, plan_of

OURS, THEIRS = "123456789012", "999999999999"
HERE = Deployment("prod", "prod", OURS)
LOCAL = Deployment("local", "local", OURS)
OUR_KEY = f"arn:aws:kms:eu-west-2:{OURS}:key/0e5b3c7e"
BUCKET_ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
RULE = "rule.0.apply_server_side_encryption_by_default.0"
KEYS = [
    ("aws_cloudwatch_log_group", "kms_key_id"),
    ("aws_dynamodb_table", "server_side_encryption.0.kms_key_arn"),
    ("aws_kinesis_firehose_delivery_stream", "server_side_encryption.0.key_arn"),
    ("aws_kinesis_stream", "kms_key_id"),
    ("aws_lambda_function", "kms_key_arn"),
    (BUCKET_ENCRYPTION, f"{RULE}.kms_master_key_id"),
    ("aws_secretsmanager_secret", "kms_key_id"),
    ("aws_sns_topic", "kms_master_key_id"),
    ("aws_sqs_queue", "kms_master_key_id"),
]
SWITCHES = [
    ("aws_dynamodb_table", "server_side_encryption.0.enabled"),
    ("aws_kinesis_firehose_delivery_stream", "server_side_encryption.0.enabled"),
    ("aws_kms_key", "is_enabled"),
]


def created(address: str, path: str, value: object) -> dict[str, Any]:
    return change(address, None, nested(path, value))


def said_of(plan: Plan, deployment: Deployment = HERE) -> list[Said]:
    return complaints(plan, "encrypted", deployment=deployment)


@pytest.mark.parametrize(("kind", "path"), KEYS)
def test_what_holds_data_has_a_key_of_ours(kind: str, path: str) -> None:
    address = f"{kind}.orders"
    assert said_of(plan_of(created(address, path, OUR_KEY))) == []
    assert said_of(plan_of(created(address, path, "0e5b3c7e"))) == []
    for none in (None, ""):
        assert said_of(plan_of(created(address, path, none))) == fails(
            address, f"is not encrypted with a key of ours: no {path}"
        )
    aws_key = f"arn:aws:kms:eu-west-2:{OURS}:alias/aws/sqs"
    assert said_of(plan_of(created(address, path, aws_key))) == fails(
        address, f"is encrypted with a key of AWS's: {aws_key}"
    )
    theirs = OUR_KEY.replace(OURS, THEIRS)
    assert said_of(plan_of(created(address, path, theirs))) == fails(
        address, f"is encrypted with another account's key: {theirs}"
    )
    account_unknown = Deployment("prod", "prod")
    assert said_of(plan_of(created(address, path, theirs)), account_unknown) == []


@pytest.mark.parametrize(("kind", "path"), KEYS)
def test_a_key_that_is_known_later_is_ours_if_it_is_a_key_of_this_stack(
    kind: str, path: str
) -> None:
    address, attribute = f"{kind}.orders", path.partition(".")[0]

    def referring(references: list[str]) -> Plan:
        later = change(address, None, {}, after_unknown=nested(path, True))
        return plan_of(later, configuration=configured({address: {attribute: references}}))

    waits = "its key is known after the apply only"
    ours, data = "aws_kms_key.pipeline.arn", "data.aws_kms_key.shared.arn"
    assert said_of(referring([ours])) == []
    assert said_of(referring([ours, "aws_kms_key.other.arn"])) == []
    assert said_of(referring([])) == cannot_be_judged(address, waits)
    for references in ([data], [ours, data]):
        assert said_of(referring(references)) == cannot_be_judged(
            address, f"{waits}, of data.aws_kms_key.shared"
        )
    # What AWS fills in where nothing is said is no key of ours.
    assert said_of(plan_of(change(address, None, {}, after_unknown=nested(path, True)))) == fails(
        address, f"is not encrypted with a key of ours: no {attribute}"
    )


@pytest.mark.parametrize(("kind", "path"), SWITCHES)
def test_encryption_is_not_turned_off(kind: str, path: str) -> None:
    def switched(*, on: bool | None) -> list[Said]:
        return said_of(plan_of(created(f"{kind}.orders", path, on)))

    off = (f"{kind}.orders", Verdict.FAIL, "its encryption is turned off")
    assert off in switched(on=False)
    assert off not in switched(on=True)
    assert off not in switched(on=None)


@pytest.mark.parametrize("kind", ["aws_kinesis_firehose_delivery_stream", "aws_lambda_function"])
def test_on_localstack_what_it_cannot_encrypt_is_left_out_and_nothing_else(kind: str) -> None:
    address = f"{kind}.payment"
    switched_off = change(address, None, nested("server_side_encryption.0.enabled", False))
    queue = change("aws_sqs_queue.payment", None, {})
    key = change("aws_kms_key.pipeline", None, {"is_enabled": False})
    assert said_of(plan_of(switched_off), LOCAL) == []
    assert address in {at for at, *_ in said_of(plan_of(switched_off))}
    assert [at for at, *_ in said_of(plan_of(switched_off, queue, key), LOCAL)] == [
        "aws_sqs_queue.payment",
        "aws_kms_key.pipeline",
    ]


def test_the_state_s_bucket_has_the_key_of_s3() -> None:
    address = f"{BUCKET_ENCRYPTION}.state-bucket-encryption"
    by_s3 = created(address, f"{RULE}.sse_algorithm", "AES256")
    kms = created(address, f"{RULE}.sse_algorithm", "aws:kms")
    assert said_of(plan_of(by_s3)) == []
    assert said_of(plan_of(kms)) == fails(address, "is not encrypted with S3's own key")
    other = created(f"{BUCKET_ENCRYPTION}.audit", f"{RULE}.sse_algorithm", "AES256")
    assert [at for at, *_ in said_of(plan_of(by_s3, other))] == [f"{BUCKET_ENCRYPTION}.audit"]


def test_a_bucket_has_its_encryption_by_reference_or_by_name() -> None:
    bucket = change("aws_s3_bucket.audit", None, {"bucket": "audit"})
    none = fails("aws_s3_bucket.audit", "has no encryption configured")
    by_name = created(f"{BUCKET_ENCRYPTION}.audit", "bucket", "audit")
    of_another = created(f"{BUCKET_ENCRYPTION}.audit", "bucket", "other")
    assert complaints(plan_of(bucket), "buckets-encrypted") == none
    assert complaints(plan_of(bucket, of_another), "buckets-encrypted") == none
    assert complaints(plan_of(bucket, by_name), "buckets-encrypted") == []


def test_of_two_buckets_whose_names_are_known_later_each_has_its_own_encryption() -> None:
    def later(address: str) -> dict[str, Any]:
        return change(address, None, {}, after_unknown={"bucket": True})

    plan = plan_of(
        later("aws_s3_bucket.audit"),
        later("aws_s3_bucket.other"),
        later(f"{BUCKET_ENCRYPTION}.audit"),
        configuration=configured(
            {f"{BUCKET_ENCRYPTION}.audit": {"bucket": ["aws_s3_bucket.audit.id"]}}
        ),
    )
    assert complaints(plan, "buckets-encrypted") == fails(
        "aws_s3_bucket.other", "has no encryption configured"
    )


@pytest.mark.parametrize("rotation", [False, None])
def test_a_key_is_renewed(rotation: bool | None) -> None:
    key = "aws_kms_key.pipeline"
    assert complaints(
        plan_of(created(key, "enable_key_rotation", rotation)), "keys-rotate"
    ) == fails(key, "is never rotated")
    assert complaints(plan_of(created(key, "enable_key_rotation", True)), "keys-rotate") == []


@pytest.mark.parametrize("actions", [["update"], ["delete", "create"]])
def test_a_key_s_alias_points_to_the_same_key(actions: list[str]) -> None:
    def pointing(kind: str, is_now: str) -> Plan:
        before, after = {"target_key_id": "a", "name": "x"}, {"target_key_id": is_now, "name": "y"}
        return plan_of(change(f"{kind}.pipeline", before, after, actions=actions))

    assert complaints(pointing("aws_kms_alias", "b"), "keys-rotate") == fails(
        "aws_kms_alias.pipeline", "points to another key"
    )
    assert complaints(pointing("aws_kms_alias", "a"), "keys-rotate") == []
    assert complaints(pointing("aws_kms_external_key", "b"), "keys-rotate") == []


def test_an_alias_may_come_and_go() -> None:
    alias = {"target_key_id": "a"}
    assert complaints(plan_of(change("aws_kms_alias.pipeline", None, alias)), "keys-rotate") == []
    assert complaints(plan_of(change("aws_kms_alias.pipeline", alias, None)), "keys-rotate") == []
