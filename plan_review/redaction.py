"""Takes out of a text what a review must not show to everybody who reads it."""

import re

_SECRETS = (
    # The payment provider's: https://docs.stripe.com/keys
    (re.compile(r"\b([srp]k_(test|live)|whsec)_\w+"), "(key)"),
    # AWS's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "(access key)"),
    # A secret access key is 40 characters of which nothing tells; digests are in lower case.
    (
        re.compile(
            r"(?<![\w/+=.-])(?=[^\s]{0,39}[0-9])(?=[^\s]{0,39}[A-Z])(?=[^\s]{0,39}[a-z])"
            r"[0-9A-Za-z/+]{40}(?![\w/+=.-])"
        ),
        "(secret access key)",
    ),
    # GitHub's: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    (re.compile(r"\b(gh[opsur]|github_pat)_\w{20,}"), "(token)"),
    # Whoever has the address of a webhook may post to it.
    (
        re.compile(
            r"(?<=://)(hooks\.slack\.com|(\w+\.)?discord(app)?\.com/api/webhooks"
            r"|[\w.-]+\.webhook\.office\.com)/[^\s\"'`<>]+"
        ),
        "(webhook)",
    ),
    (
        re.compile(r"(?i)(?<=[?&])(\w*(token|secret|signature|sig|key))=[^&\s\"'`<>]+"),
        "(token in an address)",
    ),
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


_HELD = {
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PWD",
    "SECRET",
    "TOKEN",
}
_KNOWN_BY_AN_ID = {"KMS", "SECRET"}
"""What is asked for by its id, of who may have it; the id of an access key is half of one."""


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
    name = variable.upper()
    words = set(re.split("[^0-9A-Z]", name))
    if name.endswith(("_ARN", "_NAME")) or (name.endswith("_ID") and words & _KNOWN_BY_AN_ID):
        return False
    return bool(words & _HELD)
