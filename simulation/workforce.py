"""The environments behind a queue or a stream: how fast they are, and how many there are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import floor

from simulation.deployment import STREAM_BATCH, Deployment, Mapping
from simulation.limits import REQUESTS_OF_AN_ENVIRONMENT
from simulation.service_times import FunctionTimes, publish_requests
from simulation.work_queue import LATE_SECONDS, Pace

_HARDLY_SECONDS = 0.2
"""What is worked off within so long does not wait."""

_ROUNDS_TO_SETTLE = 4
"""A batch takes longer the larger it is, and is larger the longer the last one took."""


@dataclass(frozen=True)
class Workers:
    """A worker's environments, which AWS adds while messages wait."""

    mapping: Mapping
    times: FunctionTimes
    first: float
    more_a_second: float
    ceiling: float
    cold_start: float
    at_once: int = 1
    """Messages of a batch that one invocation handles at once."""
    longer: float = 0.0
    """Seconds that a message takes besides, on average, for what is tried again at once."""

    @classmethod
    def of(cls, deployment: Deployment, worker: str) -> "Workers":
        """Return the environments of a worker, by its folder."""
        ceiling = deployment.ceiling(worker)
        scaling = deployment.scaling
        return cls(
            deployment.mapping(worker),
            deployment.times.functions[worker],
            ceiling if deployment.warm else min(scaling.first, ceiling),
            scaling.more_a_second,
            ceiling,
            deployment.times.cold_start,
            deployment.payments_at_once if worker == "payment" else 1,
        )

    def concurrency(self, behind_seconds: float) -> float:
        """Return the environments at work after messages have waited for so long in all."""
        grown = self.more_a_second * max(0.0, behind_seconds - self.cold_start)
        return min(self.ceiling, self.first + grown)

    def pace(self, waiting: float, behind_seconds: float, arriving: float) -> Pace:
        """Return the pace; see `Workforce`.

        Where messages wait, batches are full. Otherwise they hold what has come since an
        environment was free the last time, which is no more than one message while there are
        environments enough.
        """
        at_work = self.concurrency(behind_seconds)
        full = self._invocation(at_work, float(self.mapping.batch_size))
        if waiting > full.messages_a_second * _HARDLY_SECONDS:
            return full
        batch = 1.0
        invocation = self._invocation(at_work, batch)
        for _ in range(_ROUNDS_TO_SETTLE):
            if invocation.messages_a_second >= arriving:
                break
            batch *= arriving / invocation.messages_a_second
            batch = min(batch, float(self.mapping.batch_size))
            invocation = self._invocation(at_work, batch)
        return replace(invocation, messages_a_second=full.messages_a_second)

    def _invocation(self, at_work: float, batch: float) -> Pace:
        """Return the pace of so many environments with batches of one size."""
        handled = min(batch, self.handled)
        rounds = self._rounds(handled)
        seconds = self.times.invocation + self._of_message * rounds
        invocations = at_work * min(1 / seconds, REQUESTS_OF_AN_ENVIRONMENT)
        return Pace(
            messages_a_second=invocations * batch,
            # What one is itself tried again for comes on top, and only to those.
            seconds_of_message=self.times.invocation
            + self._of_message * (rounds - 1) / 2
            + self.times.of_message,
            put_back=(batch - handled) / batch,
        )

    @property
    def _of_message(self) -> float:
        return self.times.of_message + self.longer

    def _rounds(self, messages: float) -> float:
        """Return how many messages an invocation has to wait for, one after another."""
        return max(1.0, messages / self.at_once)

    @cached_property
    def handled(self) -> float:
        """The most messages that one invocation begins with before its time runs out."""
        left = self.mapping.timeout - self.mapping.seconds_needed - self.times.invocation
        rounds = max(1, floor(left / self._of_message) + 1)
        return float(rounds * self.at_once)

    @property
    def greatest_rate(self) -> float:
        """Messages a second with full batches and all environments."""
        handled = min(float(self.mapping.batch_size), self.handled)
        seconds = self.times.invocation + self._of_message * self._rounds(handled)
        return self.ceiling * handled * min(1 / seconds, REQUESTS_OF_AN_ENVIRONMENT)


