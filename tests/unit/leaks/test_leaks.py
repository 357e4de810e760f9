import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from tests.e2e.leaks import Kind, Place, leaks

EMAIL = "ada+1@customer.example"
NAME = "Zoë Lovelace"
VALUES = {EMAIL: Kind.CONTACT, NAME: Kind.ADDRESS, "sk_test_x": Kind.API_KEY, "UK": Kind.ADDRESS}


@pytest.mark.parametrize(
    "text",
    [
        f"sent to {EMAIL}",
        EMAIL.upper(),
        json.dumps({"name": NAME}),
        json.dumps(json.dumps({"name": NAME})),
        f"/orders?{urlencode({'email': EMAIL})}",
        f"/orders/{quote(NAME)}",
        quote_plus(NAME),
        *(base64.b64encode(b"x" * before + EMAIL.encode() + b"yz").decode() for before in range(4)),
        base64.b64encode(json.dumps({"email": EMAIL}).encode()).decode(),
    ],
)
def test_value_is_found_however_it_is_written(text: str) -> None:
    [found] = leaks([Place("a log", ["nothing", text])], VALUES)
    assert found.endswith("is in a log")


def test_value_is_not_found_where_it_is_not() -> None:
    assert list(leaks([Place("a log", ["ada@customer.example", "UK", ""])], VALUES)) == []


def test_value_may_be_where_its_kind_belongs_and_nothing_else_may() -> None:
    text = f"{EMAIL} sk_test_x"
    table = Place("a table", [text], frozenset({Kind.CONTACT}), "orders are kept there")
    assert list(leaks([table], VALUES)) == [
        "'sk_test_x', the payment provider's key, is in a table"
    ]


def test_place_says_why_something_belongs_there() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Place("a table", [], frozenset({Kind.CONTACT}))
