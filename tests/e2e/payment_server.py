"""The payment server as the tests see it: cards to pay with, and the intents that were made."""

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

    def close(self) -> None:
        self._http.close()

    def method(self, card_number: str) -> str:
        """Make a payment method of a card, and return its token."""
        answer = self._http.post(
            "/v1/payment_methods",
            data={
                "type": "card",
                "card[number]": card_number,
                "card[exp_month]": "12",
                "card[exp_year]": "2030",
                "card[cvc]": "123",
            },
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

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

    def intents_of(self, *order_ids: str) -> list[Intent]:
        """Return the payment intents of some orders."""
        return [each for each in self.intents() if each["metadata"].get("orderId") in order_ids]


def holding_money(intents: list[Intent]) -> list[Intent]:
    """Return those of the intents that hold a customer's money."""
    return [intent for intent in intents if intent["status"] in HOLDS_MONEY]
