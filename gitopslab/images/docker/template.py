"""The part of Go's templates that people use with ``--format``: fields, ``json``, ``index`` and ``join``.

``docker inspect`` and ``docker images`` call it. Values are printed as Go prints them.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIELD = re.compile(r"(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


def fill_in(template: str, value: Any) -> str:
    """The template with the value's fields.

    Raises:
        ValueError: It has something else in it; the text says what.
    """
    return _ACTION.sub(lambda match: _shown(_evaluated(match[1], value)), template)


def _evaluated(action: str, value: Any) -> Any:
    try:
        words = shlex.split(action)
    except ValueError as error:
        raise ValueError(f"template parsing error: {error}") from None
    match words:
        case [path]:
            return _operand(path, value)
        case ["json", path]:
            return _Json(json.dumps(_operand(path, value), separators=(",", ":")))
        case ["index", path, *keys]:
            found = _operand(path, value)
            for key in keys:
                found = _item(found, key)
            return found
        case ["join", path, separator]:
            return separator.join(str(each) for each in _operand(path, value) or [])
        case ["len", path]:
            return len(_operand(path, value) or [])
    raise ValueError(f'template parsing error: template: :1: function "{words[0] if words else ""}" not defined')


class _Json(str):
    """Text that is printed as it is."""


def _operand(path: str, value: Any) -> Any:
    if path == ".":
        return value
    if not _FIELD.fullmatch(path):
        raise ValueError(f"template parsing error: template: :1: unexpected {path!r} in operand")
    for name in path[1:].split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f'template: :1:2: executing "" at <{path}>: map has no entry for key "{name}"')
        value = value[name]
    return value


def _item(value: Any, key: str) -> Any:
    if isinstance(value, list):
        if not key.isdigit() or int(key) >= len(value):
            raise ValueError(f'template: :1:2: executing "" at <index>: error calling index: index out of range: {key}')
        return value[int(key)]
    return (value or {}).get(key, "")


def _shown(value: Any) -> str:
    """As Go's ``%v`` prints it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_shown(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(_shown(each) for each in value) + "]"
    return str(value)
