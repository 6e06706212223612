"""The tree of an expression, and what each of its nodes makes of the variables (``expression/lexeme/*.rb``).

Values are Ruby's, said in Python: nil is ``None``, and inside ``&&`` and ``||`` only nil and false count as false, so
there an empty text is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitopslab.ci.expressions.patterns import Pattern, matches
from gitopslab.ci.expressions.tokens import ExpressionError

Value = str | bool | Pattern | None
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a pattern, ``null``, ``true`` or ``false``."""

    value: Value

    def evaluate(self, variables: Variables) -> Value:
        """Itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Variable:
    """``$NAME``; its value is not expanded any further."""

    name: str

    def evaluate(self, variables: Variables) -> Value:
        """Its value, nil when there is no such variable."""
        return variables.get(self.name)


@dataclass(frozen=True, slots=True)
class Not:
    """``!``."""

    operand: Node

    def evaluate(self, variables: Variables) -> Value:
        """Whether the operand is absent: nil, false or a blank text."""
        return not is_present(self.operand.evaluate(variables))


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between them."""

    operator: str
    left: Node
    right: Node

    def evaluate(self, variables: Variables) -> Value:
        """What the operator makes of its operands; ``&&`` and ``||`` give one of them."""
        left = self.left.evaluate(variables)
        if self.operator == "&&":
            return left if _is_falsy(left) else self.right.evaluate(variables)
        if self.operator == "||":
            return self.right.evaluate(variables) if _is_falsy(left) else left
        right = self.right.evaluate(variables)
        if self.operator in ("==", "!="):
            return _is_equal(left, right) == (self.operator == "==")
        return _is_match(left, right) == (self.operator == "=~")


Node = Literal | Variable | Not | Binary


def is_present(value: Value) -> bool:
    """What Rails calls present: not nil, not false, and not a text of blanks."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value is not False


def _is_falsy(value: Value) -> bool:
    return value is None or value is False


def _is_equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) and isinstance(right, str):
        left = _text(left)
    elif isinstance(right, bool) and isinstance(left, str):
        right = _text(right)
    return type(left) is type(right) and left == right


def _is_match(left: Value, right: Value) -> bool:
    if right is None or right is False:
        return False
    if right is True:
        raise ExpressionError("Invalid regular expression!", "true is no pattern; compare with ==.")
    return matches(_text(left), right)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.source if isinstance(value, Pattern) else value or ""
