"""What a load test looks at while it runs: how full the stages' queues are."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.e2e.shop import Shop

EVERY = 0.5
"""Seconds between two looks, each a request a queue."""


@dataclass
class Depths:
    """A thread that looks at queues again and again, while the block lasts."""

    shop: Shop
    queues: Mapping[str, str]
    """Stage → the URL of its queue."""
    seen: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    """Seconds since 1970, and the messages by stage: waiting and in flight."""
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        assert self._thread
        self._thread.join()

    @property
    def peaks(self) -> dict[str, int]:
        """The most messages that each queue was seen with."""
        return {
            stage: max((seen[stage] for _, seen in self.seen), default=0) for stage in self.queues
        }

    def _look(self) -> None:
        while True:
            counted = {stage: self.shop.messages(url) for stage, url in self.queues.items()}
            self.seen.append((time.time(), counted))
            if self._over.wait(EVERY):
                return
