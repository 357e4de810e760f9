"""How long a failed message waits before it is tried again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential, with equal jitter: half of each delay is fixed, half is random.

    Delays are whole seconds, as SQS counts them.
    """

    first_delay: int
    longest_delay: int

    def longest(self, receive_count: int) -> int:
        """Return the longest delay after a message was received `receive_count` times (1, 2, …)."""
        return min(self.longest_delay, self.first_delay << (receive_count - 1))

    def shortest(self, receive_count: int) -> int:
        """Return the shortest delay after that many receives: half of the longest, at least 1."""
        return max(1, self.longest(receive_count) // 2)

    def delay(self, receive_count: int) -> int:
        """Return the delay, in seconds, after that many receives."""
        return random.randint(self.shortest(receive_count), self.longest(receive_count))  # noqa: S311
