"""Whole numbers in the tiny shell: the sums of ``$((…))``, and ``expr``.

``expansion`` asks for sums, ``commands`` lists ``expr`` and ``seq``. Numbers have 64 bits as in a real shell, whatever
a manifest multiplies.

Simplified: a sum assigns nothing (``i++``, ``+=``), has no bits and no ``?:``; ``expr`` matches no patterns (``:``).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.controlplane.kubelet.session import FailedError, Play, Session, number
from gitopslab.controlplane.kubelet.words import MOST_DEPTH, NotUnderstoodError

_TOKEN = re.compile(r"\s*(\w+|<=|>=|==|!=|&&|\|\||[-+*/%()<>!])\s*|\s+")
_CHANGING = re.compile(r"[A-Za-z_]\w*\s*(\+\+|--)|(\+\+|--)\s*[A-Za-z_]")
_MOST_OF_A_SEQUENCE = 10_000

Value = int | str
"""``expr`` knows texts, too."""

Operator = Callable[[Value, Value], Value]


def value_of(text: str, look_up: Callable[[str], str]) -> int:
    """The value of a sum.

    Args:
        text: With its variables expanded, or named bare.
        look_up: Gives a variable's value.

    Raises:
        NotUnderstoodError: It is no sum.
        FailedError: It divides by zero.
    """
    if _CHANGING.search(text):
        raise NotUnderstoodError(text)
    words, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstoodError(text)
        words += [match[1]] if match[1] else []
        at = match.end()

    def operand(word: str) -> Value:
        if not re.fullmatch(r"\w+", word):
            raise NotUnderstoodError(text)
        return _operand(word if word[0].isdecimal() else look_up(word))

    return int(_Reader(words or ["0"], _SUM, operand).value())


def _operand(text: str) -> int:
    """A number, which is octal after a 0 and hexadecimal after a 0x."""
    if not (match := re.fullmatch(r"(-?)0([0-9]+|[xX][0-9a-fA-F]+)", text)):
        return number(text)
    try:
        size = int(match[2][1:], 16) if match[2][0] in "xX" else int(match[2], 8)
    except ValueError as error:
        raise FailedError("arithmetic syntax error") from error
    return -size if match[1] else size


def expr(session: Session, arguments: list[str]) -> Play:
    """``expr``: a sum or a comparison whose parts are words; it succeeds unless the value is 0 or empty."""
    try:
        value = str(_Reader(arguments, _EXPR, lambda word: word).value())
    except FailedError as error:
        yield session.complain(f"expr: {error}", 2)
        return
    session.code = int(value in ("", "0"))
    yield session.say(value)


def seq(session: Session, arguments: list[str]) -> Play:
    """``seq LAST``, ``seq FIRST LAST``, ``seq FIRST STEP LAST``, as long as it stays short."""
    if not 1 <= len(arguments) <= 3 or not all(re.fullmatch(r"-?\d{1,9}", one) for one in arguments):
        raise NotUnderstoodError("seq " + " ".join(arguments))
    last, first = int(arguments[-1]), int(arguments[0]) if len(arguments) > 1 else 1
    step = int(arguments[1]) if len(arguments) == 3 else 1
    if not step:
        raise NotUnderstoodError("seq that never ends")
    values = range(first, last + (1 if step > 0 else -1), step)
    if len(values) > _MOST_OF_A_SEQUENCE:
        raise NotUnderstoodError("seq that is too long")
    for value in values:
        yield session.say(str(value))


class _Reader:
    """Reads words as operands and operators, the closer binding ones first.

    Args:
        words: All of them.
        operators: What each does, by how closely it binds; the loosest come first.
        operand: The value of a word.
    """

    def __init__(
        self, words: list[str], operators: tuple[Mapping[str, Operator], ...], operand: Callable[[str], Value]
    ) -> None:
        self._words = words
        self._operators = operators
        self._operand = operand
        self._at = 0
        self._depth = 0

    def value(self) -> Value:
        """What all of it comes to."""
        value = self._level(0)
        if self._at < len(self._words):
            raise NotUnderstoodError(" ".join(self._words))
        return value

    def _level(self, level: int) -> Value:
        if level == len(self._operators):
            return self._single()
        value = self._level(level + 1)
        while self._at < len(self._words) and (do := self._operators[level].get(self._words[self._at])):
            self._at += 1
            value = do(value, self._level(level + 1))
        return value

    def _single(self) -> Value:
        word = self._words[self._at] if self._at < len(self._words) else ")"
        self._at += 1
        signed = self._operators is _SUM and word in _SIGNS
        if word == ")" or self._depth > MOST_DEPTH:
            raise NotUnderstoodError(" ".join(self._words))
        if word != "(" and not signed:
            return self._operand(word)
        self._depth += 1
        value = _SIGNS[word](int(self._single())) if signed else self._level(0)
        self._depth -= 1
        if not signed:
            self._at += 1
            if self._words[self._at - 1 : self._at] != [")"]:
                raise NotUnderstoodError(" ".join(self._words))
        return value


def _whole(value: Value) -> int:
    if isinstance(value, int):
        return value
    if not re.fullmatch(r"-?\d+", value):
        raise FailedError("non-integer argument")
    return number(value)


def _of_numbers(do: Callable[[int, int], int]) -> Operator:
    return lambda left, right: (do(_whole(left), _whole(right)) + 2**63) % 2**64 - 2**63


def _quotient(left: int, right: int) -> int:
    """Towards zero, as processors divide."""
    if right == 0:
        raise FailedError("divide by zero")
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


def _compared(do: Callable[[Any, Any], bool]) -> Operator:
    """As numbers when both are, else as texts."""

    def compare(left: Value, right: Value) -> int:
        texts = str(left), str(right)
        if all(re.fullmatch(r"-?\d+", text) for text in texts):
            return int(do(number(texts[0]), number(texts[1])))
        return int(do(*texts))

    return compare


_ORDER: Mapping[str, Operator] = {
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
}
_EQUALITY: Mapping[str, Operator] = {"==": _compared(operator.eq), "!=": _compared(operator.ne)}
_LINE: Mapping[str, Operator] = {"+": _of_numbers(operator.add), "-": _of_numbers(operator.sub)}
_POINT: Mapping[str, Operator] = {
    "*": _of_numbers(operator.mul),
    "/": _of_numbers(_quotient),
    "%": _of_numbers(lambda left, right: left - right * _quotient(left, right)),
}
_SIGNS: Mapping[str, Callable[[int], int]] = {"-": operator.neg, "+": operator.pos, "!": lambda value: int(not value)}
_SUM: tuple[Mapping[str, Operator], ...] = (
    {"||": lambda left, right: int(bool(left or right))},
    {"&&": lambda left, right: int(bool(left and right))},
    _EQUALITY,
    _ORDER,
    _LINE,
    _POINT,
)
_EXPR: tuple[Mapping[str, Operator], ...] = (
    {"|": lambda left, right: right if str(left) in ("", "0") else left},
    {"&": lambda left, right: 0 if {str(left), str(right)} & {"", "0"} else left},
    {**_ORDER, **_EQUALITY, "=": _EQUALITY["=="]},
    _LINE,
    _POINT,
)
