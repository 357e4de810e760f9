"""The bootstrap stack: what an account needs once, before anything else is deployed to it."""

from stacks.base import LocalStateStack, account_names, state_bucket_name
from stacks.building_blocks.bucket import Bucket, OldVersions
from stacks.building_blocks.ci_roles import CiRoles, PermissionsBoundary
from stacks.building_blocks.policy import assumed_by
from stacks.cdk import (
    ApiGatewayAccount,
    Construct,
    IamRole,
    IamRolePolicyAttachment,
    SesEmailIdentity,
)
from stacks.settings import Settings

# What a state that was overwritten by mistake can be put back from (docs/deploying.md).
OLD_STATES = OldVersions(days=90, newest=20)


class BootstrapStack(LocalStateStack):
    """The bucket for the other stacks' state, and the settings that an account has only one of."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "bootstrap", settings)
        names = account_names(settings)
        bucket_name = state_bucket_name(settings)
        # Encrypted with S3's own key: one of our own would have to be there before the state, and
        # outlive it, and the state holds no secret.
        Bucket(
            self,
            "state",
            name=bucket_name,
            arn=names.bucket_arn(bucket_name),
            old_versions=OLD_STATES,
        )
        role = IamRole(
            self,
            "api-logging-role",
            name=names.of("api-logging", "role"),
            assume_role_policy=assumed_by("apigateway"),
        )
        # The policy that AWS asks for, by name:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        attachment = IamRolePolicyAttachment(
            self,
            "api-logging-policy",
            role=role.name,
            policy_arn=(
                "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
            ),
        )
        ApiGatewayAccount(
            self,
            "api-account",
            cloudwatch_role_arn=role.arn,
            depends_on=[attachment],
        )
        SesEmailIdentity(self, "email-sender", email=settings.email_sender)
        PermissionsBoundary(self)
        if settings.github_repository:
            CiRoles(self)
