"""The pipeline as SimPy runs it: clients, gateway, stream, topic, stages, tables and provider.

What is exact and what is not:

* Times are continuous. Only clients and samples go by a clock, of `TICK` and `SAMPLE_SECONDS`.
* A cohort is a tenth of a second's orders, evenly spread. It is cut where it takes longer to be
  worked off, so that a queue's rate is looked at at least twice a second.
* A queue is fluid: it has no chance in it. Orders wait because more come than are worked off, not
  because some service takes longer than another; that spread is added to the percentiles
  afterwards (`outcome`). Near full load a queue with chance would wait longer.
* A limit refuses shares of cohorts, by whole seconds, and those who ask first get it first.
* Those whose messages fail at nearly the same time go on together, and come back spread over the
  backoff that the code draws from.
* Lambda and SQS lose and repeat nothing here. A message that is published twice is seen by a stage
  that has nothing to do any more; that costs a read, which is left out, as are reads of any kind
  but validation's of the hot item, calls of the API other than POST /orders, and what the
  reconciler publishes again.
"""

from collections import defaultdict
from collections.abc import Callable, Generator
from math import floor
from statistics import fmean
from typing import Any, Final

import simpy

from simulation.cohort import Cohort
from simulation.deployment import (
    ATTEMPTS_AT_A_CONFLICT,
    BREAKER_SECONDS,
    CALLS_TO_OPEN_CIRCUIT,
    MAPPINGS,
    PAUSE_AT_A_CONFLICT,
    Deployment,
)
from simulation.limits import (
    ENVIRONMENTS_AT_ONCE,
    ENVIRONMENTS_MORE_A_SECOND,
    INDEX_PARTITIONS,
    READS_OF_A_PARTITION,
    REQUESTS_OF_AN_ENVIRONMENT,
    UNITS_OF_A_PARTITION,
    UNITS_OF_A_TABLES_QUOTA,
    Account,
)
from simulation.outcome import Confirmation, Outcome
from simulation.refusing import Bucket, HotItem, PerSecond, Refusals, Throughput
from simulation.sale import Sale
from simulation.work_queue import Workforce, WorkQueue
from simulation.workforce import Publishers, Retrying, Workers
from stacks.order_cost import WRITE_UNITS, WRITES_OF_A_MESSAGE, Resource, Step

TICK: Final = 0.1
"""Seconds whose orders are a cohort."""

SAMPLE_SECONDS: Final = 1.0

BOOKED_WITHIN_SECONDS: Final = 3.0

LEAST_WINDOW_SECONDS: Final = 0.5
WINDOWS_OF_A_PAUSE: Final = 4
"""Orders whose messages failed the same number of times within a window are one cohort again.

A window is this part of the shortest pause that follows, or half a second.
"""

PIECES_OF_A_PAUSE: Final = 8
"""Into so many cohorts they are cut at the most when they come back, spread over the pause."""

HORIZON_SECONDS: Final = 60 * 60.0
"""How long a sale is watched from its beginning."""

STAGES: Final = ("validation", "inventory", "payment")
"""Those that an order passes before it is confirmed."""

SDK_PAUSE_SECONDS: Final = 0.5
"""Before botocore's second and last attempt: a random part of a second, on average."""

_LEAST_ORDERS: Final = 1e-6
"""A smaller part of a cohort is none."""


