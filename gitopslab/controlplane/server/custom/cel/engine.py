"""The door to the CEL library: compile, check, evaluate, and word errors as ``cel-go`` does.

Expressions are compiled twice. Checked against declarations, for the errors a definition is refused with; unchecked,
to be evaluated on plain data. So the types of a schema need not be turned into values of those types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional

from gitopslab.controlplane.server.custom.cel import library, literals, substitutes
from gitopslab.controlplane.server.custom.cel.tree import Expr, Tree, alone

_CONFIG = """
name: kubernetes
extensions:
- name: two-var-comprehensions
- name: sets
- name: lists
"""
_STRINGS = """- name: strings
  version: 2
"""
_NUMBERS = "(int|uint|double)"
_PASSED_OVER = re.compile(
    rf"ERROR: \S+ found no matching overload for "
    rf"(?:'_[<>]=?_' applied to '\({_NUMBERS}, {_NUMBERS}\)'|'string' applied to '\(net\.(?:IP|CIDR)\)').*"
)
"""Faults that are none: Kubernetes compares numbers of two types, and writes addresses as texts."""

_NO_OVERLOAD = re.compile(
    r"found no matching overload for '(?P<name>\w+)' applied to '\((?P<types>[^']*)\)'\n"
    r" \| (?P<source>.*)\n \| (?P<place>\.*)\^"
)
_UNDECLARED = re.compile(
    r"<input>:(?P<line>\d+):(?P<column>\d+): undeclared reference to '(?P<owner>[\w.]+)\.\w+' \(in container ''\)\n"
    r" \| (?P<source>.*)\n \| (?P<place>\.*)\^"
)
_LINE = re.compile(r"<input>:(\d+):")
_SUFFIX = re.compile(r" \[[A-Z_]+\]$")
_PREFIX = re.compile(r"^[A-Z_]+: ")
_SELECTED = re.compile(r"expression of type ('[^']*') cannot be the operand of a select operation")
_IN_STRUCT = re.compile(r" not found in struct '[^']*'")
_NULL = re.compile(r"\bnull_type\b")
_WORDS = (
    (re.compile(r'Key not found in map : "?(.*?)"?$'), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (re.compile(r"divide by zero"), "division by zero"),
    (
        re.compile(r"cannot convert (string|bytes|bool|u?int|double) to (\w+)"),
        r"type conversion error from '\1' to '\2'",
    ),
    (re.compile(r"Type conversion error from"), "type conversion error from"),
    (re.compile(r"int64 out of uint64 range"), "unsigned integer overflow"),
    (re.compile(r"malformed UTF-8 bytes"), "invalid UTF-8 in bytes, cannot convert to string"),
    (re.compile(r"double out of u?int64 range"), "integer overflow"),
    (re.compile(r"No matching overloads found : .*"), "no such overload"),
    (re.compile(r"Applying SELECT to non-message type"), "no such overload"),
)


_OF_POLICIES = ("object", "oldObject", "request", "params", "namespaceObject", "variables")
"""What expressions of admission policies see."""


class CompileError(ValueError):
    """An expression is not CEL, or does not fit its declarations; the message is ``cel-go``'s.

    Attributes:
        stage: ``compilation``, or ``instantiation`` when a value in it cannot be computed.
    """

    def __init__(self, message: str, stage: str = "compilation") -> None:
        super().__init__(message)
        self.stage = stage

    @property
    def told(self) -> str:
        """As the API server tells it of an expression."""
        return f"{'' if self.stage == 'compilation' else 'program '}{self.stage} failed: {self}"


class EvaluationError(ValueError):
    """An expression failed on these values; the message is ``cel-go``'s."""


def _environment(
    variables: Mapping[str, cel.Type],
    functions: list[cel.FunctionDecl],
    pool: Any = None,
    *,
    binds: bool = False,
    evaluates: bool = False,
) -> cel.Env:
    """CEL as Kubernetes has it.

    Args:
        variables: What expressions may use, with their types.
        functions: What Kubernetes adds to the language.
        pool: The message types that the types of variables are made of; None for none.
        binds: Whether ``cel.bind`` is known, which only expressions that the lab itself makes use.
        evaluates: Whether the library's own functions on texts are there; else ``functions`` declare them.
    """
    bindings = [ext_bindings.ExtBindings()] if binds else []
    return cel.NewEnv(
        *([] if pool is None else [pool]),
        config=cel.NewEnvConfigFromYaml(_CONFIG + (_STRINGS if evaluates else "")),
        variables=dict(variables),
        functions=functions,
        extensions=[ext_optional.ExtOptional(), *bindings],
    )


@cache
def _evaluating() -> cel.Env:
    names = ("self", "oldSelf", "oldSelfs", *_OF_POLICIES)
    kinds = dict.fromkeys(names, cel.Type.DYN)
    return _environment(kinds, library.implementations(), binds=True, evaluates=True)


