"""``${name}`` and its forms, as Flux's envsubst reads them: less than a shell does, and some of it otherwise.

The whole text is read before anything is filled in. Without a colon there is only ``=``; ``:+`` and ``:?`` do what
``:-`` does; lengths and slices count bytes. Source: ``fluxcd/pkg/envsubst``: ``parse/parse.go``, ``parse/scan.go``,
``funcs.go``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitopslab.errors import RenderError

_BAD, _OPEN, _NAMELESS = "bad substitution", "missing closing brace", "unable to parse variable name"
_WITHIN = "unable to parse substitution within function"
_DEFAULTS = ("=", ":=", ":-", ":+", ":?")
_IDENTIFIER = re.compile(r"\w+")
_NUMBER = re.compile(r"[+-]?\d+")
_FORMS = {
    "=": re.compile(r"="), ":": re.compile(r":[-=?+]"), ",": re.compile(r"[,^]{1,2}"), "^": re.compile(r"[,^]{1,2}"),
    "/": re.compile(r"/[/#%]?"), "#": re.compile(r"##?"), "%": re.compile(r"%%?"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Call:
    """A variable in one of its forms."""

    name: str
    form: str = ""
    words: tuple[str | _Call, ...] = ()


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Text with its variables filled in; ``$$`` is a dollar.

    Raises:
        RenderError: It cannot be read, or a variable is not set and has no default.
    """
    return "".join(_filled(part, variables) for part in _Reader(text).parts())


class _Reader:
    """Reads a text once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parts(self) -> list[str | _Call]:
        """All of it."""
        found: list[str | _Call] = []
        while self._at < len(self._text):
            if self._takes("${"):
                found.append(self._call())
            elif self._takes("$$"):
                found.append("$")
            else:
                end = self._text.find("$", self._at + 1)
                found.append(self._upto(len(self._text) if end < 0 else end))
        return found

    def _call(self) -> _Call:
        """What stands between the braces, and the brace that closes it."""
        if self._takes("#"):
            return self._closed(_Call(self._identifier(_BAD), "length"))
        name, sign = self._identifier(_NAMELESS), self._text[self._at : self._at + 1]
        match = _FORMS[sign].match(self._text, self._at) if sign in _FORMS else None
        if match is None:
            if sign == ":":
                return self._sliced(name)
            return self._closed(_Call(name), _OPEN)
        self._at = match.end()
        form = match.group()
        if form in _DEFAULTS:
            return self._default(name, form)
        if sign == "/":
            return self._replaced(name, form)
        words = (self._word("}"),) if sign in "#%" else ()
        return self._closed(_Call(name, form, words))

    def _default(self, name: str, form: str) -> _Call:
        words: list[str | _Call] = []
        while not self._takes("}"):
            words.append(self._word("}"))
        return _Call(name, form, tuple(words))

    def _sliced(self, name: str) -> _Call:
        self._at += 1
        words = [self._word(":}")]
        if not self._takes("}"):
            self._delimited(":")
            words.append(self._word("}"))
            return self._closed(_Call(name, ":", tuple(words)))
        return _Call(name, ":", tuple(words))

    def _replaced(self, name: str, form: str) -> _Call:
        words = [self._word("/", escapes=True)]
        self._delimited("/")
        if not self._text.startswith("}", self._at):
            words.append(self._word("}", escapes=True))
        return self._closed(_Call(name, form, tuple(words)))

    def _word(self, ends: str, *, escapes: bool = False) -> str | _Call:
        r"""One word of a form: a variable, or text up to one of ``ends`` or the next variable.

        Args:
            ends: Each letter ends it; it is not taken.
            escapes: Whether ``\/``, ``\\`` and ``$$`` stand for their last letter.
        """
        if self._takes("${"):
            return self._call()
        found: list[str] = []
        while self._at < len(self._text) and not self._text.startswith("${", self._at):
            if escapes and self._text.startswith(("\\/", "\\\\", "$$"), self._at):
                self._at += 1
            elif self._text[self._at] in ends:
                break
            found.append(self._upto(self._at + 1))
        if not found:
            raise RenderError(_WITHIN)
        return "".join(found)

    def _identifier(self, otherwise: str) -> str:
        match = _IDENTIFIER.match(self._text, self._at)
        if match is None:
            raise RenderError(otherwise)
        return self._upto(match.end())

    def _delimited(self, sign: str) -> None:
        """Pass over what parts two words, once or more often."""
        if not self._takes(sign):
            raise RenderError(_BAD)
        while self._takes(sign):
            pass

    def _closed(self, call: _Call, otherwise: str = _BAD) -> _Call:
        if not self._takes("}"):
            raise RenderError(otherwise)
        return call

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _upto(self, end: int) -> str:
        found, self._at = self._text[self._at : end], end
        return found


def _filled(part: str | _Call, variables: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    words = [_filled(word, variables) for word in part.words]
    if part.name not in variables and part.form not in _DEFAULTS:
        raise RenderError(f'variable not set (strict mode): "{part.name}"')
    value = variables.get(part.name, "")
    if part.form in _DEFAULTS:
        return value or "".join(words)
    return _FUNCTIONS[part.form](value, *words) if part.form in _FUNCTIONS else value


def _slice(value: str, start: str, length: str | None = None) -> str:
    if not all(_NUMBER.fullmatch(number) for number in (start, length) if number is not None):
        return value
    data, begin = value.encode(), int(start)
    begin = max(0, len(data) + begin) if begin < 0 else begin
    end = len(data) if length is None else begin + int(length)
    return data[begin:end].decode(errors="replace")


def _replace_start(value: str, old: str, new: str | None = None) -> str:
    return value if new is None or not value.startswith(old) else value.replace(old, new, 1)


def _replace_end(value: str, old: str, new: str | None = None) -> str:
    return value if new is None or not value.endswith(old) else value.removesuffix(old) + new


def _cut(value: str, pattern: str, *, is_longest: bool) -> str:
    """Without a beginning that fits a pattern; nothing is no beginning."""
    glob = pattern.replace("[^", "[!")
    ends = [end for end in range(1, len(value) + 1) if fnmatch.fnmatchcase(value[:end], glob)]
    return value[ends[-1 if is_longest else 0] :] if ends else value


def _cut_end(value: str, pattern: str, *, is_longest: bool) -> str:
    return _cut(value[::-1], pattern[::-1], is_longest=is_longest)[::-1]


_FUNCTIONS: Mapping[str, Callable[..., str]] = {
    "length": lambda value: str(len(value.encode())),
    "^": lambda value: value[:1].upper() + value[1:],
    "^^": str.upper,
    ",": lambda value: value[:1].lower() + value[1:],
    ",,": str.lower,
    ":": _slice,
    "/": lambda value, old, new="": value.replace(old, new, 1),
    "//": lambda value, old, new="": value.replace(old, new),
    "/#": _replace_start,
    "/%": _replace_end,
    "#": lambda value, pattern: _cut(value, pattern, is_longest=False),
    "##": lambda value, pattern: _cut(value, pattern, is_longest=True),
    "%": lambda value, pattern: _cut_end(value, pattern, is_longest=False),
    "%%": lambda value, pattern: _cut_end(value, pattern, is_longest=True),
}
