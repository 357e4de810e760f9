"""Whether a Mermaid diagram has the structure of its kind, without Mermaid, which needs a browser.

The grammar of flowcharts and state diagrams is a part of Mermaid's, that which the documents need:
https://mermaid.js.org/syntax/flowchart.html, https://mermaid.js.org/syntax/stateDiagram.html
"""

import re

from order_pipeline.domain.transitions import TRANSITIONS, Status

_KINDS = re.compile(
    r"(flowchart|graph)( (TB|TD|BT|RL|LR))?|stateDiagram(-v2)?|sequenceDiagram|classDiagram"
    r"|erDiagram|gantt|timeline|journey|mindmap|pie( .+)?|quadrantChart|xychart-beta|gitGraph"
    r"|block-beta|sankey-beta"
)
_CLOSING = {"(": ")", "[": "]"}

# ------------------------------------------------------------------ flowcharts

_ID = r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*"
_QUOTED = r'"[^"]+"'
# Mermaid takes brackets and quotes within a text only if all of it is quoted.
_PLAIN = r"(?:[^\"()\[\]{}|<>]|<br ?/?>)+"
_TEXT = rf"(?:{_QUOTED}|{_PLAIN})"
_SHAPES = (
    (r"\(\(\(", r"\)\)\)"),
    (r"\(\(", r"\)\)"),
    (r"\(\[", r"\]\)"),
    (r"\[\(", r"\)\]"),
    (r"\[\[", r"\]\]"),
    (r"\{\{", r"\}\}"),
    (r"\[[/\\]", r"[/\\]\]"),
    (r"\(", r"\)"),
    (r"\[", r"\]"),
    (r"\{", r"\}"),
    (r">", r"\]"),
)
_SHAPE = "|".join(rf"{start}\s*{_TEXT}?\s*{end}" for start, end in _SHAPES)
_NODE = re.compile(rf"({_ID})(?:{_SHAPE})?(?::::{_ID})?")
_EDGE = re.compile(
    rf"(?:[<ox]?(?:--+[->ox]|-\.+->?|==+[=>ox]|~~~)(?:\|{_TEXT}\|)?"
    rf"|[<ox]?(?:-- {_PLAIN}? ?--+[->ox]|-\. {_PLAIN}? ?\.+->?|== {_PLAIN}? ?==+[=>ox]))"
)
_FLOW_STATEMENT = re.compile(
    rf"end|direction (TB|TD|BT|RL|LR)|subgraph( {_ID}(\s*\[{_TEXT}\])?| {_QUOTED})?"
    rf"|(classDef|class|style|linkStyle|click) .+"
)

# ------------------------------------------------------------------ state diagrams

_STATE = rf"(?:\[\*\]|{_ID})"
_TRANSITION = re.compile(rf"({_STATE})\s*-->\s*({_STATE})(?:\s*:\s*\S.*)?")
_STATE_STATEMENT = re.compile(
    rf"state \"[^\"]+\" as (?P<alias>{_ID})( \{{)?|state (?P<named>{_ID})( <<\w+>>| \{{)?"
    rf"|(?P<told>{_ID})(\s*:\s*\S.*)?|\}}|--|direction (TB|BT|RL|LR)"
    rf"|note (left|right) of (?P<noted>{_ID})(\s*:\s*\S.*)?|(classDef|class) .+"
)


def faults_of_diagram(text: str) -> list[str]:
    """Return what is wrong with a diagram, one sentence for each."""
    lines = [re.sub(r"%%.*", "", line).strip() for line in text.splitlines()]
    kind, *statements = [line for line in lines if line] or [""]
    if not _KINDS.fullmatch(kind):
        return [f"{kind!r} is no kind of diagram"]
    if kind.startswith(("flowchart", "graph")):
        return _faults_of_flowchart(statements)
    if kind.startswith("stateDiagram"):
        return _faults_of_states(statements)
    return [fault for line in statements for fault in _unbalanced(line)]


def drawn_transitions(text: str) -> set[tuple[str, str]]:
    """Return the transitions of a state diagram, from and to."""
    found = (_TRANSITION.fullmatch(line.strip()) for line in text.splitlines())
    return {(match[1], match[2]) for match in found if match}


def _faults_of_flowchart(lines: list[str]) -> list[str]:
    faults: list[str] = []
    depth = 0
    for line in lines:
        if _FLOW_STATEMENT.fullmatch(line):
            depth += line.startswith("subgraph")
            depth -= line == "end"
            if depth < 0:
                return [*faults, "an end without its subgraph"]
            continue
        for statement in filter(None, map(str.strip, line.split(";"))):
            faults += _faults_of_edges(statement)
    return faults + (["a subgraph without its end"] if depth else [])


def _faults_of_edges(statement: str) -> list[str]:
    """Follow `node & node --> node -.->|text| node` from its start to its end."""
    at = 0
    while True:
        node = _NODE.match(statement, at)
        if not node:
            return [f"no node: {statement[at:]!r} in {statement!r}"]
        if node[1] == "end":
            return [f"a node cannot be called end: {statement!r}"]
        at = _past_blanks(statement, node.end())
        if at == len(statement):
            return []
        if statement[at] == "&":
            at = _past_blanks(statement, at + 1)
            continue
        edge = _EDGE.match(statement, at)
        if not edge:
            return [f"no edge: {statement[at:]!r} in {statement!r}"]
        at = _past_blanks(statement, edge.end())


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _faults_of_states(lines: list[str]) -> list[str]:
    faults = []
    names: set[str] = set()
    depth, noting = 0, False
    for line in lines:
        if noting:
            noting = line != "end note"
        elif match := _TRANSITION.fullmatch(line):
            names |= {match[1], match[2]}
        elif match := _STATE_STATEMENT.fullmatch(line):
            names |= {name for name in match.groupdict().values() if name}
            noting = line.startswith("note ") and ":" not in line
            depth += line.endswith("{")
            depth -= line == "}"
        else:
            faults.append(f"no transition and no state: {line!r}")
    if depth or noting:
        faults.append("a state or a note is not closed")
    faults += [
        f"{name} is no status of an order"
        for name in sorted(names)
        if name.isupper() and name not in Status
    ]
    return faults + _impossible(drawn_transitions("\n".join(lines)))


def _impossible(drawn: set[tuple[str, str]]) -> list[str]:
    """Return the transitions between an order's statuses that the pipeline does not make."""
    known = {pair for pairs in TRANSITIONS.values() for pair in pairs.items()}
    return [
        f"an order that is {before} never becomes {after}"
        for before, after in sorted(drawn)
        if before in Status and after in Status and (Status(before), Status(after)) not in known
    ]


def _unbalanced(line: str) -> list[str]:
    """Return whether a line's brackets and quotes do not fit together; braces may go on later."""
    unquoted = re.sub(r'"[^"]*"', "", re.sub(r"--?\)", "", line))  # -) is an arrow
    waiting: list[str] = []
    for character in unquoted:
        if character in _CLOSING:
            waiting.append(_CLOSING[character])
        elif character in _CLOSING.values() and (not waiting or waiting.pop() != character):
            return [f"brackets do not fit together: {line!r}"]
    if waiting:
        return [f"a bracket is not closed: {line!r}"]
    return [f"a quotation mark is not closed: {line!r}"] if '"' in unquoted else []
