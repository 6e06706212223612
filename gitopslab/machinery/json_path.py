"""JSONPath as kubectl and the API server read it, as far as columns and selectable fields use it.

``controlplane.http`` reads the columns of custom resources with it. Fields, quoted fields, indexes, slices, wildcards,
unions, recursive descent and filters (``[?(@.type=="Ready")]``) are understood; a path is parsed once and is then a
function. Upstream: ``client-go/util/jsonpath``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

Path = Callable[[Any], list[Any]]
_Step = Callable[[Any], Iterable[Any]]

_NAME = re.compile(r"(?:[^.\[\]\\\s]|\\.)+")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?")
_FILTER = re.compile(r"\?\((.*)\)", re.DOTALL)
_COMPARISON = re.compile(r"(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)", re.DOTALL)
_MISSING = object()


@lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """A path as a function from a document to everything it leads to.

    Args:
        text: As in ``.spec.replicas``, with or without braces around it.

    Raises:
        ValueError: It is no path.
    """
    steps = list(_steps(text.strip().removeprefix("{").removesuffix("}").removeprefix("$").removeprefix("@")))

    def read(document: Any) -> list[Any]:
        found = [document]
        for step in steps:
            found = [below for value in found for below in step(value)]
        return found

    return read


def _steps(text: str) -> Iterator[_Step]:
    at = 0
    while at < len(text):
        if text.startswith("..", at):
            yield _everything
            at += 2 if text.startswith("[", at + 2) else 1
        elif text[at] == ".":
            if at + 1 == len(text):
                return
            match = _NAME.match(text, at + 1)
            if match is None:
                raise ValueError(f"unrecognized character in action: {text[at + 1]!r}")
            name = re.sub(r"\\(.)", r"\1", match.group())
            yield _all if name == "*" else _field(name)
            at = match.end()
        elif text[at] == "[":
            end = _closing(text, at)
            yield _bracket(text[at + 1 : end].strip())
            at = end + 1
        else:
            match = _NAME.match(text, at)
            if at or match is None:
                raise ValueError(f"unrecognized character in action: {text[at]!r}")
            yield _field(match.group())
            at = match.end()


def _closing(text: str, start: int) -> int:
    depth, quote = 0, ""
    for at in range(start, len(text)):
        character = text[at]
        if quote:
            quote = "" if character == quote and text[at - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
            if depth == 0:
                return at
    raise ValueError("unterminated array")


def _bracket(text: str) -> _Step:
    if text == "*":
        return _all
    if match := _FILTER.fullmatch(text):
        return _filter(match.group(1))
    parts = [part.strip() for part in re.split(r""",(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", text)]
    if len(parts) > 1:
        steps = [_bracket(part) for part in parts]
        return lambda value: [found for step in steps for found in step(value)]
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return _field(text[1:-1])
    if match := _SLICE.fullmatch(text):
        bounds = slice(*(int(part) if part else None for part in match.groups()))
        return lambda value: value[bounds] if isinstance(value, list) else []
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f"invalid array index {text}")
    index = int(text)
    return lambda value: value[index : index + 1 or None] if isinstance(value, list) else []


def _field(name: str) -> _Step:
    return lambda value: [value[name]] if isinstance(value, dict) and name in value else []


def _all(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for below in _all(value):
        yield from _everything(below)


def _filter(condition: str) -> _Step:
    match = _COMPARISON.fullmatch(condition.strip())
    if match is None:
        exists = parse(condition)
        return lambda value: [item for item in _all(value) if exists(item)]
    left, operator, right = _operand(match.group(1)), match.group(2), _operand(match.group(3))
    return lambda value: [item for item in _all(value) if _holds(left(item), operator, right(item))]


def _operand(text: str) -> Callable[[Any], Any]:
    text = text.strip()
    if text.startswith(("@", "$")):
        path = parse(text)
        return lambda item: next(iter(path(item)), _MISSING)
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        literal: Any = text[1:-1]
    else:
        literal = json.loads(text)
    return lambda item: literal


def _holds(left: Any, operator: str, right: Any) -> bool:
    if left is _MISSING or right is _MISSING:
        return False
    if operator in ("==", "!="):
        return bool((left == right) is (operator == "=="))
    try:
        return bool({"<": left.__lt__, "<=": left.__le__, ">": left.__gt__, ">=": left.__ge__}[operator](right) is True)
    except AttributeError:
        return False


def printed(value: Any) -> str:
    """A value as JSONPath prints it: texts as they are, maps and lists as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
