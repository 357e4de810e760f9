"""The payment server as the tests see it: cards to pay with, and the intents that were made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

VISA = "4242424242424242"
DECLINED_WHEN_CHARGED = "4000000000000341"
ASKS_FOR_AUTHENTICATION = "4000002760003184"

HOLDS_MONEY = frozenset({"requires_capture", "processing", "succeeded"})
"""Statuses of an intent in which the customer's money is not free."""

type Intent = dict[str, Any]


class PaymentServer:
    """Asked over plain HTTP, so that the pipeline's own use of Stripe's library is not trusted."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, auth=("sk_test_e2e", ""), timeout=30)
        self.methods: list[str] = []
        """The tokens made."""

    def close(self) -> None:
        self._http.close()

    def method(self, card_number: str) -> str:
        """Make a payment method of a card, and return its token."""
        method = self._post(
            "payment_methods",
            {
                "type": "card",
                "card[number]": card_number,
                "card[exp_month]": "12",
                "card[exp_year]": "2030",
                "card[cvc]": "123",
            },
        )
        self.methods.append(str(method["id"]))
        return self.methods[-1]

    def intents(self) -> list[Intent]:
        """Return every payment intent."""
        intents: list[Intent] = []
        more = True
        while more:
            after = {"starting_after": intents[-1]["id"]} if intents else {}
            answer = self._http.get("/v1/payment_intents", params={"limit": "100", **after})
            answer.raise_for_status()
            page = answer.json()
            intents += page["data"]
            more = page["has_more"]
        return intents

    def intent_of(self, order_id: str) -> Intent:
        """Return the one payment intent of an order."""
        (intent,) = self.intents_of(order_id)
        return intent

    def taken(self, order_id: str) -> int:
        """Return what was captured of an order, in minor units, whatever was given back since."""
        charges = self.intent_of(order_id)["charges"]["data"]
        return sum(charge["amount"] for charge in charges if charge["captured"])

    def given_back(self, order_id: str) -> dict[str, int]:
        """Return what was refunded of an order: refund id → minor units."""
        refunds = self.refunds_of(self.intent_of(order_id))
        given_back = {refund["metadata"]["refundId"]: refund["amount"] for refund in refunds}
        assert len(given_back) == len(refunds), f"a refund was made twice: {refunds}"
        return given_back

    def refunds_of(self, intent: Intent) -> list[dict[str, Any]]:
        """Return every refund of an intent."""
        answer = self._http.get(
            "/v1/refunds", params={"payment_intent": intent["id"], "limit": "100"}
        )
        answer.raise_for_status()
        refunds: list[dict[str, Any]] = answer.json()["data"]
        return refunds

    def authorise(self, amount: int, order_id: str, deployment: str) -> Intent:
        """Hold an amount (minor units of GBP) for an order, as the pipeline would."""
        return self._post(
            "payment_intents",
            {
                "amount": str(amount),
                "currency": "gbp",
                "capture_method": "manual",
                "payment_method": self.method(VISA),
                "confirm": "true",
                "metadata[orderId]": order_id,
                "metadata[deployment]": deployment,
            },
        )

    def end_authorisation(self, order_id: str) -> None:
        """Let the bank end the hold on an order's money: it can no more be captured."""
        intent = self.intent_of(order_id)
        self._mark_charge(intent, "failed")
        self._post(f"payment_intents/{intent['id']}/cancel", {})

    @contextmanager
    def refusing_refunds(self, order_id: str) -> Iterator[None]:
        """Have the server refuse refunds of an order."""
        intent = self.intent_of(order_id)
        self._mark_charge(intent, "failed")
        yield
        self._mark_charge(intent, "succeeded")

    def _mark_charge(self, intent: Intent, status: str) -> None:
        self._post(f"charges/{intent['latest_charge']['id']}", {"status": status})

    def _post(self, path: str, data: dict[str, str]) -> dict[str, Any]:
        answer = self._http.post(f"/v1/{path}", data=data)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def intents_of(self, *order_ids: str) -> list[Intent]:
        """Return the payment intents of some orders."""
        return [each for each in self.intents() if each["metadata"].get("orderId") in order_ids]


def holding_money(intents: list[Intent]) -> list[Intent]:
    """Return those of the intents that hold a customer's money."""
    return [intent for intent in intents if intent["status"] in HOLDS_MONEY]
