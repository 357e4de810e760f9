"""Event source mappings: what takes messages from a queue or stream to a function."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class EventSourceMapping:
    """A mapping, which can be paused: its queue or stream keeps what is for it."""

    def __init__(self, client: "LambdaClient", mapping_id: str) -> None:
        self._client = client
        self._mapping_id = mapping_id

    @property
    def state(self) -> str:
        """``Enabled``, ``Disabled``, or on the way from one to the other."""
        return self._client.get_event_source_mapping(UUID=self._mapping_id)["State"]

    def pause(self) -> None:
        """Take no more messages."""
        self._client.update_event_source_mapping(UUID=self._mapping_id, Enabled=False)

    def resume(self) -> None:
        """Take messages again."""
        self._client.update_event_source_mapping(UUID=self._mapping_id, Enabled=True)
