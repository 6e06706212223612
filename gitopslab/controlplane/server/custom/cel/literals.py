"""What is written out in an expression and cannot be: a duration that is none, a list of two types, a wrong format.

``engine`` asks about every expression that the type checker has let pass. Upstream: the validators of
``cel-go/cel/validator.go`` and ``ext/formatting.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitopslab.controlplane.server.custom.cel.evaluation.functions import FUNCTIONS
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import Failure
from gitopslab.controlplane.server.custom.cel.texts import ONLY
from gitopslab.controlplane.server.custom.cel.tree import Expr, Tree, Type, parts
from gitopslab.controlplane.server.custom.patterns import problem_of

_CLAUSE = re.compile(r"%(?:%|(?P<precision>\.\d*)?(?P<kind>.)?)", re.DOTALL)
_WHOLE, _DECIMAL = ("int", "uint"), ("double", "string")
_TEXTS = ("list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null")
_CLAUSES = {
    "s": _TEXTS, "d": _WHOLE, "f": _DECIMAL, "e": _DECIMAL, "b": (*_WHOLE, "bool"),
    "x": (*_WHOLE, "string", "bytes"), "o": _WHOLE,
}  # fmt: skip
_CLAUSES["X"] = _CLAUSES["x"]

_MOST_FAULTS = 100
_LONGEST_SHOWN = 16384

Fault = tuple[Expr, str]


def faults_of(tree: Tree, text: str) -> str:
    """What is wrong with what is written out, with its places, as ``cel-go`` prints it; empty when nothing is."""
    found = [*_calls(tree), *_mixtures(tree), *_formats(tree)]
    told = [(tree.position_of(part), message) for part, message in found[:_MOST_FAULTS]]
    printed = [_printed(text, position, message) for position, message in sorted(told, key=lambda one: one[0])]
    if len(found) > _MOST_FAULTS:
        printed.append(f"{len(found) - _MOST_FAULTS} more errors were truncated")
    return "\n".join(printed)


def problem_of_patterns(tree: Tree) -> str:
    """What is wrong with a regular expression that is written out; empty when nothing is."""
    for part, _ in parts(tree.root):
        if part.call.function in ("matches", "find", "findAll"):
            written = part.call.args[0 if part.call.HasField("target") else 1]
            if _kind(written) == "text" and (problem := problem_of(written.constant.text)):
                return problem
    return ""


def _printed(text: str, position: int, message: str) -> str:
    before = text[:position]
    line, column = before.count("\n"), position - (before.rfind("\n") + 1)
    problem, shown = f"ERROR: <input>:{line + 1}:{column + 1}: {message}", text.split("\n")[line]
    if len(shown.encode()) > _LONGEST_SHOWN:
        return problem
    return f"{problem}\n | {shown}\n | {'.' * column}^"


def _kind(part: Expr) -> str:
    """Of what kind a value is that is written out; empty for anything else."""
    return str(part.constant.WhichOneof("kind") or "") if part.WhichOneof("kind") == "constant" else ""


def _calls(tree: Tree) -> Iterator[Fault]:
    for part, _ in parts(tree.root):
        call = part.call
        written = call.args[0] if len(call.args) else None
        if written is None or not _kind(written):
            continue
        value = getattr(written.constant, _kind(written))
        if call.function in ("duration", "timestamp"):
            fails = isinstance(FUNCTIONS[call.function].apply((value,), Meter()), Failure)
        else:
            fails = call.function == "matches" and bool(problem_of(written.constant.text))
        if fails:
            yield written, f"invalid {call.function} argument"


def _mixtures(tree: Tree) -> Iterator[Fault]:
    """Lists and maps of several types, which only ``format`` may be given."""
    for part, is_formatted in parts(tree.root):
        if is_formatted:
            continue
        if part.WhichOneof("kind") == "list":
            optional = set(part.list.optional)
            elements = list(part.list.elements)
            given = [(one, _inner(tree, one, at in optional)) for at, one in enumerate(elements)]
            yield from list(_others(given))[:1]
        elif part.WhichOneof("kind") == "struct" and not part.struct.name:
            entries = list(part.struct.entries)
            yield from _others([(entry.map_key, tree.type_of(entry.map_key)) for entry in entries])
            yield from _others([(entry.value, _inner(tree, entry.value, entry.optional)) for entry in entries])


def _inner(tree: Tree, part: Expr, is_optional: bool) -> Type:
    found = tree.type_of(part)
    return found.parameters[0] if is_optional and found.parameters else found


def _others(given: list[tuple[Expr, Type]]) -> Iterator[Fault]:
    for part, kind in given[1:]:
        if kind != given[0][1]:
            yield part, f"expected type '{named(given[0][1])}' but found '{named(kind)}'"


def named(kind: Type) -> str:
    """A type as ``cel-go`` prints it."""
    name = kind.name or kind.kind
    return f"{name}({', '.join(map(named, kind.parameters))})" if kind.parameters else name


def _formats(tree: Tree) -> Iterator[Fault]:
    for part, _ in parts(tree.root):
        call = part.call
        if call.function != "format" or len(call.args) != 1 or call.args[0].WhichOneof("kind") != "list":
            continue
        if _kind(call.target) == "text":
            yield from _format(tree, part, call.target.constant.text, list(call.args[0].list.elements))


def _format(tree: Tree, call: Expr, text: str, given: list[Expr]) -> Iterator[Fault]:
    at = 0
    for clause in _CLAUSE.finditer(text):
        if clause.group() == "%%":
            continue
        problem = _clause_problem(clause, at, given)
        if problem:
            yield call, problem
            return
        wrong = _unfit(tree, given[at], _CLAUSES[clause["kind"]], deep=clause["kind"] == "s")
        if wrong is not None:
            kind = tree.type_of(wrong)
            yield wrong, f"error during formatting: {ONLY[clause['kind']]}, was given {kind.name or kind.kind}"
            return
        at += 1
    if len(given) > at:
        yield call, f"too many arguments supplied to string.format (expected {at}, got {len(given)})"


def _clause_problem(clause: re.Match[str], at: int, given: list[Expr]) -> str:
    if clause.group() == "%":
        return "unexpected end of string"
    if at >= len(given):
        return f"index {at} out of range"
    wrong = ""
    if clause["precision"] is not None and clause["kind"] is None:
        wrong = "error while parsing precision: could not find end of precision specifier"
    elif clause["precision"] == ".":
        why = 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'
        wrong = f"error while parsing precision: {why}"
    elif clause["kind"] not in _CLAUSES:
        wrong = f'unrecognized formatting clause "{clause["kind"]}"'
    return f"could not parse formatting clause: {wrong}" if wrong else ""


def _unfit(tree: Tree, part: Expr, kinds: tuple[str, ...], *, deep: bool) -> Expr | None:
    """What a clause cannot show: a value, or with ``%s`` something in it."""
    kind = tree.type_of(part).kind
    if kind != "dyn" and kind not in kinds:
        return part
    if not deep:
        return None
    inner = list(part.list.elements)
    inner += [one for entry in part.struct.entries for one in (entry.map_key, entry.value)]
    return next((wrong for one in inner if (wrong := _unfit(tree, one, kinds, deep=True)) is not None), None)
