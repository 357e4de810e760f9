"""Every limit of the pipeline, in one place for the code, the API documents and the tests.

The numbers keep an order's item below DynamoDB's 400 KB whatever characters its texts have, an
event below the 256 KB of SNS and SQS, and a reservation below the 100 actions of one transaction.
"""

from datetime import timedelta
from decimal import Decimal

ID_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"
"""Ids of orders, customers and items. Nothing in them is special in a URL, key or log.

Hence no leading dot: `..` would be another folder.
"""

PAYMENT_METHOD_PATTERN = r"^pm_[A-Za-z0-9_]{1,64}$"
"""The payment provider's tokens for payment methods."""

MAX_LINES = 50
MAX_QUANTITY = 10_000
MAX_AVAILABLE = 1_000_000_000
MAX_STOCK_COUNTERS = 32
"""Of one item: setting it writes the item and all of them in one transaction, which takes 100."""

MAX_BODY_BYTES = 64 * 1024
MAX_PARCELS = 80
"""Of one order. The last one must hold all that remains, so that nothing can be left behind."""

MAX_REFUNDS = 20
"""Of one order, failed ones included."""

MAX_PARCEL_LINES = 500
"""Of all parcels of one order together: an order is its item, and must fit into it.

A parcel that holds all that remains of its items never meets this limit; see `shipping`.
"""

MAX_ADJUSTMENT = 1_000_000
MAX_PAGE = 100
MAX_TEXT = 200
MAX_POSTCODE = 20
MAX_EMAIL = 254
"""Source: RFC 5321, section 4.5.3.1.3: a path of 256 octets, less its angle brackets."""

MAX_PUSH_ENDPOINT = 256
MAX_IDEMPOTENCY_KEY = 255
MAX_CURSOR = 400
MAX_AMOUNT = Decimal("999999999.99")
"""In a request, major units; what is charged is held to `MAX_TOTAL`."""

MAX_TOTAL = 99_999_999
"""Minor units. The payment provider's largest charge (Stripe: eight digits)."""

CONFIRMED_WITHIN = timedelta(seconds=5)
"""How long an order may take to be confirmed: a service level (docs/objectives.md)."""

SETTLING_TIME = timedelta(minutes=15)
"""How long an order may take to reach its next resting place before the reconciler looks at it."""

HANDOVER_TIME = timedelta(days=1)
"""How long a confirmed order may wait for its first parcel before the warehouse is told again."""

PAYMENT_DEADLINE = timedelta(hours=6)
"""How long an order holds stock without an authorised payment.

Longer than the payment stage tries by itself, so that an outage of the provider cancels nothing
that would still be paid.
"""

STUCK_TIME = timedelta(hours=1)
"""How long past its due an order may be before somebody is told."""

PAYMENT_HOLD = timedelta(days=7)
"""How long a card authorisation holds the money (Stripe: seven days for online card payments)."""

PAYMENT_HOLD_MARGIN = timedelta(days=1)
"""How long before the end of the hold the reconciler acts."""

RETENTION = timedelta(days=90)
"""How long a settled order stays in the table; the audit bucket keeps its history."""
