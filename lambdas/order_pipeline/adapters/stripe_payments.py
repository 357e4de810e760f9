"""Stripe, through its own library: manual capture, one intent per order.

Stripe answers a repeated idempotency key with what it answered first, a 500 included, for a day. So
only refunds carry a key of their own: every other call is guarded by the state of the one intent
that the order remembers (see docs/adr/0008-payment-calls-are-guarded-by-the-intent.md).

Sources: Stripe's API reference for PaymentIntents (create, confirm, retrieve, cancel) and its guide
to error handling.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import stripe
from stripe import PaymentIntent, RequestsClient, StripeClient, StripeObject

from order_pipeline.domain.order import Order, Refund
from order_pipeline.domain.ports import (
    Authorised,
    CallMonitor,
    CallOutcome,
    Declined,
    Done,
    Money,
    MoneyState,
    PaymentOutcome,
    PaymentOutcomeUnknownError,
    ProviderOutError,
    ServiceCall,
    Unconfirmed,
)

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from stripe.params import PaymentIntentListParamsCreated

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 1.0, 3.0
CALLS_PER_MESSAGE = 4
"""At most: create, confirm, cancel, and look why that was refused."""

SECONDS_PER_MESSAGE = CALLS_PER_MESSAGE * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS)

INVALID_PAYMENT_METHOD = "invalid_payment_method"

_PAGE = 100
_MONEY = {"requires_capture": MoneyState.HELD, "succeeded": MoneyState.TAKEN}

AUTHENTICATION_REQUIRED = "authentication_required"
"""The bank wants the customer to authenticate, who is not here any more: a decline."""

_UNKNOWN = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)
"""After these, the call may or may not have done its work."""


def stripe_payments(
    secrets: "SecretsManagerClient",
    secret_id: str,
    *,
    deployment: str,
    api_url: str | None,
    monitors: Sequence[CallMonitor] = (),
) -> "StripePayments":
    """Return the provider, with the key that a secret holds (its name or ARN).

    A secret that was put from a file may end with a newline, which HTTP headers forbid.
    """
    key = secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    return StripePayments(key.strip(), deployment=deployment, api_url=api_url, monitors=monitors)


class StripePayments:
    """The payment provider, at Stripe or at a server that speaks like it."""

    def __init__(
        self,
        api_key: str,
        *,
        deployment: str,
        api_url: str | None,
        monitors: Sequence[CallMonitor] = (),
    ) -> None:
        """Make a client; each of `monitors` is told of every call.

        Every intent names its `deployment`: others may share the account, and have orders with
        equal ids.
        """
        v1 = StripeClient(
            api_key,
            base_addresses={"api": api_url} if api_url else {},
            http_client=RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)),
            max_network_retries=0,  # the queue retries, with a longer memory
        ).v1
        self._deployment = deployment
        self._monitors = monitors
        self._intents = v1.payment_intents
        self._refunds = v1.refunds

    def create(self, order: Order) -> str | Declined:
        """Create an intent for the order's total, unconfirmed; see `ports.Payments`."""
        if order.total is None:
            raise ValueError(f"order {order.order_id} has no total: it was never validated")
        try:
            intent = self._ask(
                "create",
                self._intents.create,
                {
                    "amount": order.total,
                    "currency": order.currency.lower(),
                    "capture_method": "manual",
                    "payment_method": order.payment.method,
                    "payment_method_types": ["card"],
                    "metadata": {"orderId": order.order_id, "deployment": self._deployment},
                },
            )
        except stripe.InvalidRequestError as error:
            # A new intent refers to nothing but the payment method: only that can be unknown.
            if _is_about_method(error) or error.http_status == HTTPStatus.NOT_FOUND:
                return Declined(INVALID_PAYMENT_METHOD)
            raise
        return intent.id

    def confirm(self, intent_id: str) -> Authorised | Declined:
        """Ask Stripe to hold the money; see `ports.Payments`."""
        try:
            outcome = _outcome(self._ask("confirm", self._intents.confirm, intent_id))
        except stripe.CardError as error:
            return Declined(_reason(error.error))
        except stripe.InvalidRequestError as error:
            # Confirmed before, by another worker, or not to be paid like this: the intent knows.
            outcome = self.outcome(intent_id)
            if isinstance(outcome, Unconfirmed) and _is_about_method(error):
                return Declined(INVALID_PAYMENT_METHOD)
        if isinstance(outcome, Unconfirmed):
            raise PaymentOutcomeUnknownError(f"intent {intent_id} is still unconfirmed")
        return outcome

    def outcome(self, intent_id: str) -> PaymentOutcome:
        """Return what became of an intent; see `ports.Payments`."""
        return _outcome(self._ask("retrieve", self._intents.retrieve, intent_id))

    def capture(self, intent_id: str) -> Done | Declined:
        """Take all the money that the intent holds; see `ports.Payments`."""
        try:
            status = self._ask("capture", self._intents.capture, intent_id).status
        except stripe.CardError as error:
            return Declined(_reason(error.error))
        except stripe.InvalidRequestError:
            # Captured before, or the hold is over: the intent itself knows.
            status = self._ask("retrieve", self._intents.retrieve, intent_id).status
        match status:
            case "succeeded":
                return Done()
            case "canceled":
                return Declined("authorisation_expired")
            case _:
                raise PaymentOutcomeUnknownError(f"intent {intent_id} is {status}")

    def refund(self, order: Order, intent_id: str, refund: Refund) -> Done | Declined:
        """Give money back; see `ports.Payments`.

        Stripe forgets idempotency keys after a day, so its own list of refunds is asked first.
        Within the day it repeats a key's answer, so a refund after one that failed has another key.
        """
        refunds = self._ask(
            "list_refunds", self._refunds.list, {"payment_intent": intent_id, "limit": _PAGE}
        )
        made = [each for each in refunds.data if _refund_id(each) == refund.refund_id]
        if not all(map(_has_failed, made)):
            return Done()
        key = f"{intent_id}:refund:{refund.refund_id}"
        try:
            answer = self._ask(
                "refund",
                self._refunds.create,
                {
                    "payment_intent": intent_id,
                    "amount": refund.amount,
                    "metadata": {"orderId": order.order_id, "refundId": refund.refund_id},
                },
                options={"idempotency_key": f"{key}:{len(made) + 1}" if made else key},
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return Declined(_reason(error.error))
        if _has_failed(answer):
            return Declined(getattr(answer, "failure_reason", None) or str(answer.status))
        return Done()

    def cancel(self, intent_id: str) -> None:
        """Cancel an intent; one that is cancelled already stays so."""
        try:
            self._ask("cancel", self._intents.cancel, intent_id)
        except stripe.InvalidRequestError:
            if self._ask("retrieve", self._intents.retrieve, intent_id).status != "canceled":
                raise

    def money(self, since: datetime, until: datetime) -> Iterator[Money]:
        """Yield the money held or taken by intents made in a span of time; see `ports`.

        An intent without a deployment may be anybody's, so it is yielded.
        """
        created: PaymentIntentListParamsCreated = {
            "gte": int(since.timestamp()),
            "lt": int(until.timestamp()),
        }
        page = self._ask("list", self._intents.list, {"created": created, "limit": _PAGE})
        while page.data:
            for intent in page.data:
                whose = getattr(intent.metadata, "deployment", self._deployment)
                if whose == self._deployment and (state := _MONEY.get(intent.status)):
                    order_id = getattr(intent.metadata, "orderId", None)
                    yield Money(intent.id, order_id, state, intent.amount)
            if not page.has_more:
                return
            page = self._ask(
                "list",
                self._intents.list,
                {"created": created, "limit": _PAGE, "starting_after": page.data[-1].id},
            )

    def answers(self) -> bool:
        """Tell whether Stripe answers: the probe of an open circuit."""
        try:
            self._ask("list", self._intents.list, {"limit": 1})
        except ProviderOutError:
            return False
        return True

    def _ask[T](self, name: str, call: Callable[..., T], /, *arguments: Any, **options: Any) -> T:
        """Make a call; an answer that does not tell what happened is an unknown outcome."""
        began = time.monotonic()
        try:
            answer = call(*arguments, **options)
        except _UNKNOWN as error:
            reason = type(error).__name__
            self._note(name, began, CallOutcome.UNKNOWN, reason)
            raise ProviderOutError(reason) from error
        except stripe.CardError:
            self._note(name, began, CallOutcome.DECLINED)
            raise
        except stripe.StripeError:
            self._note(name, began, CallOutcome.REFUSED)
            raise
        self._note(name, began, CallOutcome.OK)
        return answer

    def _note(self, name: str, began: float, outcome: CallOutcome, reason: str = "") -> None:
        call = ServiceCall(name, time.monotonic() - began, outcome, reason)
        for monitor in self._monitors:
            monitor.note(call)


def _outcome(intent: PaymentIntent) -> PaymentOutcome:
    match intent.status:
        case "requires_capture" | "succeeded":
            return Authorised()
        case "requires_confirmation":
            return Unconfirmed()
        case "requires_action":
            return Declined(AUTHENTICATION_REQUIRED)
        case "requires_payment_method":
            return Declined(_reason(_last_error(intent), otherwise=INVALID_PAYMENT_METHOD))
        case "canceled":
            reason = _reason(_last_error(intent), otherwise=intent.status)
            return Declined(reason, is_cancelled=True)
        case _:
            raise PaymentOutcomeUnknownError(f"intent {intent.id} is {intent.status}")


def _is_about_method(error: stripe.InvalidRequestError) -> bool:
    """Tell whether a refusal is the payment method's, and no fault of the request or the account.

    Of one that was used before, and is no customer's, Stripe gives neither code nor parameter:
    https://github.com/Automattic/woocommerce-payments/issues/323
    """
    param: str | None = error.param
    code: str | None = error.code
    if param is None:
        return code is None or code.startswith("payment_method_")
    return param == "payment_method"


def _last_error(intent: PaymentIntent) -> StripeObject | None:
    return getattr(intent, "last_payment_error", None)


def _refund_id(refund: stripe.Refund) -> str | None:
    return getattr(refund.metadata, "refundId", None)


def _has_failed(refund: stripe.Refund) -> bool:
    """Tell whether a refund gives nothing back; asking again for any other would pay twice.

    A `pending` one is on its way, and one that `requires_action` waits for the customer, whom
    Stripe asks by e-mail: https://docs.stripe.com/api/refunds/object#refund_object-status
    """
    return refund.status in ("failed", "canceled")


def _reason(error: StripeObject | None, *, otherwise: str = "declined") -> str:
    """Return the most telling code of an error; Stripe leaves out those that do not apply."""
    return getattr(error, "decline_code", None) or getattr(error, "code", None) or otherwise
