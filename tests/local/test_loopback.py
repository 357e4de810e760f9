import psutil

from local.settings import LocalSettings


def test_localstack_can_be_reached_from_this_machine_only(localstack: LocalSettings) -> None:
    listening = [
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert ("127.0.0.1", localstack.port) in listening
    assert ("0.0.0.0", localstack.port) not in listening  # noqa: S104 - that is the point
    assert ("::", localstack.port) not in listening
