"""A stack that cannot be planned yet is told from one that cannot be planned."""

import pytest

from plan_review.first_deploy import as_first_deploy
from plan_review.planning import why_never_applied

# As Terraform 1.11 prints it.
NO_REMOTE_STATE = """
╷
│ Error: Unable to find remote state
│
│   with data.terraform_remote_state.cross-stack-reference-input-storage,
│   on cdk.tf.json line 17, in data.terraform_remote_state.cross-stack-reference-input-storage:
│
│ No stored state was found for the given workspace in the given backend.
╵
"""
NO_BUCKET = """
Error: Failed to get existing workspaces: S3 bucket
"terraform-state-bucket-dev-123456789012" does not exist.
"""
DENIED = "Error: error calling S3.ListObjectsV2: AccessDenied: not authorised"


@pytest.mark.parametrize(
    ("output", "said"),
    [(NO_REMOTE_STATE, "outputs it reads was never applied"), (NO_BUCKET, "bootstrap")],
)
def test_a_stack_may_wait_for_another(output: str, said: str) -> None:
    assert said in (why_never_applied(output) or "")


def test_any_other_failure_is_one() -> None:
    assert why_never_applied(DENIED) is None


def test_a_first_deploy_asks_neither_aws_nor_any_state() -> None:
    # given
    stack = {
        "terraform": {"backend": {"s3": {"bucket": "state"}}},
        "provider": {
            "aws": [
                {
                    "region": "eu-west-2",
                    "allowed_account_ids": ["123456789012"],
                    "endpoints": [{"s3": "http://localhost:4566"}],
                }
            ]
        },
        "data": {"terraform_remote_state": {"storage": {"backend": "s3", "config": {"a": "b"}}}},
        "resource": {"aws_sqs_queue": {"queue": {}}},
    }

    # when
    offline = as_first_deploy(stack)

    # then
    assert set(offline["terraform"]["backend"]) == {"local"}
    (provider,) = offline["provider"]["aws"]
    assert provider["skip_requesting_account_id"]
    assert provider["region"] == "eu-west-2"
    assert not {"allowed_account_ids", "endpoints"} & set(provider)
    remote_state = offline["data"]["terraform_remote_state"]["storage"]
    assert remote_state["backend"] == "local"
    assert remote_state["depends_on"] == ["terraform_data.not-applied-yet"]
    assert offline["resource"]["aws_sqs_queue"] == {"queue": {}}
    assert stack["terraform"] == {"backend": {"s3": {"bucket": "state"}}}, "the stack is changed"
