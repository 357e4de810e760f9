from local.aws import client
from local.settings import LocalSettings


def test_each_localstack_keeps_objects_in_a_folder_of_its_own(localstack: LocalSettings) -> None:
    s3 = client("s3", localstack)
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    assert (localstack.folder / "tmp/objects/states").is_dir()
