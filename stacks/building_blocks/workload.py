"""The kind of stack that building blocks with moving parts live in."""

from stacks.base import BaseStack
from stacks.building_blocks.alarms import AlarmTopic
from stacks.cdk import Construct
from stacks.settings import Settings


class WorkloadStack(BaseStack):
    """A stack in which everything is encrypted with one key and alarms go to one topic."""

    def __init__(self, scope: Construct, name: str, settings: Settings, *, key_arn: str) -> None:
        super().__init__(scope, name, settings)
        self.key_arn = key_arn
        self.live_versions: dict[str, str] = {}
        """Each function, such as ``place-order``, and the version that its alias names."""
        self.metrics_namespace = f"OrderPipeline/{self.names.suffix}"
        self.alarms = AlarmTopic(self, key_arn, metrics_namespace=self.metrics_namespace)
