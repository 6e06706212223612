"""Semantic versions, and ranges of them in the notation of Masterminds/semver, which Flux and Helm use.

``>=1.0.0 <2.0.0``, ``1.2.x``, ``~1.2.3``, ``^1.2.3``, ``1.2 - 1.4``, ``^1.0 || ^2.0``. A version with a pre-release
fits only a part of a range that names a pre-release itself: ``>=1.0.0-0``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import total_ordering

_VERSION = re.compile(
    r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\Z"
)
_PART = re.compile(
    r"\s*(=>|=<|>=|<=|!=|~>|=|>|<|~|\^)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?"
    r"(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\s*(?:,|\Z|(?=[\s<>=~^!]))"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_WILD = ("x", "X", "*")


class VersionError(ValueError):
    """Text that is no version or no range."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version; which text it was read from makes no difference."""

    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[object, ...]:
        """Numbers first; a pre-release comes before its release, numbers in it before words."""
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre)
        return (self.numbers, not self.pre, parts)


def parse(text: str) -> Version | None:
    """A version as Flux takes it from a tag: with two dots at least; None for what is none."""
    match = _VERSION.match(text)
    if match is None or match.group(3) is None:
        return None
    major, minor, patch, pre = match.groups()
    return Version((int(major), int(minor), int(patch)), tuple(pre.split(".")) if pre else ())


@dataclass(frozen=True, slots=True)
class _Bound:
    """One comparison: from ``low`` (included) up to ``high`` (not included), or everything but that."""

    low: Version | None
    high: Version | None
    is_excluded: bool = False
    takes_pre: bool = False

    def __contains__(self, version: Version) -> bool:
        if version.pre and not self.takes_pre:
            return False
        inside = (self.low is None or version >= self.low) and (self.high is None or version < self.high)
        return inside != self.is_excluded


@dataclass(frozen=True, slots=True)
class Range:
    """A range of versions: one of several lists of bounds that must all hold."""

    choices: tuple[tuple[_Bound, ...], ...] = field(default_factory=tuple)

    @classmethod
    def read(cls, text: str) -> Range:
        """The range that text stands for.

        Raises:
            VersionError: It stands for none.
        """
        return cls(tuple(_bounds(choice) for choice in text.split("||")))

    def __contains__(self, version: Version) -> bool:
        return any(all(version in bound for bound in choice) for choice in self.choices)


def _bounds(words: str) -> tuple[_Bound, ...]:
    said = json.dumps(words)
    words = _HYPHEN.sub(r">=\1 <=\2", words).strip()
    at, found = 0, []
    while at < len(words):
        match = _PART.match(words, at)
        if match is None or match.end() == at:
            raise VersionError(f"improper constraint: {said}")
        found.append(_bound(*match.groups()))
        at = match.end()
    if not found:
        raise VersionError(f"improper constraint: {said}")
    return tuple(found)


def _bound(operator: str | None, major: str, minor: str | None, patch: str | None, pre: str | None) -> _Bound:
    numbers = [0, 0, 0]
    given = 0
    for part in (major, minor, patch):
        if part is None or part in _WILD:
            break
        numbers[given] = int(part)
        given += 1
    takes_pre = bool(pre)
    low = Version((numbers[0], numbers[1], numbers[2]), tuple(pre[1:].split(".")) if pre else ())
    after = _after(numbers, given)
    exact = _above(low) if given == 3 else after
    match operator or "=":
        case ">=" | "=>":
            return _Bound(low, None, takes_pre=takes_pre)
        case "<":
            return _Bound(None, low, takes_pre=takes_pre)
        case ">":
            return _Bound(exact, None, takes_pre=takes_pre)
        case "<=" | "=<":
            return _Bound(None, exact, takes_pre=takes_pre)
        case "!=":
            return _Bound(low, exact, is_excluded=True, takes_pre=takes_pre)
        case "~" | "~>":
            return _Bound(low, _after(numbers, min(given, 2)), takes_pre=takes_pre)
        case "^":
            return _Bound(low, _after(numbers, _leading(numbers, given)), takes_pre=takes_pre)
        case _:
            return _Bound(low, exact, takes_pre=takes_pre)


def _after(numbers: list[int], kept: int) -> Version | None:
    """The first version beyond all that begin with the first ``kept`` numbers; None when all do."""
    if not kept:
        return None
    bumped = [*numbers[: kept - 1], numbers[kept - 1] + 1, 0, 0][:3]
    return Version((bumped[0], bumped[1], bumped[2]), ("0",))  # pre-releases of it are beyond, too


def _above(version: Version) -> Version:
    """The smallest version above another."""
    if version.pre:
        return Version(version.numbers, (*version.pre, "0"))
    major, minor, patch = version.numbers
    return Version((major, minor, patch + 1), ("0",))


def _leading(numbers: list[int], given: int) -> int:
    """How many numbers a caret keeps: up to the first that is not zero."""
    for at in range(given):
        if numbers[at]:
            return at + 1
    return max(given, 1) if given else 0
