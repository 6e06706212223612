"""Semantic versions, and ranges of them in the notation of Masterminds/semver, which Flux and Helm use.

``>=1.0.0 <2.0.0``, ``1.2.x``, ``~1.2.3``, ``^1.2.3``, ``1.2 - 1.4``, ``^1.0 || ^2.0``. A version with a pre-release
fits only where one of the bounds that must all hold names a pre-release itself: ``>=1.0.0-0 <2.0.0``.
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
    r"(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?(?:\s*,|\s*\Z|\s+)"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")
_WILD = ("x", "X", "*")
_OF_ZERO = {">": 3, "<=": 2, "=<": 2, "!=": 3, "^": 3}
"""Operators before which a mere ``*`` is the version 0.0.0, of which so many numbers count."""


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
    """One comparison: from ``low`` (included) up to ``high`` (not included), or everything but that.

    Where ``only`` is set, what is left out is only one pre-release of each version in between.
    """

    low: Version | None
    high: Version | None
    is_excluded: bool = False
    names_pre: bool = False
    only: tuple[str, ...] | None = None

    def __contains__(self, version: Version) -> bool:
        inside = (self.low is None or version >= self.low) and (self.high is None or version < self.high)
        return (inside and self.only in (None, version.pre)) != self.is_excluded


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
        return any(_fits(version, choice) for choice in self.choices)


def _fits(version: Version, bounds: tuple[_Bound, ...]) -> bool:
    is_looked_for = not version.pre or any(bound.names_pre for bound in bounds)
    return is_looked_for and all(version in bound for bound in bounds)


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
    if not given:
        given = _OF_ZERO.get(operator or "=", 0)
    names_pre = bool(pre)
    low = Version((numbers[0], numbers[1], numbers[2]), tuple(pre[1:].split(".")) if pre else ())
    after = _after(numbers, given)
    exact = _above(low) if given == 3 else after
    match operator or "=":
        case ">=" | "=>":
            return _Bound(low, None, names_pre=names_pre)
        case "<":
            return _Bound(None, low, names_pre=names_pre)
        case ">":
            return _Bound(exact, None, names_pre=names_pre)
        case "<=" | "=<":
            return _Bound(None, exact, names_pre=names_pre)
        case "!=":
            only = low.pre if names_pre and given == 2 else None
            return _Bound(low, exact, is_excluded=True, names_pre=names_pre, only=only)
        case "~" | "~>":
            is_any = given == 3 and not any(numbers)
            return _Bound(low, None if is_any else _after(numbers, min(given, 2)), names_pre=names_pre)
        case "^":
            return _Bound(low, _after(numbers, _leading(numbers, given)), names_pre=names_pre)
        case _:
            return _Bound(low, exact, names_pre=names_pre)


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
