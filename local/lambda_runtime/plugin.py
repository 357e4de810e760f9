"""How LocalStack finds the executor: it loads the plugin that LAMBDA_RUNTIME_EXECUTOR names."""

from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class HostRuntimeExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # untyped here
    """Runs functions as processes of this machine."""

    name = "host"

    def load(self, *_args: Any, **_kwargs: Any) -> type:
        """Import the executor only when LocalStack wants it."""
        from local.lambda_runtime.executor import HostRuntimeExecutor  # noqa: PLC0415

        return HostRuntimeExecutor
