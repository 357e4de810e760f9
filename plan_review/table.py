"""`python -m plan_review.table`: writes the table of rules into docs/plan-review.md."""

from pathlib import Path

from plan_review.rules import RULES

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/plan-review.md"
BEGIN, END = "<!-- rules: written by `make plan-rules` -->\n", "<!-- end of rules -->\n"


def rules_table() -> str:
    """Return the rules as a Markdown table: name, why there is the rule, what to do."""
    rows = (f"| `{rule.name}` | {rule.why} | {rule.remedy} |\n" for rule in RULES.values())
    return "| rule | why | what to do |\n|---|---|---|\n" + "".join(rows)


def with_table(document: str) -> str:
    """Return the document with the table as it should be."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{rules_table()}{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
