"""Writes a review as Markdown: the verdict, what was found, and what is to happen."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from plan_review.findings import Finding, Verdict
from plan_review.plan import Kind, ResourceChange, has_mark
from plan_review.redaction import is_named_like_a_secret, redacted
from plan_review.review import PlannedStack, Review

LONGEST_VALUE = 80
"""Characters of a value that are still read at a glance."""
MOST_PARTS = 12

# GitHub refuses a comment of more than 65,536 characters.
MOST_ADDRESSES = 200

_SHOWN = (Kind.DESTROY, Kind.FORGET, Kind.REPLACE, Kind.CHANGE, Kind.CREATE, Kind.OTHER)
_MEANING = {
    Verdict.PASS: "No rule is broken.",
    Verdict.FAIL: "Do not apply: a rule is broken.",
    Verdict.CANNOT_JUDGE: "Nothing is known to be broken, but not everything can be judged yet.",
}


def markdown(review: Review) -> str:
    """Return a review as Markdown, with nothing in it that must not be shown."""
    return redacted("\n".join(_lines(review))) + "\n"


def _lines(review: Review) -> Iterator[str]:
    deployment = review.deployment
    yield f"# Plan review: {review.verdict}"
    yield ""
    yield (
        f"{_MEANING[review.verdict]} Environment {_code(deployment.environment)},"
        f" suffix {_code(deployment.suffix)}."
    )
    yield ""
    yield from _counts(review)
    for verdict in (Verdict.FAIL, Verdict.CANNOT_JUDGE):
        findings = [each for each in review.open if each.verdict is verdict]
        if findings:
            yield ""
            yield f"## {verdict}: {len(findings)}"
            yield from _by_rule(findings)
    if review.waived:
        yield ""
        yield f"## Waived: {len(review.waived)}"
        yield ""
        for each in review.waived:
            assert each.waiver is not None
            yield (
                f"- {_where(each.finding)} **{each.finding.rule}**: {_plain(each.finding.reason)}"
                f" — until {each.waiver.until}: {_plain(each.waiver.reason)}"
            )
    for stack in review.stacks:
        yield ""
        yield from _stack(stack)


def _counts(review: Review) -> Iterator[str]:
    yield "| stack | " + " | ".join(str(kind) for kind in _SHOWN[:-1]) + " | unchanged |"
    yield "|---|" + "--:|" * len(_SHOWN)
    for stack in review.stacks:
        changes = _by_kind(stack)
        numbers = [len(changes.get(kind, ())) for kind in (*_SHOWN[:-1], Kind.NONE)]
        yield f"| {stack.name} | " + " | ".join(str(number or "") for number in numbers) + " |"


def _by_rule(findings: list[Finding]) -> Iterator[str]:
    rules: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        rules[finding.rule, finding.remedy].append(finding)
    for (rule, remedy), its in rules.items():
        yield ""
        yield f"**{rule}** — {_plain(remedy)}"
        yield ""
        for finding in its[:MOST_ADDRESSES]:
            yield f"- {_where(finding)} {_plain(finding.reason)}"
        if len(its) > MOST_ADDRESSES:
            yield f"- … and {len(its) - MOST_ADDRESSES} more"


def _where(finding: Finding) -> str:
    return " ".join(
        part for part in (finding.stack, _code(finding.address) if finding.address else "") if part
    )


def _stack(stack: PlannedStack) -> Iterator[str]:
    changes = _by_kind(stack)
    shown = [kind for kind in _SHOWN if changes.get(kind)]
    outputs = sorted(
        name for name, change in stack.plan.output_changes.items() if change.actions != ("no-op",)
    )
    total = sum(len(changes[kind]) for kind in shown)
    title = f"{stack.name}: {total} to change" if total else f"{stack.name}: nothing to change"
    yield "<details>"
    yield f"<summary>{title}</summary>"
    yield ""
    if stack.why_not_real:
        yield f"Not planned for real: {_plain(stack.why_not_real)}"
        yield "What follows is what a first deploy would do."
    for kind in shown:
        yield ""
        yield f"**{kind}: {len(changes[kind])}**"
        yield ""
        for change in changes[kind]:
            moved = f" (was {_code(change.previous_address)})" if change.previous_address else ""
            yield f"- {_code(change.address)}{moved}"
            if kind in {Kind.CHANGE, Kind.REPLACE}:
                yield from _attributes(change)
    drifted = [each.address for each in stack.plan.resource_drift if _is_drift(each)]
    if drifted:
        yield ""
        yield f"Changed outside Terraform: {', '.join(_code(each) for each in drifted)}"
    if outputs:
        yield ""
        yield f"Outputs that change: {', '.join(_code(name) for name in outputs)}"
    yield ""
    yield "</details>"


def _is_drift(change: ResourceChange) -> bool:
    """Say whether more has changed than that AWS answers with nothing where nothing was said."""
    return bool(_said(change.change.before) != _said(change.change.after))


def _said(value: Any) -> Any:
    """Return a value without all that is empty in it."""
    if isinstance(value, dict):
        return {key: said for key, each in value.items() if (said := _said(each))}
    if isinstance(value, list):
        return [said for each in value if (said := _said(each))]
    return value


def _attributes(change: ResourceChange) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None or after is None:
        return
    unknown = after.unknown if isinstance(after.unknown, dict) else {}
    for name in sorted({*before.values, *after.values, *unknown}):
        was, is_now = before.value(name), after.value(name)
        becomes_known_later = has_mark(unknown.get(name))
        if was == is_now and not becomes_known_later:
            continue
        forced = any(path and path[0] == name for path in change.change.replace_paths)
        because = " (which forces the replacement)" if forced else ""
        if before.is_sensitive(name) or after.is_sensitive(name):
            yield f"  - {name}: (sensitive){because}"
        elif becomes_known_later:
            yield f"  - {name}: {_value(was)} → (known after apply){because}"
        else:
            yield from _differences(name, was, is_now, because)


def _differences(name: str, was: Any, is_now: Any, because: str) -> Iterator[str]:
    """Show each part of an attribute that differs, or only that many do."""
    before, after = dict(_leaves(name, was)), dict(_leaves(name, is_now))
    differing = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    if len(differing) > MOST_PARTS:
        yield f"  - {name}: {len(differing)} parts of it change{because}"
        return
    for path in differing:
        if is_named_like_a_secret(path.rpartition(".")[2]):
            yield f"  - {_plain(path)}: (hidden){because}"
        else:
            told = f"{_value(before.get(path))} → {_value(after.get(path))}"
            yield f"  - {_plain(path)}: {told}{because}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(f"{path}.{key}", each)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value):
            yield from _leaves(f"{path}.{number}", each)
    else:
        yield path, value


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) > LONGEST_VALUE:
        return f"({len(text)} characters)"
    # Hidden before it is set as code, so that no quote of it is left half open.
    return _code(redacted(text))


def _by_kind(stack: PlannedStack) -> Mapping[Kind, list[ResourceChange]]:
    found: dict[Kind, list[ResourceChange]] = defaultdict(list)
    for change in sorted(stack.plan.changes, key=lambda each: (each.type, each.address)):
        found[change.kind].append(change)
    return found


def _code(text: str) -> str:
    """Return a text as code, which shows it as it is: no line ends, no way out of the code."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def _plain(text: str) -> str:
    """Return a text with nothing in it that Markdown or HTML takes for its own."""
    text = redacted(text)
    for character, stands_for in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("`", "'")):
        text = text.replace(character, stands_for)
    for character in ("*", "_", "[", "]", "|", "#", "@"):
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
