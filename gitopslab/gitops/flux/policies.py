"""Which of an image's tags a policy takes: filter, order, choose. Pure.

Source: ``image-reflector-controller/internal/policy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gitopslab.errors import LabError
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.objects import Object
from gitopslab.machinery.regexes import PatternError, compiled

T = TypeVar("T")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)
_GROUP = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


class InvalidPolicyError(LabError):
    """The policy itself is wrong: no tag would mend it."""


class NoTagError(LabError):
    """None of the tags is fit."""


def latest(spec: Object, tags: Sequence[str]) -> str:
    """The tag that a policy takes.

    Args:
        spec: ``policy`` and ``filterTags`` of an ImagePolicy.
        tags: Those of the image.

    Raises:
        InvalidPolicyError: The policy cannot be followed.
        NoTagError: No tag fits.
    """
    originals = filtered(spec.get("filterTags"), tags)
    choose = chooser(spec["policy"])
    if not originals:
        raise NoTagError("version list argument cannot be empty")
    return originals[choose(list(originals))]


def filtered(filter_tags: Object | None, tags: Sequence[str]) -> dict[str, str]:
    """What is compared, and the tag it was extracted from; of two that extract the same, the later tag counts."""
    pattern = (filter_tags or {}).get("pattern")
    if not pattern:
        return {tag: tag for tag in tags}
    try:
        expression = compiled(pattern)
    except PatternError as error:
        why = f"invalid regular expression pattern '{pattern}': {error.message}"
        raise InvalidPolicyError(f"failed to filter tags: {why}") from error
    extract = (filter_tags or {}).get("extract") or ""
    found: dict[str, str] = {}
    for tag in tags:
        match = expression.search(tag)
        if match is not None:
            found[_expanded(extract, match) if extract else tag] = tag
    return found


def chooser(policy: Object) -> Callable[[list[str]], str]:
    """How a policy chooses among values; of several ways the first counts.

    Raises:
        InvalidPolicyError: It names no way, or a range that is none.
    """
    way = next((way for way in ("semver", "alphabetical", "numerical") if policy.get(way) is not None), "")
    if not way:
        raise InvalidPolicyError("invalid policy: given ImagePolicyChoice object is invalid")
    if way == "semver":
        return _by_version(policy["semver"]["range"])
    descending = policy[way].get("order", "asc") == "desc"
    return _by_number(descending) if way == "numerical" else lambda values: _last(sorted(values), descending)


def _by_version(words: str) -> Callable[[list[str]], str]:
    try:
        allowed = Range.read(words)
    except VersionError as error:
        raise InvalidPolicyError(f"invalid policy: {error}") from error

    def choose(values: list[str]) -> str:
        fitting = [(version, value) for value in values if (version := parse(value)) is not None and version in allowed]
        if not fitting:
            raise NoTagError("unable to determine latest version from provided list")
        return max(fitting)[1]

    return choose


def _by_number(descending: bool) -> Callable[[list[str]], str]:
    def choose(values: list[str]) -> str:
        numbers = []
        for value in values:
            if not _NUMBER.match(value):
                raise NoTagError(f"failed to parse invalid numeric value '{value}'")
            numbers.append((float(value), value))
        return _last(sorted(numbers), descending)[1]

    return choose


def _last(values: list[T], descending: bool) -> T:
    """``asc`` means the last of the ascending order: the highest."""
    return values[0] if descending else values[-1]


def _expanded(extract: str, match: Any) -> str:
    """Go's ``Expand``: ``$1``, ``$name`` or ``${name}``; a group that is not there is empty, and ``$$`` is ``$``."""
    groups = match.groupdict()

    def value(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        if name is None:
            return "$"
        if name.isdigit():
            return (match.group(int(name)) or "") if int(name) <= len(match.groups()) else ""
        return groups.get(name) or ""

    return _GROUP.sub(value, extract)
