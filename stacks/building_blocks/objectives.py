"""Service levels: what is promised, and alarms on how fast the error budget is used up.

https://sre.google/workbook/alerting-on-slos/ (multiwindow, multi-burn-rate alerts);
docs/objectives.md says what each level means.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stacks.building_blocks.alarms import Alarm, AlarmTopic, Combination, Formula, Metric
from stacks.building_blocks.order_alarms import CONFIRMS, sum_of

ACCEPTED = 0.999
"""Of the requests for an order, those that are not answered with an error of ours."""
CONFIRMED_IN_TIME = 0.99
"""Of the orders that are confirmed, those within `limits.CONFIRMED_WITHIN`."""
LOST = 0
"""Orders that were accepted, and whose money or stock is not accounted for or that stand still."""

LEAST_BAD = 5
"""In the window. Of few requests one is a large share, and each has a sign of its own."""


@dataclass(frozen=True)
class BurnRate:
    """How many times too fast the error budget is used up, over a long and a short window.

    The short window ends the alarm soon after the failure has ended.
    """

    name: str
    times: float
    long_minutes: int
    short_minutes: int


BURN_RATES = (
    BurnRate("fast", 14.4, 60, 5),  # 2% of the budget in an hour
    BurnRate("slow", 6, 6 * 60, 30),  # 5% of it in six
)


@dataclass(frozen=True)
class Objective:
    """A share of what is to go well."""

    name: str
    meaning: str
    section: str
    target: float
    bad: Formula
    total: Formula


def watch_objectives(alarms: AlarmTopic, *, api_name: str, stage: str) -> None:
    """Raise an alarm when a service level is at risk."""
    post_order = {"ApiName": api_name, "Method": "POST", "Resource": "/orders", "Stage": stage}
    for objective in (
        Objective(
            "accepted",
            "Too many orders are refused because of errors on our side",
            "objective-accepted",
            ACCEPTED,
            Formula("FILL(b, 0)", {"b": Metric("AWS/ApiGateway", "5XXError", post_order)}),
            Formula("FILL(t, 0)", {"t": Metric("AWS/ApiGateway", "Count", post_order)}),
        ),
        Objective(
            "confirmed",
            "Too many orders are confirmed late",
            "objective-confirmed",
            CONFIRMED_IN_TIME,
            sum_of(alarms, "b", "ConfirmedLate", CONFIRMS),
            sum_of(alarms, "t", "OrdersConfirmed", CONFIRMS),
        ),
    ):
        for rate in BURN_RATES:
            _watch(alarms, objective, rate)
    _watch_for_lost_orders(alarms)


def _watch(alarms: AlarmTopic, objective: Objective, rate: BurnRate) -> None:
    bad, total = objective.bad.expression, objective.total.expression
    parts = []
    for minutes in (rate.long_minutes, rate.short_minutes):
        name = f"{objective.name}-{minutes}-minutes"
        parts.append(name)
        alarms.watch(
            Alarm(
                name,
                f"{objective.meaning}, measured over {minutes} minutes.",
                objective.section,
                Formula(
                    f"IF(({bad}) >= {LEAST_BAD}, ({bad}) / ({total}), 0)",
                    {**objective.bad.metrics, **objective.total.metrics},
                ),
                above=round(rate.times * (1 - objective.target), 6),
                minutes=minutes,
                is_part=True,
            )
        )
    alarms.combine(
        Combination(
            f"{objective.name}-{rate.name}-burn",
            f"{objective.meaning}: the error budget of 30 days is being used up "
            f"{rate.times:g} times too fast.",
            objective.section,
            all_of=parts,
        )
    )


def _watch_for_lost_orders(alarms: AlarmTopic) -> None:
    """Raise an alarm on the first order that may be lost: there is no budget for any."""
    signs: Sequence[str] = (
        "stuck-orders",
        "stock-differences",
        "payment-differences",
        "order-events-topic-lost",
        "intake-overflow-dlq",
        "event-publisher-dlq",
        "validation-dlq",
        "inventory-dlq",
        "payment-dlq",
        "validation-subscription-dlq",
        "inventory-subscription-dlq",
        "payment-subscription-dlq",
    )
    alarms.combine(
        Combination(
            "lost-orders",
            "An accepted order is stuck, or its money or stock is not accounted for: it will be "
            "lost unless somebody steps in.",
            "objective-lost",
            any_of=signs,
        )
    )
