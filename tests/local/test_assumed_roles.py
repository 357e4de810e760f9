"""Firehose on LocalStack, which assumes its role once, still delivers every record."""

import json
from datetime import UTC, datetime

from local.aws import client
from local.settings import LocalSettings

BUCKET = "tests-delivered"


def test_each_record_is_delivered(localstack: LocalSettings) -> None:
    # given
    iam, s3, firehose = (client(name, localstack) for name in ("iam", "s3", "firehose"))
    trust = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}}
    role = iam.create_role(
        RoleName="tests-delivery",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
        ),
    )["Role"]["Arn"]
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    firehose.create_delivery_stream(
        DeliveryStreamName="tests-delivery",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
        },
    )
    # when
    records = [f"record {number} of {datetime.now(UTC)}".encode() for number in range(3)]
    for record in records:
        firehose.put_record(DeliveryStreamName="tests-delivery", Record={"Data": record})
    # then
    delivered = [
        s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    ]
    assert sorted(delivered) == sorted(records)