class Pipeline:
    """One sale at one deployment."""

    def __init__(
        self, deployment: Deployment, sale: Sale, *, horizon: float = HORIZON_SECONDS
    ) -> None:
        self.deployment, self.sale, self.horizon = deployment, sale, horizon
        settings, account = deployment.settings, deployment.account
        env = self._env = simpy.Environment()
        self.outcome = Outcome(deployment, sale, horizon)
        self.gate = Bucket(settings.throttling.rate, settings.throttling.burst)
        self.front = _FrontFunction(deployment)
        self.tables: dict[Resource, Throughput] = {
            resource: Throughput(account.units(resource), greatest=_greatest(resource, account))
            for resource in Resource
        }
        self.messages_table = Throughput(
            account.units(Resource.INVENTORY), greatest=UNITS_OF_A_TABLES_QUOTA
        )
        self.hot = HotItem(deployment.stock_counters, deployment.times.transaction_holds)
        self.hot_reads = PerSecond(READS_OF_A_PARTITION)
        self.provider = Provider(deployment)
        self.publisher = WorkQueue(env, Publishers(deployment), self._published)
        self._came_to_reserve: dict[int, float] = defaultdict(float)
        self._tried_again_seconds: dict[int, float] = defaultdict(float)
        workforces: dict[str, Workforce] = {
            worker: Workers.of(deployment, worker) for worker in MAPPINGS
        }
        workforces["inventory"] = Retrying(
            Workers.of(deployment, "inventory"), self._seconds_for_conflicts
        )
        self.queues = {
            worker: WorkQueue(env, workforce, self._done_by(worker))
            for worker, workforce in workforces.items()
        }
        self.in_stream: dict[str, float] = defaultdict(float)
        """Events that are yet to be published, by the stage that they are for."""
        self.on_the_way: dict[str, float] = defaultdict(float)
        """Messages between the topic and a queue, by stage."""
        self.in_hands: dict[str, float] = defaultdict(float)
        """Messages that a stage has received and is not done with, by stage."""
        self.in_backoff: dict[str, float] = defaultdict(float)
        """Messages that failed and wait to be received again, by stage."""
        self._failed: dict[tuple[str, int, bool, int], Cohort] = {}
        self._circuit_is_open = False
        self._runs_of_failures = 0.0
        env.process(self._clients())
        env.process(self._circuit())
        env.process(self._breaker())
        env.process(self._sampler())

    def run(self) -> Outcome:
        """Run the sale to its horizon; return what came of it."""
        self._env.run(until=self.horizon)
        outcome = self.outcome
        queues = {"publisher": self.publisher, **self.queues}
        outcome.queues = {name: queue.figures for name, queue in queues.items()}
        outcome.refusing = {
            "api throttle": self.gate.refusals,
            "place-order": self.front.limit.refusals,
            **{resource.value: table.refusals for resource, table in self.tables.items()},
            "hot item": self.hot.refusals,
            "hot item's reads": self.hot_reads.refusals,
            "payment provider": self.provider.refusals,
        }
        outcome.waiting = {stage: self._waiting_for(stage) for stage in ("intake_drain", *STAGES)}
        return outcome

    def _waiting_for(self, stage: str) -> float:
        """Return the orders that a stage has yet to do something for."""
        queue = self.queues[stage]
        return self.in_stream[stage] + self.on_the_way[stage] + queue.depth + self._in_flight(stage)

    def _in_flight(self, stage: str) -> float:
        """Return the messages that SQS counts as in flight: received and not yet deleted."""
        return self.queues[stage].in_service + self.in_hands[stage] + self.in_backoff[stage]

    # ------------------------------------------------------------------ clients

    def _clients(self) -> Generator[simpy.Event, Any]:
        """Send the orders of each tick, and those that were refused before."""
        sale, outcome = self.sale, self.outcome
        returning: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        tick = 0
        while tick * TICK < sale.ends or returning:
            first, last = tick * TICK, (tick + 1) * TICK
            yield self._env.timeout(max(0.0, first - self._env.now))
            requests = returning.pop(tick, defaultdict(float))
            fresh = sale.come_by(last) - sale.come_by(first)
            outcome.offered += fresh
            requests[1] += fresh
            total = sum(requests.values())
            passed = self.gate.take(first, last, total)
            passed *= self.front.take(first, last, total * passed)
            self._accept(Cohort(total * passed, first, last, first, last))
            for attempt, number in requests.items():
                refused = number * (1 - passed)
                if refused <= _LEAST_ORDERS:
                    continue
                if attempt == sale.clients.attempts:
                    outcome.gave_up += refused
                    continue
                ticks = max(1, round(sale.clients.longest_pause(attempt) / TICK))
                for ahead in range(1, ticks + 1):
                    returning[tick + ahead][attempt + 1] += refused / ticks
            tick += 1
            outcome.retrying = sum(sum(each.values()) for each in returning.values())

    def _accept(self, cohort: Cohort) -> None:
        """Store the orders; what the table refuses is deferred."""
        if cohort.orders <= _LEAST_ORDERS:
            return
        self.outcome.accepted += cohort.orders
        hot = self.sale.hot_share
        for share, is_hot in ((hot, True), (1 - hot, False)):
            if share <= 0:
                continue
            orders = cohort.part(share)
            orders.is_hot = is_hot
            stored = self._write(Step.PLACE, orders)
            self._publish(orders.part(stored), STAGES[0])
            deferred = orders.part(1 - stored)
            if deferred.orders > _LEAST_ORDERS:
                self.outcome.deferred += deferred.orders
                self._send(deferred, "intake_drain")

    # ------------------------------------------------------------------ tables

    def _write(self, step: Step, orders: Cohort) -> float:
        """Write the orders' items; return the share that the tables have taken.

        A write needs units of its table and of each index at once: an index that is throttled
        throttles its table. What is refused is tried once more by botocore, but for a
        transaction: that is cancelled, whatever the reason, and botocore leaves it to the caller.
        """
        units = WRITE_UNITS[step]
        if orders.orders <= _LEAST_ORDERS:
            return 1.0
        written, refused = 0.0, orders
        pauses = (0.0,) if step is Step.RESERVE else (0.0, SDK_PAUSE_SECONDS)
        for pause in pauses:
            tried = refused.later(pause)
            asked = [
                (self.tables[resource], tried.orders * number) for resource, number in units.items()
            ]
            share = min(table.grantable(tried.first, tried.last, amount) for table, amount in asked)
            for table, amount in asked:
                table.take(tried.first, tried.last, amount, share)
            written += tried.orders * share
            refused = tried.part(1 - share)
            if refused.orders <= _LEAST_ORDERS:
                return 1.0
        return written / orders.orders

    # ------------------------------------------------------------------ stream and topic

    def _publish(self, orders: Cohort, to: str) -> None:
        """Put the orders' next event on the stream."""
        if orders.orders <= _LEAST_ORDERS:
            return
        event = orders.later(self.deployment.times.stream_poll / 2).on_to(to)
        self.in_stream[to] += event.orders
        self._at(event.first, self.publisher.put, event)

    def _published(self, event: Cohort, put_back: float) -> None:
        assert not put_back, "a stream puts nothing back"
        self.in_stream[event.destination] -= event.orders
        self._send(event.later(self.deployment.times.delivery.mean), event.destination)

    # ------------------------------------------------------------------ queues

    def _send(self, orders: Cohort, to: str) -> None:
        """Let messages about orders come to a stage's queue when it is time."""
        self.on_the_way[to] += orders.orders
        self._at(orders.first, self._arrive, orders, to)

    def _arrive(self, orders: Cohort, at: str) -> None:
        self.on_the_way[at] -= orders.orders
        self.queues[at].put(orders)

    def _done_by(self, stage: str) -> Callable[[Cohort, float], None]:
        """Return what to do with messages that a stage has received."""
        operate: Callable[[Cohort], float] = {
            "intake_drain": self._drain,
            "validation": self._validate,
            "inventory": self._reserve,
            "payment": self._pay,
            "notification": self._notify,
        }[stage]

        def done(received: Cohort, put_back: float) -> None:
            self._retry(received.part(put_back), stage)
            orders = received.part(1 - put_back)
            self.in_hands[stage] += orders.orders
            self._at(orders.last, self._operated, orders, stage, operate)

        return done

    def _operated(self, orders: Cohort, stage: str, operate: Callable[[Cohort], float]) -> None:
        self.in_hands[stage] -= orders.orders
        succeeded = operate(orders)
        self._retry(orders.part(1 - succeeded), stage)

    def _retry(self, orders: Cohort, stage: str) -> None:
        """Hide failed messages for their backoff, or give them up."""
        if orders.orders <= _LEAST_ORDERS:
            return
        most = MAPPINGS[stage].max_receives
        if most is not None and orders.receives >= most:
            self.outcome.given_up[stage] += orders.orders
            return
        self.in_backoff[stage] += orders.orders
        shortest = self.deployment.backoff(stage).shortest(orders.receives)
        seconds = max(LEAST_WINDOW_SECONDS, shortest / WINDOWS_OF_A_PAUSE)
        window = floor(self._env.now / seconds)
        alike = (stage, orders.receives, orders.is_hot, window)
        if alike in self._failed:
            self._failed[alike] = self._failed[alike].with_others(orders)
            return
        self._failed[alike] = orders
        self._at((window + 1) * seconds, self._back_off, alike)

    def _back_off(self, alike: tuple[str, int, bool, int]) -> None:
        """Let the messages come back one after another, between the shortest pause and the longest.

        The longest pause of one and the shortest of the next are as likely as all between.
        """
        stage, receives, *_ = alike
        backoff = self.deployment.backoff(stage)
        failed = self._failed.pop(alike)
        back = failed.at(
            failed.first + backoff.shortest(receives), failed.last + backoff.longest(receives)
        )
        pieces = min(PIECES_OF_A_PAUSE, max(1, round(back.last - back.first)))
        for left in range(pieces, 0, -1):
            piece, back = back.jittered(1 / left)
            self._at(piece.first, self._come_back, piece, stage)

    def _come_back(self, orders: Cohort, stage: str) -> None:
        self.in_backoff[stage] -= orders.orders
        self.queues[stage].put(orders)

    # ------------------------------------------------------------------ stages

    def _drain(self, orders: Cohort) -> float:
        stored = self._write(Step.PLACE, orders)
        self._publish(orders.part(stored), STAGES[0])
        return stored

    def _validate(self, orders: Cohort) -> float:
        # What is not read is asked for again within the same second, and then by the queue.
        read = 1.0
        if orders.is_hot:
            read = self.hot_reads.take(orders.first, orders.last, orders.orders)
        validated = read * self._write(Step.VALIDATE, orders.part(read))
        self._publish(orders.part(validated), "inventory")
        return validated

    def _reserve(self, orders: Cohort) -> float:
        """Reserve; what finds others at the hot item tries again at once, a few times.

        A transaction that is cancelled uses the units of all its writes, each time.
        """
        second = floor(orders.last)
        self._came_to_reserve[second] += orders.orders
        left, reserved = orders, 0.0
        for attempt in range(ATTEMPTS_AT_A_CONFLICT):
            if left.orders <= _LEAST_ORDERS:
                break
            if attempt:
                left = left.later(self._again_seconds)
                self._tried_again_seconds[second] += left.orders * self._again_seconds
            tried = left.part(self._write(Step.RESERVE, left))
            succeeded, conflicted = 1.0, 0.0
            if orders.is_hot:
                succeeded, conflicted = self.hot.take(tried.first, tried.last, tried.orders)
            self._publish(tried.part(succeeded), "payment")
            reserved += tried.orders * succeeded
            left = tried.part(conflicted)
        return reserved / orders.orders if orders.orders else 1.0

    @property
    def _again_seconds(self) -> float:
        """A pause and another transaction."""
        return fmean(PAUSE_AT_A_CONFLICT) + self.deployment.times.transaction.mean

    def _seconds_for_conflicts(self) -> float:
        """Return the seconds that messages took for trying again, on average, a second ago."""
        second = floor(self._env.now) - 1
        came = self._came_to_reserve[second]
        return self._tried_again_seconds[second] / came if came else 0.0

    def _pay(self, orders: Cohort) -> float:
        authorised = self.provider.authorise(orders)
        stored = authorised * self._write(Step.REMEMBER_INTENT, orders.part(authorised))
        confirmed = stored * self._write(Step.CONFIRM, orders.part(stored))
        self._confirm(orders.part(confirmed))
        return confirmed

    def _confirm(self, orders: Cohort) -> None:
        if orders.orders <= _LEAST_ORDERS:
            return
        self.outcome.confirmations.append(
            Confirmation(
                orders.orders,
                orders.placed_first,
                orders.placed_last,
                orders.first,
                orders.last,
                orders.is_hot,
            )
        )
        self._publish(orders, "notification")

    def _notify(self, orders: Cohort) -> float:
        return self.messages_table.take(
            orders.first, orders.last, orders.orders * WRITES_OF_A_MESSAGE
        )

    # ------------------------------------------------------------------ the circuit

    def _circuit(self) -> Generator[simpy.Event, Any]:
        """Open the payment circuit when five calls in a row had no answer, second by second."""
        # Calls are booked when the last of their cohort is done.
        yield self._env.timeout(BOOKED_WITHIN_SECONDS)
        second = 0
        while True:
            yield self._env.timeout(1.0)
            self._runs_of_failures += self.provider.runs_of_failures(second)
            second += 1
            if self._runs_of_failures >= 1 and not self._circuit_is_open:
                self._circuit_is_open = True
                self.outcome.circuit_opened.append(self._env.now)

    def _breaker(self) -> Generator[simpy.Event, Any]:
        """Every minute, do the next step of pausing and resuming payment (ADR 10)."""
        payment = self.queues["payment"]
        while True:
            yield self._env.timeout(BREAKER_SECONDS)
            if not self._circuit_is_open:
                continue
            if payment.is_paused:
                # While nothing is asked of it, the provider answers the probe.
                payment.resume()
                self._circuit_is_open, self._runs_of_failures = False, 0.0
            else:
                payment.pause()
                self.outcome.pauses.append(self._env.now)

    # ------------------------------------------------------------------ clockwork

    def _sampler(self) -> Generator[simpy.Event, Any]:
        """Write down how many orders are where, every second."""
        while True:
            self.outcome.samples.append(
                {
                    "stream": sum(self.in_stream.values()),
                    **{
                        name: queue.depth + self._in_flight(name)
                        for name, queue in self.queues.items()
                    },
                }
            )
            for name in self.queues:
                self.outcome.note_in_flight(name, self._in_flight(name), self._env.now)
            yield self._env.timeout(SAMPLE_SECONDS)

    def _at(self, time: float, do: Callable[..., None], *arguments: Any) -> None:
        """Do something at a time, or at once if it is over."""

        def later() -> Generator[simpy.Event, Any]:
            yield self._env.timeout(max(0.0, time - self._env.now))
            do(*arguments)

        self._env.process(later())


