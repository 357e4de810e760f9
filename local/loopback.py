"""LocalStack on the loopback interface: 4.14.0 listens on every one, whatever it is told."""

from functools import partial

from localstack.runtime import hooks


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def listen_on_loopback_only() -> None:
    """Give the gateway's endpoints the interface that LocalStack leaves out."""
    from localstack.runtime.server import twisted  # noqa: PLC0415 - not before it is configured

    twisted.endpoints.TCP4ServerEndpoint = partial(
        twisted.endpoints.TCP4ServerEndpoint, interface="127.0.0.1"
    )
