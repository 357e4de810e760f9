"""The review shows what is to happen, worst first, and nothing that must not be shown."""

from datetime import date
from typing import Any

import pytest

from plan_review.findings import Finding, Verdict
from plan_review.markdown import markdown
from plan_review.redaction import is_named_like_a_secret, redacted
from plan_review.review import PlannedStack, review
from tests.plan_review.plans import PROD, change, plan_of

TODAY = date(2026, 3, 1)
ALARM = "aws_cloudwatch_metric_alarm.payment-alarm"
FUNCTION = "aws_lambda_function.payment-function"


def written(*changes: dict[str, Any], **more: Any) -> str:
    return markdown(
        review([PlannedStack("pipeline", plan_of(*changes))], PROD, today=TODAY, **more)
    )


def finding(verdict: Verdict, reason: str) -> Finding:
    return Finding(verdict, "encrypted", "storage", ALARM, reason, "Encrypt it.")


def test_the_verdict_comes_first_and_the_worst_next() -> None:
    text = written(
        more=[finding(Verdict.CANNOT_JUDGE, "later"), finding(Verdict.FAIL, "not encrypted")]
    )
    assert text.startswith("# Plan review: FAIL\n")
    assert text.index("## FAIL: 1") < text.index("## CANNOT JUDGE: 1")
    assert f"- storage `{ALARM}` not encrypted" in text
    assert "**encrypted** — Encrypt it." in text


def test_nothing_to_say_is_a_pass() -> None:
    text = written()
    assert text.startswith("# Plan review: PASS\n")
    assert "pipeline: nothing to change" in text


def test_changes_are_shown_by_kind_and_address_with_short_values() -> None:
    text = written(
        change(ALARM, {"threshold": 1, "period": 60}, {"threshold": 5, "period": 60}),
        change("aws_kms_alias.new", None, {"name": "alias/new-prod"}),
        change(
            "aws_kms_alias.old",
            {"name": "alias/a-prod"},
            {"name": "alias/b-prod"},
            actions=["delete", "create"],
            replace_paths=[["name"]],
        ),
    )
    assert "| pipeline |  |  | 1 | 1 | 1 |  |" in text
    assert "  - threshold: `1` → `5`" in text
    assert "period" not in text
    assert "**created: 1**\n\n- `aws_kms_alias.new`" in text
    assert "  - name: `alias/a-prod` → `alias/b-prod` (which forces the replacement)" in text


def test_parts_of_an_attribute_are_shown_by_themselves() -> None:
    text = written(
        change(
            FUNCTION,
            {"environment": [{"variables": {"A": "1", "B": "2"}}]},
            {"environment": [{"variables": {"A": "1", "B": "3", "C": "4"}}]},
        )
    )
    assert "  - environment.0.variables.B: `2` → `3`" in text
    assert "  - environment.0.variables.C: nothing → `4`" in text
    assert "variables.A" not in text


def test_long_values_are_not_shown() -> None:
    text = written(change(ALARM, {"alarm_description": "a" * 81}, {"alarm_description": "short"}))
    assert "(81 characters) → `short`" in text


def test_what_is_known_later_is_said_to_be() -> None:
    text = written(change(ALARM, {"arn": "old"}, {}, after_unknown={"arn": True}))
    assert "  - arn: `old` → (known after apply)" in text


def test_sensitive_values_are_not_shown() -> None:
    text = written(
        change(
            FUNCTION,
            {"environment": [{"variables": {"A": "hidden-before"}}], "timeout": 1},
            {"environment": [{"variables": {"A": "hidden-after"}}], "timeout": 2},
            before_sensitive={"environment": [{"variables": {"A": True}}]},
            after_sensitive={"environment": True},
        )
    )
    assert "hidden" not in text
    assert "  - environment: (sensitive)" in text
    assert "  - timeout: `1` → `2`" in text


def test_values_of_variables_named_like_a_secret_are_not_shown() -> None:
    text = written(
        change(
            FUNCTION,
            {"environment": [{"variables": {"API_KEY": "hush", "KEY_ARN": "arn:aws:kms:x"}}]},
            {"environment": [{"variables": {"API_KEY": "husher", "KEY_ARN": "arn:aws:kms:y"}}]},
        )
    )
    assert "hush" not in text
    assert "arn:aws:kms:y" in text


@pytest.mark.parametrize(
    "secret",
    [
        "ops@shop.example",
        "first.last+orders@mail.shop.example",
        "+447700900123",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_test_4eC39HqLyjWDarjt",
        "whsec_4eC39HqLyjWDarjt",
        "pm_1NxVisa4eC39HqLy",
        "4000 0000 0000 0341",
        "4000000000000341",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "https://user:word@shop.example/",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "https://discord.com/api/webhooks/1234/abcdefABCDEF",
        "https://pager.example/notify?token=abcdef",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
)
def test_personal_data_and_keys_are_nowhere(secret: str) -> None:
    shown = written(
        change(ALARM, {"alarm_description": "before"}, {"alarm_description": secret}),
        more=[finding(Verdict.FAIL, f"tells {secret}")],
    )
    for text in (redacted(f"is {secret}, twice {secret}"), shown):
        assert secret not in text
        assert secret.partition("@")[0].replace("https://", "") not in text


@pytest.mark.parametrize(
    "harmless",
    [
        "arn:aws:sqs:eu-west-2:123456789012:payment-queue-prod",
        "2026-03-01T12:00:00Z",
        "token.actions.githubusercontent.com",
        "604800",
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        "https://shop.example/orders?page=2",
        "pm_card_visa",
    ],
)
def test_what_a_reader_needs_is_left(harmless: str) -> None:
    assert redacted(harmless) == harmless


def test_names_of_secrets_are_told_from_names_of_where_they_are() -> None:
    assert is_named_like_a_secret("PAYMENT_API_KEY")
    for name in ("token", "STRIPE_APIKEY", "DB_PASS", "STRIPE_CREDENTIAL", "API_KEY_ID"):
        assert is_named_like_a_secret(name)
    for name in ("PAYMENT_SECRET_ID", "kms_master_key_id", "COMPASS"):
        assert not is_named_like_a_secret(name)
    assert not is_named_like_a_secret("PAYMENT_SECRET_ARN")
    assert not is_named_like_a_secret("MONKEY")


def test_values_cannot_make_markdown_or_html() -> None:
    hostile = "`</details><img src=x>\n# Approved @team"
    text = written(
        change(ALARM, {"alarm_description": "a"}, {"alarm_description": hostile}),
        more=[finding(Verdict.FAIL, hostile)],
    )
    assert "\n# Approved" not in text
    assert text.count("</details>") == 2  # the review's own, and one within code
    assert "`'</details><img src=x> # Approved @team`" in text
    assert "&lt;/details&gt;" in text


def test_what_others_have_changed_is_named_unless_it_comes_to_nothing() -> None:
    drift = [
        change(ALARM, {"threshold": 1}, {"threshold": 5}),
        change(FUNCTION, {"tags": None, "layers": None}, {"tags": {}, "layers": []}),
    ]
    stack = PlannedStack("pipeline", plan_of(resource_drift=drift))
    text = markdown(review([stack], PROD, today=TODAY))
    assert f"Changed outside Terraform: `{ALARM}`\n" in text
