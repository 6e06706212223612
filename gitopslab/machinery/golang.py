"""Plain values as Go names and reads them, for whoever says what Go's programs say.

How Go prints a value (``%v``) is ``merge.go_text``.
"""

from __future__ import annotations

from typing import Any

_ESCAPES = {
    '"': r"\"", "\\": r"\\", "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
}  # fmt: skip


def go_kind(value: Any) -> str:
    """What Go's JSON errors call a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def go_type(value: Any) -> str:
    """The type that a value of an unstructured object has (``%T``)."""
    names = {
        bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}", type(None): "<nil>",
    }  # fmt: skip
    return names.get(type(value), "map[string]interface {}")


def is_true(text: str) -> bool:
    """Whether a text is one of those that ``strconv.ParseBool`` takes for true."""
    return text in ("1", "t", "T", "true", "TRUE", "True")


def quoted(text: str) -> str:
    """A text in quotes (``%q``)."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
