"""The bootstrap stack: what an account has once."""

from pathlib import Path

from stacks.cdk import ApiGatewayAccount, S3Bucket, SesEmailIdentity
from tests.stacks.synthesised import Deployment, settings_of, synthesise


def test_the_state_bucket_is_the_one_the_others_use(deployment: Deployment) -> None:
    backend = deployment.stacks["storage"]["terraform"]["backend"]["s3"]
    assert deployment.has(S3Bucket, bucket=backend["bucket"])


def test_api_gateway_may_write_logs_in_the_account(deployment: Deployment) -> None:
    assert deployment.has(
        ApiGatewayAccount, cloudwatch_role_arn="${aws_iam_role.api-logging-role.arn}"
    )
    role = deployment.one("aws_iam_role.api-logging-role")
    (statement,) = role.statements("assume_role_policy")
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}


def test_the_sender_of_emails_is_registered(deployment: Deployment) -> None:
    assert deployment.has(SesEmailIdentity, email=deployment.settings.email_sender)


def test_its_state_is_a_file_per_account_that_git_ignores(
    prod: Deployment, local: Deployment
) -> None:
    in_prod = Path(prod.stacks["bootstrap"]["terraform"]["backend"]["local"]["path"])
    in_local = Path(local.stacks["bootstrap"]["terraform"]["backend"]["local"]["path"])
    assert in_prod.name == "terraform.bootstrap.prod.123456789012.tfstate"
    assert in_prod.with_name("cdktf.json").is_file()
    assert in_local == in_prod.with_name(".local") / "terraform.bootstrap.tfstate"


def test_parallel_copies_share_the_accounts_things(tmp_path: Path) -> None:
    # when
    copy = synthesise(settings_of("dev", ENVIRONMENT_SUFFIX="dev-ann"), tmp_path)
    # then
    bucket = copy.one("aws_s3_bucket.state-bucket")["bucket"]
    backend = copy.stacks["pipeline"]["terraform"]["backend"]["s3"]
    assert bucket == backend["bucket"] == "terraform-state-bucket-dev-123456789012"
    assert backend["key"] == "dev-ann/pipeline.tfstate"
    assert copy.one("aws_sqs_queue.payment-queue")["name"] == "payment-queue-dev-ann"
