"""Finds what a run has left somewhere it does not belong: personal data, card tokens, the API key.

What is looked for are the very values that the run has used, as they are and as JSON, URLs and
base64 have them.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Characters of a value that can be told from anything else."""


class Kind(StrEnum):
    """What a value is."""

    CONTACT = "an e-mail address, phone number or push endpoint"
    ADDRESS = "a name or an address"
    PAYMENT_METHOD = "a token of a customer's card"
    DEFAULT_METHOD = "the default payment method of a deployment for trying out"
    CARD = "a card number"
    API_KEY = "the payment provider's key"


type Values = Mapping[str, Kind]


@dataclass(frozen=True)
class Place:
    """Somewhere that a deployment writes to, and what belongs there."""

    name: str
    texts: Sequence[str]
    belongs: frozenset[Kind] = frozenset()
    because: str = ""
    """Why it belongs there."""

    def __post_init__(self) -> None:
        if bool(self.belongs) != bool(self.because):
            raise ValueError(f"{self.name}: what belongs there needs a reason, and nothing else")


def leaks(places: Iterable[Place], values: Values) -> Iterator[str]:
    """Yield a sentence for each value that is in a place where it does not belong."""
    wanted = {value: kind for value, kind in values.items() if len(value) >= SHORTEST}
    spelt = {value: (spellings(value), in_base64(value)) for value in wanted}
    for place in places:
        text = "\n".join(place.texts)
        lower = text.lower()
        for value, kind in wanted.items():
            if kind in place.belongs:
                continue
            plain, encoded = spelt[value]
            if any(each in lower for each in plain) or any(each in text for each in encoded):
                yield f"{value!r}, {kind.value}, is in {place.name}"


def spellings(value: str) -> set[str]:
    """Return how a value may be written, in lower case."""
    in_json = json.dumps(value)[1:-1]
    in_json_in_json = json.dumps(in_json)[1:-1]
    written = (value, in_json, in_json_in_json, quote(value, safe=""), quote_plus(value))
    return {each.lower() for each in written}


def in_base64(value: str) -> set[str]:
    """Return what base64 makes of a value, for each of the three places where it may begin.

    Without the first and last characters, which depend on the value's neighbours, too.
    """
    found = set()
    content = value.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode()
        first, behind = -(-8 * before // 6), 8 * (before + len(content)) // 6
        found.add(encoded[first:behind])
    return found
