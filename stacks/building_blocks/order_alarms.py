"""What is watched of orders, money and stock: alarms about what the functions measure."""

import re
from collections.abc import Sequence
from datetime import timedelta

from order_pipeline.domain.limits import CONFIRMED_WITHIN, SETTLING_TIME
from order_pipeline.domain.transitions import EventType
from stacks.building_blocks.alarms import Alarm, AlarmTopic, Combination, Formula, Metric, Missing
from stacks.settings import Alarms, LeastOrders

PLACES = ("place_order", "intake_drain")
"""The functions that store new orders."""
CONFIRMS = ("payment", "reconciler")
"""The functions that record how a payment ended."""

DECLINED_SHARE = 0.3
"""Of payments. Of card payments on the web, one in ten is declined on a bad day; three in ten are a
fault of ours or the provider's, or somebody who tries stolen cards."""
DECLINED_OF_AT_LEAST = 20
"""Payments in the period. Fewer say nothing: at night one may be all."""

PLACED_OF_AT_LEAST = 5
"""Orders in five minutes, of which none reaches a stage. It takes a second."""


def sum_of(alarms: AlarmTopic, prefix: str, metric: str, services: Sequence[str]) -> Formula:
    """Return the sum of a metric that several functions embed; its parts' ids begin so."""
    parts = {
        f"{prefix}{number}": alarms.embedded(metric, service)
        for number, service in enumerate(services)
    }
    return Formula(" + ".join(f"FILL({name}, 0)" for name in parts), parts)


def watch_payments(alarms: AlarmTopic) -> None:
    """Watch how many payments are declined, and how long orders take to be confirmed."""
    declined = sum_of(alarms, "d", "PaymentsDeclined", CONFIRMS)
    confirmed = sum_of(alarms, "c", "OrdersConfirmed", CONFIRMS)
    payments = f"({declined.expression} + {confirmed.expression})"
    alarms.watch(
        Alarm(
            "payment-declines",
            "More payments than usual are declined: customers who want to buy are turned away.",
            "payment-declines",
            Formula(
                f"IF({payments} >= {DECLINED_OF_AT_LEAST}, ({declined.expression}) / {payments}, "
                "0)",
                {**declined.metrics, **confirmed.metrics},
            ),
            above=DECLINED_SHARE,
            minutes=15,
        ),
        Alarm(
            "time-to-confirm",
            "For 15 minutes, one order in twenty has been confirmed later than promised: customers "
            "are waiting for confirmation.",
            "time-to-confirm",
            # The reconciler's own confirmations are late by nature, and count in the objective.
            alarms.embedded("TimeToConfirm", "payment", "p95"),
            above=CONFIRMED_WITHIN.total_seconds() * 1000,
            minutes=5,
            periods=3,
        ),
    )


def watch_for_orders(alarms: AlarmTopic, least: LeastOrders | None) -> None:
    """Watch whether there are as many orders as there should be, if anybody says how many."""
    if least is None:
        return
    alarms.watch(
        Alarm(
            "nothing-placed",
            f"Fewer orders were placed in {least.minutes} minutes than the {least.orders} there "
            "always are: customers may not be able to order, even if nothing else says so.",
            "nothing-placed",
            sum_of(alarms, "p", "OrdersPlaced", PLACES),
            below=least.orders,
            minutes=least.minutes,
            # Without an order no function measures anything.
            missing=Missing.BAD,
        )
    )


def watch_outbox(alarms: AlarmTopic, *, queue_name: str) -> None:
    """Watch whether what is placed reaches the first stage, by its queue.

    A publisher that is paused, or a stream that is not read, leaves no age, depth or error behind:
    there is nothing but orders that are placed, and a queue that nothing is sent to. SQS tells that
    in numbers, zeros too, of every queue that is polled:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    placed = sum_of(alarms, "p", "OrdersPlaced", PLACES)
    alarms.watch(
        Alarm(
            "none-published",
            "Orders are accepted but none is processed: their events do not reach the stages, and "
            "customers are waiting for confirmation.",
            "none-published",
            Formula(
                f"IF(({placed.expression}) >= {PLACED_OF_AT_LEAST} AND FILL(s0, 0) == 0, 1, 0)",
                {
                    **placed.metrics,
                    "s0": Metric("AWS/SQS", "NumberOfMessagesSent", {"QueueName": queue_name}),
                },
            ),
            above=0,
            minutes=5,
            # What is placed at the end of one period is published in the next.
            periods=2,
        )
    )


def watch_event(alarms: AlarmTopic, event: EventType, log_group_name: str, meaning: str) -> None:
    """Raise an alarm as soon as a function logs that it recorded an event of this type."""
    name = _kebab(event.value)
    alarm = Alarm(name, meaning, name, Metric(alarms.namespace, event.value), above=0)
    pattern = f'{{ $.recorded = "{event.value}" }}'
    alarms.watch_log(alarm, pattern=pattern, log_group_name=log_group_name)


def watch_collection(alarms: AlarmTopic, log_group_name: str) -> None:
    """Watch what the payment stage could not do with a customer's money, in its log."""
    watch_event(
        alarms,
        EventType.PAYMENT_CAPTURE_FAILED,
        log_group_name,
        "A parcel has left but its payment could not be taken: the customer has goods that have "
        "not been paid for.",
    )
    watch_event(
        alarms,
        EventType.REFUND_FAILED,
        log_group_name,
        "The payment provider refused a refund: a customer is waiting for their money.",
    )


