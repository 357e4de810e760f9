"""What every stack has: its provider, where its state is kept, its names and its tags."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stacks.cdk import (
    App,
    AwsProvider,
    AwsProviderDefaultTags,
    AwsProviderEndpoints,
    Construct,
    LocalBackend,
    S3Backend,
    S3BackendEndpointConfig,
    TerraformStack,
)
from stacks.names import Names
from stacks.packaging import PROJECT
from stacks.settings import Settings

APPLICATION = "order-pipeline"

# `use_lockfile` of the S3 backend came with 1.10.
TERRAFORM_VERSION = ">= 1.10"

# What LocalStack takes for credentials; the account it deploys to follows from the key.
LOCAL_CREDENTIALS = {"access_key": "test", "secret_key": "test"}
_LOCAL_SERVICES = (
    "apigateway",
    "cloudwatch",
    "dynamodb",
    "firehose",
    "iam",
    "kms",
    "lambda_",
    "logs",
    "s3",
    "secretsmanager",
    "ses",
    "sns",
    "sqs",
    "ssm",
    "sts",
)


def state_bucket_name(settings: Settings) -> str:
    """Return the name of the bucket that keeps the state.

    There is one per account, made by the bootstrap stack; parallel copies of an environment share
    it, each under its own key, so the bucket's suffix is the environment's name.
    """
    return account_names(settings).bucket("terraform-state")


def state_file(settings: Settings, stack: str) -> Path:
    """Return the file of a stack that keeps its state in one."""
    if settings.is_local:
        # One for each LocalStack of this folder, as its other files (local/settings.py).
        port = str(urlsplit(settings.local_endpoint).port)
        return PROJECT / ".local" / port / f"terraform.{stack}.tfstate"
    owner = f"{settings.environment.value}.{settings.account_id}"
    return PROJECT / f"terraform.{stack}.{owner}.tfstate"


def account_names(settings: Settings) -> Names:
    """Return the names of what exists once per account, however many copies are deployed."""
    return Names(settings.environment.value, settings.account_id, settings.region)


def boundary_arn(settings: Settings) -> str:
    """Return the ARN of the permissions boundary of this application's roles."""
    return account_names(settings).policy_arn(boundary_name(settings))


def boundary_name(settings: Settings) -> str:
    """Return the name of the permissions boundary, of which there is one per account."""
    return account_names(settings).of("ci-boundary", "policy")


class BaseStack(TerraformStack):
    """A stack of one environment, in London, tagged, with its state in the environment's bucket."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name)
        self.name = name
        self.settings = settings
        self.names = Names(
            settings.suffix, settings.account_id, settings.region, settings.local_endpoint
        )
        self.add_override("terraform.required_version", TERRAFORM_VERSION)
        self._keep_state()
        self._use_provider()

    @property
    def permissions_boundary(self) -> str | None:
        """The policy that no role of this application can exceed; LocalStack enforces none.

        The bootstrap stack makes it, and CI may make roles only with it.
        """
        if self.settings.is_local:
            return None
        return boundary_arn(self.settings)

    @property
    def output_folder(self) -> Path:
        """Where this stack is synthesised to: what its resources refer to by a relative path."""
        return Path(App.of(self).outdir).absolute() / "stacks" / self.name

    def _keep_state(self) -> None:
        settings = self.settings
        backend = S3Backend(
            self,
            bucket=state_bucket_name(settings),
            key=f"{settings.suffix}/{self.name}.tfstate",
            region=settings.region,
            encrypt=True,
            **_local_state_options(settings),
        )
        # Not an argument of S3Backend in CDKTF 0.21. As an override it also stays out of the
        # remote-state data sources, which copy the arguments and do not know it.
        backend.add_override("use_lockfile", True)

    def _use_provider(self) -> None:
        settings = self.settings
        tags = {"Application": APPLICATION, "Environment": settings.environment.value}
        if settings.is_local:
            AwsProvider(
                self,
                "aws",
                region=settings.region,
                **LOCAL_CREDENTIALS,
                skip_credentials_validation=True,
                skip_metadata_api_check="true",
                s3_use_path_style=True,
                endpoints=[
                    AwsProviderEndpoints(
                        **dict.fromkeys(_LOCAL_SERVICES, settings.local_endpoint),
                    )
                ],
                default_tags=[AwsProviderDefaultTags(tags=tags)],
            )
        else:
            AwsProvider(
                self,
                "aws",
                region=settings.region,
                allowed_account_ids=[settings.account_id],
                default_tags=[AwsProviderDefaultTags(tags=tags)],
            )


class LocalStateStack(BaseStack):
    """A stack that keeps its state in a file, because it makes the bucket for the others' state."""

    def _keep_state(self) -> None:
        LocalBackend(self, path=str(state_file(self.settings, self.name)))


def _local_state_options(settings: Settings) -> dict[str, Any]:
    """Return what the S3 backend needs besides to keep state on LocalStack."""
    if not settings.is_local:
        return {}
    endpoint = settings.local_endpoint
    return {
        **LOCAL_CREDENTIALS,
        "endpoints": S3BackendEndpointConfig(s3=endpoint, sts=endpoint, iam=endpoint),
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
        "use_path_style": True,
    }
