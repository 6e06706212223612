"""The door to the CEL library: parse and check expressions, word errors as ``cel-go`` does, and have them evaluated.

What expressions may use is declared in ``library``, and by those who ask; a checked expression is evaluated by
``evaluation``, and its cost taken from a ``Budget``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from math import inf
from typing import Any, NamedTuple

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional

from gitopslab.controlplane.server.custom.cel import library, literals
from gitopslab.controlplane.server.custom.cel.budget import Budget
from gitopslab.controlplane.server.custom.cel.evaluation.meter import CostExceeded, Meter, Stopped
from gitopslab.controlplane.server.custom.cel.evaluation.planning import PlanError, Program
from gitopslab.controlplane.server.custom.cel.evaluation.values import NO_OVERLOAD, Failure
from gitopslab.controlplane.server.custom.cel.tree import Tree

_CONFIG = """
name: kubernetes
extensions:
- name: two-var-comprehensions
- name: sets
- name: lists
stdlib:
  exclude_functions:
""" + "".join(f'  - name: "{name}"\n' for name in library.REDECLARED)

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
_OPAQUE = re.compile(r"expression of type ('kubernetes\.[^']*') cannot be the operand of a select operation")
_IN_STRUCT = re.compile(r" not found in struct '[^']*'")
_NULL = re.compile(r"\bnull_type\b")
_TIMES = re.compile(r"\bgoogle\.protobuf\.(?:D(?=uration)|T(?=imestamp))")


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


@cache
def _config() -> cel.EnvConfig:
    return cel.NewEnvConfigFromYaml(_CONFIG)


def environment(
    variables: Mapping[str, cel.Type], pool: Any = None, *, binds: bool = False, patches: bool = False
) -> cel.Env:
    """CEL as Kubernetes has it.

    Args:
        variables: What expressions may use, with their types.
        pool: The message types that the types of variables are made of; None for none.
        binds: Whether ``cel.bind`` is known, which only expressions that the lab itself makes use.
        patches: Whether the expressions make patches.
    """
    bindings = [ext_bindings.ExtBindings()] if binds else []
    return cel.NewEnv(
        *([] if pool is None else [pool]),
        config=_config(),
        variables=dict(variables),
        functions=library.declarations(patches=patches),
        extensions=[ext_optional.ExtOptional(), *bindings],
    )


@cache
def _bare() -> cel.Env:
    return environment({})


def evaluate(program: Program, names: Mapping[str, Any], budget: Budget) -> Any:
    """The value of an expression.

    Args:
        program: It.
        names: What it sees.
        budget: What it is paid from.

    Raises:
        EvaluationError: It has none, or costs or takes more than one expression may.
        OutOfBudget: It costs more than is left.
    """
    value, cost = evaluated(program, names, budget.deadline)
    budget.spend(cost)
    if isinstance(value, Failure):
        raise EvaluationError(value.message)
    return value


def evaluated(program: Program, names: Mapping[str, Any], deadline: float = inf) -> tuple[Any, int]:
    """The value of an expression, or a ``Failure``, and what it has cost.

    Args:
        program: It.
        names: What it sees.
        deadline: Until when it may take, by the monotonic clock.
    """
    meter = Meter(deadline=deadline)
    value = _attempted(program, names, meter)
    return value, meter.spent


def _attempted(program: Program, names: Mapping[str, Any], meter: Meter) -> Any:
    try:
        return program.evaluate(names, meter)
    except (Stopped, ValueError, OverflowError) as error:
        return Failure(str(error))
    except RecursionError:
        return Failure(str(CostExceeded()))
    except TypeError:  # as of a value that cannot be a key
        return NO_OVERLOAD


def _verified(
    checked: cel.Expression, text: str, *, is_bound: bool = False, called: Mapping[str, str] | None = None
) -> Checked:
    """What the checker has let pass, once what is written out in it was looked at.

    Raises:
        CompileError: It cannot be.
    """
    tree = Tree(checked.serialize(), is_bound=is_bound)
    if faults := literals.faults_of(tree, text):
        raise CompileError(_a_line_up(faults) if is_bound else faults)
    if problem := literals.problem_of_patterns(tree):
        raise CompileError(problem, stage="instantiation")
    try:
        made = Program(tree, called or {})
    except PlanError as error:
        raise CompileError(str(error), stage="instantiation") from error
    kind = _kind_of(checked)
    return Checked("" if kind == "DYN" and tree.calls(*library.UNTYPED) else kind, tree, made)


def checked(expression: str, known: cel.Env, called: Mapping[str, str] | None = None) -> Checked:
    """What is known of an expression.

    Args:
        expression: It.
        known: The ``environment`` it is held against.
        called: If it makes a patch, what the types of the objects in it are called.

    Raises:
        CompileError: It is no CEL, or does not fit.
    """
    try:
        found = known.compile(expression)
    except RuntimeError as error:
        raise CompileError(_compile_text(error)) from error
    return _verified(found, expression, called=called)


def _with_optional(expression: str) -> str:
    """An expression in which ``oldSelf`` is an optional value: what ``oldSelfs`` holds, if anything.

    No variable can be declared as optional, so CEL itself makes one. The expression begins on a line of its own, so
    that what is told of its columns stays true.
    """
    return f"cel.bind(oldSelf, oldSelfs[?0], (\n{expression}\n))"


class Checked(NamedTuple):
    """What is known of an expression.

    Attributes:
        kind: The name of its type, as in ``BOOL``; empty when unknown.
        tree: Its parts.
        program: What evaluates it.
    """

    kind: str
    tree: Tree
    program: Program


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
        self._environment = environment({"self": own, **old}, pool, binds=old_is_optional)

    def check(self, expression: str) -> Checked:
        """What is known of an expression.

        Raises:
            CompileError: It does not fit.
        """
        if self._old_is_optional:
            _check_syntax(expression)  # nothing that only parses because of what is around it
        wrapped = _with_optional(expression) if self._old_is_optional else expression
        try:
            checked = self._environment.compile(wrapped)
        except RuntimeError as error:
            text = _compile_text(error)
            raise CompileError(_a_line_up(text) if self._old_is_optional else text) from error
        return _verified(checked, wrapped, is_bound=self._old_is_optional)


def _kind_of(checked: cel.Expression) -> str:
    try:
        return str(checked.return_type().name())
    except RuntimeError:
        return "MAP"  # of keys that the library has no name for


def _check_syntax(expression: str) -> None:
    try:
        _bare().compile(expression, disable_check=True)
    except RuntimeError as error:
        raise CompileError(_compile_text(error)) from error


def _a_line_up(text: str) -> str:
    return _LINE.sub(lambda match: f"<input>:{int(match.group(1)) - 1}:", text)


def _compile_text(error: RuntimeError) -> str:
    text = _SUFFIX.sub("", _PREFIX.sub("", str(error)))
    text = _OPAQUE.sub(r"unexpected failed resolution of \1", text)
    text = _SELECTED.sub(r"type \1 does not support field selection", text)
    text = _TIMES.sub(lambda found: found.group()[-1].lower(), text)
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


def as_go(kind: str) -> str:
    """The name of a type as ``cel-go`` writes it: ``map(string, int)`` of ``MAP<STRING, INT>``."""
    kind = re.sub(r"\bNULL\b", "NULL_TYPE", kind)
    return re.sub(r"\b[A-Z_]+\b", lambda name: name.group().lower(), kind).replace("<", "(").replace(">", ")")
