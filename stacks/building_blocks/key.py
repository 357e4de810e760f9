"""The key that everything of one copy of the pipeline is encrypted with."""

from stacks.base import BaseStack
from stacks.building_blocks.policy import Statement, policy_document
from stacks.cdk import KmsAlias, KmsKey

# The shortest time between the order to delete a key and its deletion.
DELETION_WINDOW_DAYS = 7

# The account's administrators look after the key; who may use it is then up to the policies of
# roles. Named one by one: the account can always change this policy, so nothing is locked out.
_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_THIS_KEY = ("*",)  # in a key's policy that means the key itself


class EncryptionKey:
    """A rotated key, with a policy that names each service that uses it in its own name."""

    def __init__(self, stack: BaseStack, *, topic_name: str) -> None:
        """Make ``pipeline-key`` for the topic `topic_name` and all else of this copy."""
        names = stack.names
        key = KmsKey(
            stack,
            "pipeline-key",
            description=f"Encrypts everything of the order pipeline {names.suffix}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy_document(
                [
                    Statement(
                        sid="Account",
                        principal={"AWS": f"arn:aws:iam::{names.account_id}:root"},
                        actions=(*_ADMINISTRATION, *_USE),
                        resources=_THIS_KEY,
                    ),
                    Statement(
                        sid="TopicDeliversToQueues",
                        principal={"Service": "sns.amazonaws.com"},
                        actions=("kms:Decrypt", "kms:GenerateDataKey"),
                        resources=_THIS_KEY,
                        conditions={"ArnEquals": {"aws:SourceArn": names.topic_arn(topic_name)}},
                    ),
                    Statement(
                        sid="AlarmsPublish",
                        principal={"Service": "cloudwatch.amazonaws.com"},
                        actions=("kms:Decrypt", "kms:GenerateDataKey"),
                        resources=_THIS_KEY,
                        conditions={"StringEquals": {"aws:SourceAccount": names.account_id}},
                    ),
                    Statement(
                        sid="LogGroups",
                        principal={"Service": f"logs.{names.region}.amazonaws.com"},
                        actions=(
                            "kms:Decrypt",
                            "kms:DescribeKey",
                            "kms:Encrypt",
                            "kms:GenerateDataKey",
                            "kms:ReEncryptFrom",
                            "kms:ReEncryptTo",
                        ),
                        resources=_THIS_KEY,
                        conditions={
                            "ArnLike": {
                                "kms:EncryptionContext:aws:logs:arn": names.log_group_arn("*")
                            }
                        },
                    ),
                ]
            ),
        )
        KmsAlias(
            stack,
            "pipeline-key-alias",
            name=f"alias/{names.of('pipeline', 'key')}",
            target_key_id=key.key_id,
        )
        self.arn: str = key.arn
