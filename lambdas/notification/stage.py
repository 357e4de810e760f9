"""Tell the customer about an event, once on each channel."""

from collections.abc import Sequence

from order_pipeline.adapters.observability import logger, measure
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.measurements import Measurement, Unit, milliseconds_between
from order_pipeline.domain.messages import TEMPLATES, Message, claim_key
from order_pipeline.domain.order import Contact
from order_pipeline.domain.ports import Claims, Messenger, Orders, UndeliverableError
from order_pipeline.domain.stored import now

SENT, UNDELIVERABLE, FAILED = "sent", "undeliverable", "failed"
"""What may become of a message; one that failed is tried again."""


def notify_customer(
    event: OrderEvent, *, orders: Orders, claims: Claims, messengers: Sequence[Messenger]
) -> None:
    """Send the event's message on every channel that the customer wants and can be reached on.

    Each message is claimed with a lease, sent, then marked sent: it is never lost, and sent twice
    only where the process died between the channel's answer and the mark, or the channel's answer
    was lost (no channel lets a sender ask whether it has a message). One that the channel will
    never deliver (an address that does not exist) is logged and not tried again.

    Every channel is tried, whatever became of the others. When the event comes again, so are those
    that failed, and only those.

    Raises
    ------
    ExceptionGroup
        Of what went wrong on each channel; among it `ClaimTakenError`, if another process is
        sending the message right now, or died while it did.
    """
    order = orders.get(event.order_id)
    if order.contact is None:
        return
    message = TEMPLATES[event.event_type](order, event)
    failures = []
    sent = 0
    for messenger in messengers:
        address = messenger.address(order.contact)
        if address is None or not _wants(order.contact, messenger):
            continue
        try:
            sent += _send_once(message, address, messenger, event, claims)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other channels are tried
            failure.add_note(f"channel: {messenger.channel}")
            failures.append(failure)
    if failures:
        raise ExceptionGroup("not sent on every channel", failures)
    if sent:
        latency = milliseconds_between(event.occurred_at, now())
        measure([Measurement("StageLatency", latency, Unit.MILLISECONDS)])


def _send_once(
    message: Message, address: str, messenger: Messenger, event: OrderEvent, claims: Claims
) -> bool:
    """Tell whether the message was sent, now: not before, and not in vain."""
    key = claim_key(event.event_id, messenger.channel)
    if not claims.claim(key):
        return False
    outcome = SENT
    try:
        messenger.send(address, message)
    except UndeliverableError as undeliverable:
        outcome = UNDELIVERABLE
        logger.warning("undeliverable", channel=messenger.channel, reason=str(undeliverable))
    except Exception:
        _count(messenger, FAILED)
        claims.release(key)
        raise
    else:
        logger.info("sent", channel=messenger.channel, event_type=event.event_type.value)
    _count(messenger, outcome)
    claims.done(key)
    return outcome == SENT


def _count(messenger: Messenger, outcome: str) -> None:
    dimensions = {"channel": messenger.channel.value, "outcome": outcome}
    measure([Measurement("Notifications", 1, dimensions=dimensions)])


def _wants(contact: Contact, messenger: Messenger) -> bool:
    return contact.channels is None or messenger.channel in contact.channels
