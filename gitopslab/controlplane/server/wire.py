"""Request bodies to plain values: JSON as Go's ``encoding/json`` reads it, YAML as ``sigs.k8s.io/yaml`` does.

``decode`` and ``patches`` call it first of all. Keys named twice are kept apart (``typed.Repeated``), because strict
field validation tells of them. What the values mean is left to the callers.
"""

from __future__ import annotations

import json
import re
from typing import Any

from gitopslab.machinery import manifests
from gitopslab.machinery.typed import Repeated

_LITERALS = {"t": "true", "f": "false", "n": "null"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_SURROGATES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""Escapes; the group finds half a character, of which Go makes U+FFFD."""
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


class SyntaxFaultError(ValueError):
    """The body is not JSON or not YAML; the message is Go's."""


def from_json(body: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        SyntaxFaultError: It is not JSON.
    """
    text = body.decode("utf-8", "replace")
    if "\\u" in text:
        text = _SURROGATES.sub(lambda found: r"\ufffd" if found[1] else found[0], text)
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise SyntaxFaultError(_Scanner(body.decode("latin-1")).fault()) from error  # Go's looks at bytes
    except RecursionError as error:
        raise SyntaxFaultError("exceeded max depth") from error


def from_yaml(body: bytes) -> tuple[Any, list[str]]:
    """The value of a YAML text, and what strict reading objects to, as one text a key.

    Raises:
        SyntaxFaultError: It is not YAML.
    """
    try:
        value, repeated = manifests.load(body)
    except ValueError as error:
        raise SyntaxFaultError(str(error)) from error
    return value, [f'line {line}: key "{key}" already set in map' for key, line in repeated]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


def _refuse(word: str) -> Any:
    raise ValueError(word)


# Go knows no NaN and no Infinity in JSON.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)


class _Fault(Exception):
    """Found what Go would object to."""


class _Scanner:
    """Reads a text that is known to be broken, to say where and why in the words of Go's scanner."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def fault(self) -> str:
        try:
            self._value()
            self._skip()
            if self._at < len(self._text):
                self._fail("after top-level value")
        except _Fault as fault:
            return str(fault)
        except RecursionError:
            return "exceeded max depth"
        return "unexpected end of JSON input"

    def _fail(self, context: str) -> None:
        if self._at >= len(self._text):
            raise _Fault("unexpected end of JSON input")
        raise _Fault(f"invalid character {_quoted(self._text[self._at])} {context}")

    def _skip(self) -> str:
        """Pass white space; the character that follows, empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _value(self) -> None:
        first = self._skip()
        if first == "{":
            self._members()
        elif first == "[":
            self._items()
        elif first == '"':
            self._string()
        elif first in _LITERALS:
            self._literal(_LITERALS[first])
        elif first and first in "-0123456789":
            self._number()
        else:
            self._fail("looking for beginning of value")

    def _members(self) -> None:
        self._at += 1
        if self._skip() == "}":
            self._at += 1
            return
        while True:
            if self._skip() != '"':
                self._fail("looking for beginning of object key string")
            self._string()
            if self._skip() != ":":
                self._fail("after object key")
            self._at += 1
            self._value()
            if not self._more("}", "after object key:value pair"):
                return

    def _items(self) -> None:
        self._at += 1
        if self._skip() == "]":
            self._at += 1
            return
        while True:
            self._value()
            if not self._more("]", "after array element"):
                return

    def _more(self, end: str, context: str) -> bool:
        found = self._skip()
        if found not in (",", end) or not found:
            self._fail(context)
        self._at += 1
        return found == ","

    def _string(self) -> None:
        self._at += 1
        while True:
            match = _PLAIN.match(self._text, self._at)
            self._at = match.end() if match else self._at
            found = self._text[self._at : self._at + 1]
            if found == '"':
                self._at += 1
                return
            escape = _ESCAPE.match(self._text, self._at)
            if escape is None:
                self._bad_escape() if found == "\\" else self._fail("in string literal")
            else:
                self._at = escape.end()

    def _bad_escape(self) -> None:
        self._at += 1
        if self._text[self._at : self._at + 1] != "u":
            self._fail("in string escape code")
        self._at += 1
        while self._text[self._at : self._at + 1] in "0123456789abcdefABCDEF" and self._at < len(self._text):
            self._at += 1
        self._fail("in \\u hexadecimal character escape")

    def _literal(self, word: str) -> None:
        for letter in word:
            if self._text[self._at : self._at + 1] != letter:
                self._fail(f"in literal {word} (expecting '{letter}')")
            self._at += 1

    def _number(self) -> None:
        match = _NUMBER.match(self._text, self._at)
        if match is None:
            self._at += 1
            self._fail("in numeric literal")
            return
        self._at = match.end()
        rest = self._text[self._at : self._at + 1]
        if rest == "." and "." not in match.group():
            self._at += 1
            self._fail("after decimal point in numeric literal")
        if rest and rest in "eE" and not re.search("[eE]", match.group()):
            self._at += 1 + (self._text[self._at + 1 : self._at + 2] in ("+", "-"))
            self._fail("in exponent of numeric literal")


def _quoted(character: str) -> str:
    """A byte as Go's scanner quotes it: as the character of its number."""
    if character in "'\"":
        return {"'": r"'\''", '"': "'\"'"}[character]
    if character.isprintable():
        return f"'{character}'"
    number = ord(character)
    escape = f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}"
    return {"\n": r"'\n'", "\t": r"'\t'", "\r": r"'\r'"}.get(character, f"'{escape}'")
