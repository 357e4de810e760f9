"""Makes the mutants of a module: each is the module with one small change.

The changes are mutmut's operators and a few of our own. mutmut by itself leaves out what is
decorated and what is outside of functions, which is where properties, the rules of the plan review
and the table of transitions are.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    path: Path
    line: int
    source: str
    removed: str
    """The lines that the change takes away, in one line."""
    added: str
    """The lines that it puts there."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n    - {self.removed}\n    + {self.added}"


def mutants_of(path: Path) -> list[Mutant]:
    """Return the mutants of a module, each different from the module and from the others."""
    source = path.read_text()
    module = cst.parse_module(source)
    visitor = _Changes(module)
    MetadataWrapper(module, unsafe_skip_copy=True).visit(visitor)
    made: dict[str, Mutant] = {}
    for change in visitor.changes:
        # Writing one statement anew takes a hundredth of what the whole module takes.
        there = module.code_for_node(change.statement)
        changed = change.statement.deep_replace(change.node, change.by)
        code = module.code_for_node(cast("cst.CSTNode", changed))
        begin = source.index(there)
        whole = source[:begin] + code + source[begin + len(there) :]
        if whole != source and whole not in made:
            made[whole] = Mutant(path, change.line, whole, *_difference(there, code))
    return list(made.values())


def _difference(before: str, after: str) -> tuple[str, str]:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))
    return _in_one_line(lines, "-"), _in_one_line(lines, "+")


def _in_one_line(lines: Sequence[str], sign: str) -> str:
    return " ".join(
        line[1:].strip() for line in lines if line.startswith(sign) and line[1:3] != sign * 2
    )


@dataclass(frozen=True)
class _Change:
    """What a node of a statement of the module can be changed into."""

    line: int
    statement: cst.CSTNode
    node: cst.CSTNode
    by: cst.CSTNode


class _Changes(cst.CSTVisitor):  # type: ignore[misc] # libcst is not there where types are checked
    """Collects what each node can be changed into."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: cst.Module) -> None:
        self._statements = {id(statement) for statement in module.body}
        self._statement: cst.CSTNode = module
        self.changes: list[_Change] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self._statements:
            self._statement = node
        # Types, imports and decorators are checked by mypy and by importing.
        if isinstance(
            node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Decorator | cst.TypeAlias
        ) or _is_documentation(node):
            return False
        position = self.get_metadata(PositionProvider, node, None)
        if position is not None:
            line = position.start.line
            self.changes += [_Change(line, self._statement, node, by) for by in _changed(node)]
        return True


def _is_documentation(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(
        node.value, cst.SimpleString | cst.ConcatenatedString
    )


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if not isinstance(node, kind):
            continue
        made = operator(node)
        # Of a text its first change is enough; the others only change the case of letters.
        yield from list(made)[:1] if operator is operator_string else made
    yield from _without_an_element(node)
    yield from _with_the_opposite_condition(node)
    yield from _with_one_operand(node)
    if isinstance(node, cst.Return) and node.value is not None:
        yield node.with_changes(value=cst.Name("None"))


def _without_an_element(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Leave out an element of a tuple, a list, a set or a dictionary that has others."""
    if isinstance(node, cst.Tuple | cst.List | cst.Set | cst.Dict) and len(node.elements) > 1:
        for number in range(len(node.elements)):
            rest = [*node.elements[:number], *node.elements[number + 1 :]]
            if len(rest) == 1 and isinstance(node, cst.Tuple):
                rest = [rest[0].with_changes(comma=cst.Comma())]
            yield node.with_changes(elements=rest)


def _with_the_opposite_condition(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Turn the condition of an `if`, a `while`, a comprehension round where mutmut does not."""
    if isinstance(node, cst.If | cst.While | cst.CompIf) and isinstance(
        node.test, cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.NamedExpr
    ):
        test = node.test
        if isinstance(test, cst.NamedExpr) and not test.lpar:
            test = test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))
    if isinstance(node, cst.CompIf):
        yield node.with_changes(test=cst.Name("True"))


def _with_one_operand(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Leave out an operand of `and` and `or`."""
    if isinstance(node, cst.BooleanOperation):
        for operand in (node.left, node.right):
            yield operand.with_changes(
                lpar=[*operand.lpar, *node.lpar], rpar=[*operand.rpar, *node.rpar]
            )
