"""Names follow one pattern, and ARNs and URLs follow from names."""

import pytest

from stacks.names import Names
from stacks.settings import LONGEST_SUFFIX
from tests.stacks.architecture import NAME_OF
from tests.stacks.synthesised import Deployment

NAMES = Names("dev", "123456789012", "eu-west-2")


def test_a_name_is_resource_type_suffix() -> None:
    assert NAMES.of("payment", "queue") == "payment-queue-dev"


def test_a_bucket_adds_the_account() -> None:
    assert NAMES.bucket("audit") == "audit-bucket-dev-123456789012"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (NAMES.queue_arn("q"), "arn:aws:sqs:eu-west-2:123456789012:q"),
        (NAMES.topic_arn("t"), "arn:aws:sns:eu-west-2:123456789012:t"),
        (NAMES.table_arn("t"), "arn:aws:dynamodb:eu-west-2:123456789012:table/t"),
        (NAMES.function_arn("f"), "arn:aws:lambda:eu-west-2:123456789012:function:f"),
        (NAMES.log_group_arn("/g"), "arn:aws:logs:eu-west-2:123456789012:log-group:/g"),
        (
            NAMES.delivery_stream_arn("s"),
            "arn:aws:firehose:eu-west-2:123456789012:deliverystream/s",
        ),
        (NAMES.bucket_arn("b"), "arn:aws:s3:::b"),
    ],
)
def test_an_arn_follows_from_the_name(arn: str, expected: str) -> None:
    assert arn == expected


def test_a_queues_url_follows_from_its_name() -> None:
    local = Names("local", "000000000000", "eu-west-2", "http://localhost:4566")
    assert NAMES.queue_url("q") == "https://sqs.eu-west-2.amazonaws.com/123456789012/q"
    assert local.queue_url("q") == "http://localhost:4566/000000000000/q"


def test_a_name_that_aws_would_refuse_is_refused() -> None:
    longest = "r" * (64 - len("-queue-dev"))
    assert len(NAMES.of(longest, "queue")) == 64
    with pytest.raises(ValueError, match="has 65 characters; AWS allows 64"):
        NAMES.of(f"{longest}r", "queue")


def test_every_name_has_room_for_the_longest_suffix(prod: Deployment) -> None:
    for resource in prod.all(*NAME_OF):
        name = resource[NAME_OF[resource.type]]
        longest = {"aws_s3_bucket": 63, "aws_xray_sampling_rule": 32}.get(resource.type, 64)
        is_log_group = resource.type == "aws_cloudwatch_log_group"  # 512
        assert is_log_group or len(name) - len("prod") + LONGEST_SUFFIX <= longest, resource
