"""Puts a review into files: Markdown for people, JSON for what runs after it."""

import json
from pathlib import Path

from plan_review.markdown import markdown
from plan_review.redaction import redacted
from plan_review.review import Review


def write_report(review: Review, folder: Path) -> None:
    """Write ``review.md`` and ``verdict.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "review.md").write_text(markdown(review))
    verdict = {
        "verdict": str(review.verdict),
        "exit_status": int(review.verdict),
        "environment": review.deployment.environment,
        "suffix": review.deployment.suffix,
        "findings": [
            {
                "verdict": str(finding.verdict),
                "rule": finding.rule,
                "stack": finding.stack,
                "address": finding.address,
                "reason": redacted(finding.reason),
            }
            for finding in review.open
        ],
        "waived": len(review.waived),
    }
    (folder / "verdict.json").write_text(json.dumps(verdict, indent=2) + "\n")