class Provider:
    """The payment provider's limits: for each operation, and for all together."""

    def __init__(self, deployment: Deployment) -> None:
        account = deployment.account
        self._all = PerSecond(account.provider_calls)
        self._each = {
            call: PerSecond(account.provider_calls_of_an_endpoint) for call in ("create", "confirm")
        }
        self.refusals = Refusals()
        self._calls: dict[int, float] = defaultdict(float)
        self._refused: dict[int, float] = defaultdict(float)

    def authorise(self, orders: Cohort) -> float:
        """Return the share of orders whose intents are created and confirmed."""
        calls = refused = 0.0
        share = 1.0
        for limit in self._each.values():
            asked = orders.orders * share
            if asked <= 0:
                break
            granted = min(
                limit.grantable(orders.first, orders.last, asked),
                self._all.grantable(orders.first, orders.last, asked),
            )
            limit.take(orders.first, orders.last, asked, granted)
            self._all.take(orders.first, orders.last, asked, granted)
            calls += asked
            refused += asked * (1 - granted)
            share *= granted
        self.refusals.note(calls, refused, orders.first)
        second = floor(orders.first)
        self._calls[second] += calls
        self._refused[second] += refused
        return share

    def runs_of_failures(self, second: int) -> float:
        """Return how often five calls in a row had no answer in a second, by expectation.

        The provider refuses at random what is too much in a second.
        """
        calls = self._calls.pop(second, 0.0)
        refused = self._refused.pop(second, 0.0)
        return calls * (refused / calls) ** CALLS_TO_OPEN_CIRCUIT if calls else 0.0