def watch_circuit(alarms: AlarmTopic, service: str, *, every: int) -> None:
    """Watch whether the payment stage is paused, by the breaker, which looks every so many minutes.

    The alarm looks back twice as far, so that it stays on from one look to the next.
    """
    _watch_found(
        alarms,
        "PaymentCircuitOpen",
        service,
        "The payment provider is not responding: the payment stage is paused until it does. Orders "
        "wait in its queue; nothing is lost.",
        minutes=2 * every,
    )


def watch_reconciler(alarms: AlarmTopic, service: str, log_group_name: str, *, every: int) -> None:
    """Watch what the reconciler finds in its runs, one every so many minutes."""
    _watch_found(
        alarms,
        "StuckOrders",
        service,
        "Orders are long overdue even though their events were published again: their customers "
        "hear nothing until somebody steps in.",
        # An order that was looked at is put off for the settling time.
        minutes=every + SETTLING_TIME // timedelta(minutes=1),
    )
    _watch_found(
        alarms,
        "PaymentDifferences",
        service,
        "The payment provider holds or has taken money that the orders do not account for: a "
        "customer may be charged for nothing.",
        minutes=every,
    )
    _watch_found(
        alarms,
        "StockDifferences",
        service,
        "Stock is held for no order, or an order has no stock held: units may be in stock but not "
        "for sale, or may have been sold twice.",
        minutes=every,
    )
    watch_event(
        alarms,
        EventType.PAYMENT_EXPIRED,
        log_group_name,
        "The hold on a customer's money ended before the first parcel left and could not be "
        "renewed: if the order is sent, nobody pays for it.",
    )


def watch_canary(alarms: AlarmTopic, *, minutes: int) -> None:
    """Watch what test orders, one every so many minutes, tell of the customers'.

    It takes two in a row: one may have met a deploy, and the next one cleans up after it.
    """
    alarms.watch(
        Alarm(
            "canary-failed",
            "Test orders are not accepted, confirmed, cancelled or released: customers' orders are "
            "probably affected too.",
            "canary-failed",
            alarms.embedded("CanaryFailed", "canary", "Maximum"),
            above=0,
            minutes=minutes,
            periods=2,
            # Whoever sets an item aside for it has asked for it.
            asked_for=Alarms.FAULTS,
        )
    )


def watch_the_flow(alarms: AlarmTopic) -> None:
    """Raise one alarm when orders do not flow, whatever the reason.

    Of its parts each means that orders stand still on their way from the checkout to the
    confirmation. What only happens after it, or to single orders, is none of them.
    """
    parts = [
        "nothing-placed",
        "none-published",
        "orders-api-5xx",
        "intake-overflow-age",
        "intake-overflow-retries",
        "event-publisher-function-iterator-age",
        "order-events-topic-lost",
        # What the topic could not deliver to these; others do not hold orders up.
        *(f"{stage}-subscription-dlq" for stage in ("validation", "inventory", "payment")),
        *(f"{stage}-age" for stage in ("validation", "inventory", "payment")),
        *(f"{stage}-depth" for stage in ("validation", "inventory", "payment")),
        "payment-circuit-open",
        "canary-failed",
    ]
    alarms.combine(
        Combination(
            "orders-not-flowing",
            "Orders are not flowing: customers cannot order, or their orders are accepted but not "
            "confirmed.",
            "orders-not-flowing",
            any_of=[part for part in parts if alarms.has(part)],
        )
    )


def _watch_found(
    alarms: AlarmTopic, metric: str, service: str, meaning: str, *, minutes: int
) -> None:
    """Raise an alarm as soon as a run of the function `service` has found any of something.

    In so many minutes each of what there is has been found once: it is over when that long
    nothing was.
    """
    name, found = _kebab(metric), alarms.embedded(metric, service, "Maximum")
    alarms.watch(Alarm(name, meaning, name, found, above=0, minutes=minutes))


def _kebab(name: str) -> str:
    """Return ``payment-capture-failed`` for ``PaymentCaptureFailed``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
