"""The document says what the code does."""

from plan_review.rules import RULES
from plan_review.table import DOCUMENT, with_table


def test_the_table_of_rules_is_the_rules() -> None:
    document = DOCUMENT.read_text()
    assert with_table(document) == document, "run: make plan-rules"


def test_every_rule_says_why_there_is_it_and_what_to_do() -> None:
    for rule in RULES.values():
        assert rule.why.endswith((".", "html")), rule.name
        assert rule.remedy.endswith("."), rule.name
