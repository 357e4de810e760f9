"""Lambda functions, each with its own role, log group and package, called by an alias."""

from collections.abc import Mapping

from stacks.building_blocks.policy import (
    Grant,
    KeyUse,
    Statement,
    assumed_by,
    granted,
    policy_document,
)
from stacks.building_blocks.watched import errors, of_function
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    CloudwatchLogGroup,
    IamRole,
    IamRolePolicy,
    LambdaAlias,
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
)
from stacks.names import LIVE
from stacks.packaging import Architecture, package_function

TIMEOUT = 10
# There are no plugins of pydantic: it would look for some through all that is installed, with the
# first model of each cold start. https://docs.pydantic.dev/latest/concepts/plugins/
_OF_LIBRARIES = {"PYDANTIC_DISABLE_PLUGINS": "1"}


class Function:
    """A function of a folder under ``lambdas/``; it may do nothing until it is told so.

    Each change of its code or settings is published as a version, and the alias ``live`` names the
    one that is called: `orderctl rollback` moves the alias, and nothing else has to change.
    """

    def __init__(
        self,
        stack: WorkloadStack,
        folder: str,
        *,
        environment: Mapping[str, str],
        timeout: int = TIMEOUT,
    ) -> None:
        """Make ``{folder}-function``, whose handler is ``{folder}.handler.handler``."""
        settings, names = stack.settings, stack.names
        self.folder = folder
        self.id = f"{folder.replace('_', '-')}-function"
        self.name = names.of(folder.replace("_", "-"), "function")
        self._stack = stack
        self._grants: list[Grant] = []

        log_group_name = f"/aws/lambda/{self.name}"
        self.log_group_name = log_group_name
        self._log_streams_arn = names.log_group_arn(f"{log_group_name}:log-stream:*")
        log_group = CloudwatchLogGroup(
            stack,
            f"{self.id}-log-group",
            name=log_group_name,
            retention_in_days=settings.log_retention_days,
            kms_key_id=stack.key_arn,
        )
        role = IamRole(
            stack,
            f"{self.id}-role",
            name=names.of(self.id, "role"),
            assume_role_policy=assumed_by("lambda"),
            permissions_boundary=stack.permissions_boundary,
        )
        self._policy = IamRolePolicy(
            stack,
            f"{self.id}-policy",
            name=names.of(self.id, "policy"),
            role=role.name,
            policy=self._policy_document(),
        )
        architecture = Architecture.of_host() if settings.is_local else Architecture.ARM64
        package = package_function(folder, architecture, stack.output_folder / "packages")
        self._function = LambdaFunction(
            stack,
            self.id,
            function_name=self.name,
            role=role.arn,
            runtime="python3.13",
            architectures=[architecture.value],
            handler=f"{folder}.handler.handler",
            filename=f"packages/{package.path.name}",
            source_code_hash=package.digest,
            memory_size=settings.memory_of(folder),
            timeout=timeout,
            # LocalStack does not keep it; Terraform would set it again and again.
            kms_key_arn=None if settings.is_local else stack.key_arn,
            reserved_concurrent_executions=settings.reserved_concurrency.get(folder),
            publish=True,
            environment=LambdaFunctionEnvironment(
                variables={**_OF_LIBRARIES, **self._powertools(folder), **environment}
            ),
            logging_config=LambdaFunctionLoggingConfig(
                log_format="JSON",
                log_group=log_group.name,
                application_log_level=settings.log_level,
                system_log_level=settings.platform_log_level,
            ),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            depends_on=[self._policy],
        )
        self._alias = LambdaAlias(
            stack,
            f"{self.id}-alias",
            name=LIVE,
            description="The version that is called",
            function_name=self._function.function_name,
            function_version=self._function.version,
        )
        stack.functions.append(self)
        stack.live_versions[folder.replace("_", "-")] = self._alias.function_version
        stack.alarms.watch(
            *of_function(
                self.id,
                self.name,
                timeout=timeout,
                reserved_concurrency=settings.reserved_concurrency.get(folder),
            )
        )

    @property
    def alias(self) -> LambdaAlias:
        """The alias: all that calls the function calls it by this."""
        return self._alias

    @property
    def invoke_arn(self) -> str:
        """What API Gateway calls the function by."""
        names = self._stack.names
        region = names.region
        path = f"path/2015-03-31/functions/{names.live_arn(self.name)}/invocations"
        return f"arn:aws:apigateway:{region}:lambda:{path}"

    @property
    def resource(self) -> LambdaFunction:
        """The resource itself, for others to wait for."""
        return self._function

    @property
    def policy(self) -> IamRolePolicy:
        """The role's policy, for others to wait for."""
        return self._policy

    def watch_errors(self, meaning: str) -> None:
        """Raise an alarm when the function fails again and again; what it means says its caller."""
        self._stack.alarms.watch(errors(self.id, self.name, meaning))

    def may(self, *grants: Grant) -> None:
        """Let the function do what `grants` say."""
        self._grants += grants
        self._policy.policy = self._policy_document()

    def _policy_document(self) -> str:
        log = Statement(
            sid="WriteLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(self._log_streams_arn,),
        )
        trace = Statement(
            sid="SendTraces",
            actions=("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            resources=("*",),  # X-Ray has no resources to name
        )
        allowed = granted(
            self._grants,
            key_arn=self._stack.key_arn,
            region=self._stack.names.region,
            # Lambda decrypts the environment variables in the function's name.
            key_uses=[KeyUse("lambda")],
        )
        return policy_document([log, trace, *allowed])

    def _powertools(self, folder: str) -> dict[str, str]:
        return {
            "POWERTOOLS_SERVICE_NAME": folder,
            "POWERTOOLS_METRICS_NAMESPACE": self._stack.metrics_namespace,
            "POWERTOOLS_LOG_LEVEL": self._stack.settings.log_level,
        }
