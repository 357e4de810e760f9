"""LocalStack's view of an execution environment: its RuntimeExecutor, without Docker."""

import os
from collections.abc import Mapping
from pathlib import Path

from localstack import config
from localstack.aws.api.lambda_ import PackageType, Runtime
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from local.aws_calls import TOKEN_PREFIX
from local.lambda_runtime.environment import ExecutionEnvironment, Function
from local.lambda_runtime.traces import trace_header

# Set by LocalStack for its own programs in the container, or standing for what is not here.
NOT_ON_AWS = ("LOCALSTACK_", "EDGE_PORT", "AWS_LAMBDA_FUNCTION_TIMEOUT", "LAMBDA_")


class HostRuntimeExecutor(RuntimeExecutor):  # type: ignore[misc]  # untyped here
    """Runs an execution environment of LocalStack's as a process of this machine."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - its name
        super().__init__(id, function_version)
        self._environment: ExecutionEnvironment | None = None

    def start(self, env_vars: Mapping[str, object]) -> None:
        """Start the function's process; the first invocation waits for its initialisation."""
        settings = self.function_version.config
        variables = {
            name: str(value)
            for name, value in env_vars.items()
            if name in (settings.environment or {}) or not name.startswith(NOT_ON_AWS)
        }
        if endpoint := os.environ.get("FUNCTIONS_ENDPOINT_URL"):
            variables["AWS_ENDPOINT_URL"] = endpoint
        if daemon := os.environ.get("XRAY_DAEMON_ADDRESS"):
            variables["AWS_XRAY_DAEMON_ADDRESS"] = daemon
            variables["AWS_XRAY_CONTEXT_MISSING"] = "LOG_ERROR"
        variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{settings.runtime}"
        # On AWS each function has credentials of its own role; here the token says whose they are,
        # and LocalStack looks at it for nothing but its record of calls (local/aws_calls.py).
        variables["AWS_SESSION_TOKEN"] = f"{TOKEN_PREFIX}{self.function_version.id.function_name}"
        self._environment = ExecutionEnvironment(
            Function(
                handler=settings.handler,
                version=self.function_version.id.qualifier,
                code=settings.code.get_unzipped_code_location(),
                timeout_seconds=settings.timeout,
                memory_size=settings.memory_size,
                variables=variables,
                json_logs=settings.logging_config.get("LogFormat") == "JSON",
            ),
            python=Path(os.environ["LAMBDA_RUNTIME_PYTHON"]),
        )
        self._environment.start()

    def stop(self) -> None:
        """Kill the function's process."""
        if self._environment:
            self._environment.stop()

    def invoke(self, payload: Mapping[str, str]) -> InvocationResult:
        """Run one invocation."""
        assert self._environment is not None
        request_id = payload["invoke-id"]
        result = self._environment.invoke(
            request_id,
            function_arn=payload["invoked-function-arn"],
            trace_id=trace_header(payload["payload"], payload["trace-id"]),
            payload=payload["payload"].encode(),
        )
        return InvocationResult(request_id, result.payload, result.is_error, result.logs)

    def get_logs(self) -> str:
        """Return nothing: every line is part of an invocation's result."""
        return ""

    def get_address(self) -> str:
        """Return where the process is."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return where the process finds LocalStack."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return LocalStack's own address; the process has its own Runtime API."""
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unzip the function's code."""
        settings = function_version.config
        if settings.package_type != PackageType.Zip or settings.runtime != Runtime.python3_13:
            raise ValueError("without Docker only zipped functions for python3.13 can run")
        settings.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Do nothing: LocalStack removes the code itself."""

    @classmethod
    def validate_environment(cls) -> bool:
        """Say whether functions can run here."""
        return Path(os.environ["LAMBDA_RUNTIME_PYTHON"]).exists()
