"""The kind of stack that building blocks with moving parts live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.base import BaseStack
from stacks.building_blocks.alarms import AlarmTopic
from stacks.cdk import Construct
from stacks.settings import Settings

if TYPE_CHECKING:
    from stacks.building_blocks.function import Function


class WorkloadStack(BaseStack):
    """A stack in which everything is encrypted with one key and alarms go to one topic."""

    def __init__(self, scope: Construct, name: str, settings: Settings, *, key_arn: str) -> None:
        super().__init__(scope, name, settings)
        self.key_arn = key_arn
        self.live_versions: dict[str, str] = {}
        """Each function, such as ``place-order``, and the version that its alias names."""
        # What there is, for those that look at all of it: saved queries, and the dashboard.
        self.functions: list[Function] = []
        self.queue_names: dict[str, str] = {}
        """Each queue's name, by what it is for, such as ``payment``."""
        self.dead_letter_queue_names: dict[str, str] = {}
        """The same of dead-letter queues, such as ``payment`` or ``payment-subscription``."""
        self.metrics_namespace = f"OrderPipeline/{self.names.suffix}"
        self.alarms = AlarmTopic(self, key_arn, metrics_namespace=self.metrics_namespace)
