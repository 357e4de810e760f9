"""Takes out of a text what a review must not show to everybody who reads it."""

import re

_SECRETS = (
    # The payment provider's: https://docs.stripe.com/keys
    (re.compile(r"\b([srp]k_(test|live)|whsec)_\w+"), "(key)"),
    # AWS's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "(access key)"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL), "(private key)"),
    (re.compile(r"\bey[JI][\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "(token)"),
    (re.compile(r"(?<=://)[^/@\s]+:[^/@\s]+@"), "(credentials)@"),
)
_PERSONAL = (
    # Who is told about orders and alarms, and who e-mails come from.
    (re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+"), "(e-mail address)"),
    (re.compile(r"(?<![\w+])\+[1-9][0-9]{6,14}(?![0-9])"), "(phone number)"),
    (re.compile(r"\b(pm|tok|card|src)_[0-9A-Za-z]{8,}"), "(payment token)"),
    (re.compile(r"\b[0-9](?:[ -]?[0-9]){12,18}\b"), "(number)"),
)


def redacted(text: str) -> str:
    """Return a text without addresses, phone numbers, keys and tokens."""
    for pattern, stands_for in (*_SECRETS, *_PERSONAL):
        text = pattern.sub(stands_for, text)
    return text


def looks_like_a_secret(text: str) -> bool:
    """Say whether there is a key or a token in a text."""
    return any(pattern.search(text) for pattern, _ in _SECRETS)


def is_named_like_a_secret(variable: str) -> bool:
    """Say whether a variable's name says that it holds a secret, and not where one is."""
    words = set(variable.upper().split("_"))
    holds = bool(words & {"KEY", "SECRET", "TOKEN", "PASSWORD"})
    return holds and not variable.upper().endswith(("_ARN", "_NAME", "_ID"))