@lru_cache(maxsize=4096)
def _program(expression: str) -> cel.Expression:
    try:
        given = _evaluating().compile(expression, disable_check=True)
    except RuntimeError as error:
        raise CompileError(_compile_text(error)) from error
    return _evaluating().deserialize(substitutes.substituted(given.serialize()))


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Raises:
        EvaluationError: It has none.
    """
    return _evaluated(_program(expression), values)


def _evaluated(program: cel.Expression, values: Mapping[str, Any]) -> Any:
    try:
        result = program.eval(data=dict(values))
    except RuntimeError as error:
        raise EvaluationError(_evaluation_text(str(error))) from error
    if result.type() == cel.Type.ERROR:
        raise EvaluationError(_evaluation_text(str(result.plain_value())))
    return result.plain_value()


def _failure_of(part: Expr) -> str:
    """What goes wrong when a part is evaluated that needs no values; empty when nothing does."""
    try:
        _evaluated(_evaluating().deserialize(substitutes.substituted(alone(part))), {})
    except EvaluationError as error:
        return str(error)
    return ""


def _verified(checked: cel.Expression, text: str, *, is_bound: bool = False) -> Checked:
    """What the checker has let pass, once what is written out in it was looked at.

    Raises:
        CompileError: It cannot be.
    """
    tree = Tree(checked.serialize(), is_bound=is_bound)
    if faults := literals.faults_of(tree, text, _failure_of):
        raise CompileError(_a_line_up(faults) if is_bound else faults)
    if problem := literals.problem_of_constants(tree, _failure_of):
        raise CompileError(problem, stage="instantiation")
    kind = str(checked.return_type().name())
    return Checked("" if kind == "DYN" and tree.calls(*library.UNTYPED) else kind, tree)


def type_of(expression: str, pool: Any, variables: Mapping[str, cel.Type], *, patches: bool) -> str:
    """The name of the type of an expression, as in ``BOOL``; empty when unknown.

    Args:
        expression: It.
        pool: The message types that the types of variables are made of.
        variables: What it may use, with their types.
        patches: Whether it makes a patch.

    Raises:
        CompileError: It is no CEL, or does not fit.
    """
    environment = _environment(variables, library.declarations(patches=patches), pool)
    try:
        checked = environment.compile(expression)
    except RuntimeError as error:
        if text := _compile_text(error):
            raise CompileError(text) from error
        return ""
    return _verified(checked, expression).kind


def with_optional(expression: str) -> str:
    """An expression in which ``oldSelf`` is an optional value: what ``oldSelfs`` holds, if anything.

    No variable can be declared as optional, nor be given such a value, so CEL itself makes one. The expression begins
    on a line of its own, so that what is told of its columns stays true.
    """
    return f"cel.bind(oldSelf, oldSelfs[?0], (\n{expression}\n))"


class Checked(NamedTuple):
    """What the checker knows of an expression: the name of its type (``BOOL``), and its parts; else neither."""

    kind: str
    tree: Tree | None


class Checker:
    """Holds expressions against declarations.

    Args:
        pool: The message types that the types of variables are made of.
        own: The type of ``self`` and of ``oldSelf``.
        old_is_optional: Whether ``oldSelf`` may be missing.
    """

    def __init__(self, pool: Any, own: cel.Type, *, old_is_optional: bool) -> None:
        self._old_is_optional = old_is_optional
        old = {"oldSelfs": cel.Type.List(own)} if old_is_optional else {"oldSelf": own}
        self._environment = _environment(
            {"self": own, **old}, library.declarations(patches=False), pool, binds=old_is_optional
        )

    def check(self, expression: str) -> Checked:
        """What is known of an expression.

        Raises:
            CompileError: It does not fit.
        """
        if self._old_is_optional:
            _program(expression)  # nothing that only parses because of what is around it
        wrapped = with_optional(expression) if self._old_is_optional else expression
        try:
            checked = self._environment.compile(wrapped)
        except RuntimeError as error:
            text = _compile_text(error)
            if not text:  # what there is to fault is fine in Kubernetes
                return Checked("", None)
            raise CompileError(_a_line_up(text) if self._old_is_optional else text) from error
        return _verified(checked, wrapped, is_bound=self._old_is_optional)


def _a_line_up(text: str) -> str:
    return _LINE.sub(lambda match: f"<input>:{int(match.group(1)) - 1}:", text)


def _compile_text(error: RuntimeError) -> str:
    text = _SUFFIX.sub("", _PREFIX.sub("", str(error)))
    faults = [fault for fault in re.split(r"\n(?=ERROR: )", text) if not _PASSED_OVER.match(fault)]
    text = _SELECTED.sub(r"type \1 does not support field selection", "\n".join(faults))
    return _UNDECLARED.sub(_unknown, _NO_OVERLOAD.sub(_called, _IN_STRUCT.sub("", _NULL.sub("null", text))))


def _unknown(fault: re.Match[str]) -> str:
    """A name that nobody declared, without what is selected of it, as ``cel-go`` tells it."""
    line, column, owner, source, place = fault.group("line", "column", "owner", "source", "place")
    back, name = len(owner), owner.partition(".")[0]
    told = f"<input>:{line}:{int(column) - back}: undeclared reference to '{name}' (in container '')"
    return f"{told}\n | {source}\n | {place[back:]}^"


def _called(fault: re.Match[str]) -> str:
    """The types of a call that does not fit, as ``cel-go`` tells them: of one on a value, the value's stands first."""
    name, types, source, place = fault.group("name", "types", "source", "place")
    is_member = source[: len(place)].removesuffix(name).rstrip().endswith(".")
    if not is_member:
        return fault.group()
    own, _, others = types.partition(", ")
    return fault.group().replace(f"'({types})'", f"'{own}.({others})'", 1)


def _evaluation_text(text: str) -> str:
    text = _SUFFIX.sub("", _PREFIX.sub("", text))
    for pattern, words in _WORDS:
        text, count = pattern.subn(words, text)
        if count:
            break
    return text
