"""`python -m stacks.metrics_reference`: writes the table of metrics into docs/observability.md."""

from pathlib import Path

from order_pipeline.domain.metric_catalogue import METRICS

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/observability.md"
BEGIN, END = "<!-- metrics: written by `make metrics` -->\n", "<!-- end of metrics -->\n"


def metrics_table() -> str:
    """Return the metrics as a Markdown table: name, unit, what they are told apart by."""
    rows = (
        f"| `{metric.name}` | {metric.unit} | {', '.join(f'`{each}`' for each in metric.by)}"
        f" | {metric.says} |\n"
        for metric in METRICS.values()
    )
    return "| metric | unit | beside `service`, by | what it says |\n|---|---|---|---|\n" + "".join(
        rows
    )


def with_table(document: str) -> str:
    """Return the document with the table as it should be."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{metrics_table()}{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