class _FrontFunction:
    """place-order: environments are added as requests come, and none waits for one."""

    def __init__(self, deployment: Deployment) -> None:
        times = deployment.times.functions["place_order"]
        seconds = times.invocation + times.of_message
        self._each = min(1 / seconds, REQUESTS_OF_AN_ENVIRONMENT)
        self._reserved = deployment.reserved("place_order")
        self.limit = _Growing(self._each, self._reserved)

    def take(self, first: float, last: float, requests: float) -> float:
        """Return the share of requests that an environment is there for."""
        return self.limit.take(first, last, requests)


class _Growing(PerSecond):
    """Requests a second of environments that grow in number."""

    def __init__(self, each: float, most: float) -> None:
        super().__init__(each * most)
        self._each, self._most = each, most

    def limit_at(self, second: int) -> float:
        environments = ENVIRONMENTS_AT_ONCE + ENVIRONMENTS_MORE_A_SECOND * second
        return self._each * min(self._most, environments)


def _greatest(resource: Resource, account: Account) -> float:
    quota = max(UNITS_OF_A_TABLES_QUOTA, account.units(resource))
    if resource is Resource.OPEN_ORDERS_INDEX:
        return min(quota, INDEX_PARTITIONS * UNITS_OF_A_PARTITION)
    return quota
