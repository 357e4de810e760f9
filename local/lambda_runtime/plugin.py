"""How LocalStack finds what is here: it loads the plugins of local/localstack_plugins."""

from typing import Any

from localstack.runtime import hooks
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class HostRuntimeExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # untyped here
    """Runs functions as processes of this machine, where LAMBDA_RUNTIME_EXECUTOR names it."""

    name = "host"

    def load(self, *_args: Any, **_kwargs: Any) -> type:
        """Import the executor only when LocalStack wants it."""
        from local.lambda_runtime.executor import HostRuntimeExecutor  # noqa: PLC0415

        return HostRuntimeExecutor


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def share_environments() -> None:
    """Give invocations at once an environment each."""
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.lambda_.invocation import lambda_service  # noqa: PLC0415

    from local.lambda_runtime.assignment import SharedAssignmentService  # noqa: PLC0415

    lambda_service.AssignmentService = SharedAssignmentService