@dataclass(frozen=True)
class Retrying:
    """Workers that try again at once what conflicts, and take the longer for it."""

    workers: Workers
    longer: Callable[[], float]
    """Returns the seconds that a message takes besides just now, on average."""

    def pace(self, waiting: float, behind_seconds: float, arriving: float) -> Pace:
        """Return the pace; see `Workforce`."""
        workers = replace(self.workers, longer=self.longer())
        return workers.pace(waiting, behind_seconds, arriving)


@dataclass(frozen=True)
class Publishers:
    """The environments that publish the stream's records, and the topic's quota.

    They are handed the records that are events: the mapping filters the others out before it
    invokes (`stacks/building_blocks/publisher.py`). A batch is taken to hold as many of them as it
    may have records.

    Above the quota the topic refuses whole requests. A batch then goes on from its first record
    that was refused, so what was published behind it is published again: the quota is spent on
    events that are known already, and with a backlog in the stream, which every lane works off as
    fast as it can, most of it is. The retries of a request are those of botocore's standard mode,
    two attempts and up to a second between (`adapters/clients.py`).
    """

    deployment: Deployment

    def cycle(self, events: float) -> float:
        """Return the seconds that a lane takes for a batch that is all published."""
        return self.deployment.times.publisher_seconds(events, self.deployment.traced)

    @cached_property
    def greatest_rate(self) -> float:
        """Events a second that the lanes can publish, if the topic takes them."""
        return self.deployment.lanes * STREAM_BATCH / self.cycle(STREAM_BATCH)

    @cached_property
    def rate_when_refused(self) -> float:
        """Events a second that get on while the topic refuses what is above its quota.

        The share of requests that the topic lets through is found by bisection: the lanes try as
        much as they do at that share, and the quota is what is let through of it.
        """
        quota = self.deployment.account.publishes
        if self.greatest_rate <= quota:
            return self.greatest_rate
        low, high = 0.0, 1.0
        for _ in range(60):
            share = (low + high) / 2
            if self._refused(share).tried * share > quota:
                high = share
            else:
                low = share
        return self._refused(low).gone

    def pace(self, waiting: float, behind_seconds: float, arriving: float) -> Pace:
        """Return the pace, in events; see `Workforce`."""
        del behind_seconds
        quota, lanes = self.deployment.account.publishes, self.deployment.lanes
        batch = min(float(STREAM_BATCH), max(1.0, waiting / lanes))
        rate = min(self.greatest_rate, quota)
        if self.greatest_rate > quota and max(waiting / LATE_SECONDS, arriving) > quota:
            rate = self.rate_when_refused
        return Pace(messages_a_second=rate, seconds_of_message=self.cycle(batch))

    def _refused(self, share: float) -> "_Refused":
        """Return what the lanes do when each attempt is let through with a probability."""
        deployment = self.deployment
        requests = STREAM_BATCH / _events_of_a_request(deployment)
        passed = 1 - (1 - share) ** _ATTEMPTS
        attempts = (1 - (1 - share) ** _ATTEMPTS) / share if share else float(_ATTEMPTS)
        seconds = self.cycle(STREAM_BATCH) + requests * (1 - share) * _MEAN_PAUSE_SECONDS
        events = deployment.lanes * STREAM_BATCH / seconds
        # The mean length of the run of requests up to the first that was refused, of a batch's.
        run = passed * (1 - passed**requests) / (1 - passed) / requests if passed < 1 else 1.0
        return _Refused(tried=events * attempts, gone=events * run)


_ATTEMPTS = 2
_MEAN_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class _Refused:
    tried: float
    """Events a second that are sent to the topic, with repetitions."""
    gone: float
    """Events a second that need not be sent again."""


def _events_of_a_request(deployment: Deployment) -> float:
    return STREAM_BATCH / publish_requests(STREAM_BATCH, deployment.traced)
