"""DynamoDB Local from npm for LocalStack without Docker, which would download a newer one."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from localstack.runtime import hooks

if TYPE_CHECKING:
    from localstack.aws.api import RequestContext


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def use_dynamodb_local_from_npm() -> None:
    """Run the DynamoDB Local in the folder that DYNAMODB_LOCAL_FOLDER names, if it is set."""
    if folder := os.environ.get("DYNAMODB_LOCAL_FOLDER"):
        _install(folder)


def _install(folder: str) -> None:
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.dynamodb import server  # noqa: PLC0415
    from localstack.services.dynamodb.packages import (  # noqa: PLC0415
        DynamoDBLocalPackageInstaller,
    )
    from localstack.services.dynamodbstreams.v2.provider import (  # noqa: PLC0415
        DynamoDBStreamsProvider,
    )

    # The folder counts as an installation, and Java is the one on PATH.
    DynamoDBLocalPackageInstaller.get_installed_dir = lambda _self: folder
    DynamoDBLocalPackageInstaller.get_java_env_vars = lambda _self: {}

    create_shell_command = server.DynamodbServer._create_shell_command  # noqa: SLF001

    def without_agent(self: server.DynamodbServer) -> list[str]:
        """Drop LocalStack's patch of a newer DynamoDB Local, and end Java with LocalStack."""
        command = create_shell_command(self)
        java = [part for part in command if not part.startswith("-javaagent")]
        return [sys.executable, "-m", "local.tether", *java]

    server.DynamodbServer._create_shell_command = without_agent  # noqa: SLF001
    server.ShellCommandThread = partial(server.ShellCommandThread, stdin=True)

    to_local_arn = DynamoDBStreamsProvider.modify_stream_arn_for_ddb_local

    def leave_iterators_alone(self: DynamoDBStreamsProvider, value: str) -> str:
        """Rewrite stream ARNs only: this version's shard iterators (`000|arn:…`) are opaque."""
        return to_local_arn(self, value) if value.startswith("arn:") else value

    DynamoDBStreamsProvider.modify_stream_arn_for_ddb_local = leave_iterators_alone

    if url := os.environ.get("STREAM_READS_URL"):
        _read_streams_from(url)


def _read_streams_from(url: str) -> None:
    """Ask a server of another address than DynamoDB Local's for a stream's records."""
    from localstack.aws.forwarder import AwsRequestProxy  # noqa: PLC0415
    from localstack.services.dynamodb.server import DynamodbServer  # noqa: PLC0415

    make = DynamodbServer.__init__

    def with_reads_elsewhere(self: DynamodbServer, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        everything_else, reads = self.proxy, AwsRequestProxy(url)

        def forward(context: "RequestContext", service_request: Any = None) -> Any:
            is_read = context.operation.name == "GetRecords"
            return (reads if is_read else everything_else)(context, service_request)

        self.proxy = forward

    DynamodbServer.__init__ = with_reads_elsewhere
