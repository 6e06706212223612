"""``semver('1.2.3-rc.1')``: versions, read as upstream's library reads them and refused in its words.

``library`` gives them to expressions. Upstream: ``blang/semver`` (``Parse``) and ``apiserver/pkg/cel/library``.
"""

from __future__ import annotations

import re
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque

_LARGEST = (1 << 64) - 1
_MOST_DIGITS = 20
_LARGEST_KEPT = (1 << 63) - 1


class Semver(Opaque):
    """A version."""

    type_name = "kubernetes.Semver"


def semver(text: str, normalize: bool = False) -> Opaque:
    """A version.

    Args:
        text: As it is written.
        normalize: Whether a leading ``v``, missing numbers and superfluous zeros are put right first.

    Raises:
        ValueError: It is none; the message is upstream's.
    """
    text = _normalized(text) if normalize else text
    if not text:
        raise ValueError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise ValueError("No Major.Minor.Patch elements found")
    rest, has_build, build = parts[2].partition("+")
    patch, has_pre, pre = rest.partition("-")
    numbers = {name: _number(name, given) for name, given in zip(_NAMES, (*parts[:2], patch), strict=True)}
    for one in pre.split(".") if has_pre else ():
        _check_pre(one)
    for one in build.split(".") if has_build else ():
        if not one:
            raise ValueError("Build meta data is empty")
        if not _is_word(one):
            raise ValueError(f'Invalid character(s) found in build meta data "{one}"')
    return Semver(**numbers, pre=pre)


_NAMES = ("major", "minor", "patch")


def is_semver(text: str, normalize: bool = False) -> bool:
    """Whether it is one."""
    try:
        semver(text, normalize)
    except ValueError:
        return False
    return True


def rank(version: Opaque) -> tuple[Any, ...]:
    """What versions are ordered by."""
    pre = version["pre"]
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return version["major"], version["minor"], version["patch"], not pre, parts


def _normalized(text: str) -> str:
    core, separator, rest = re.fullmatch(r"v?([^+-]*)([+-]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    parts = [part.lstrip("0") or "0" if part else part for part in core.split(".")]
    return ".".join([*parts, *["0"] * (3 - len(parts))]) + separator + rest


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]*", text):
        raise ValueError(f'Invalid character(s) found in {name} number "{text}"')
    if len(text) > 1 and text[0] == "0":
        raise ValueError(f'{name.capitalize()} number must not contain leading zeroes "{text}"')
    if not text:
        raise ValueError('strconv.ParseUint: parsing "": invalid syntax')
    return min(_unsigned(text), _LARGEST_KEPT)


def _unsigned(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or int(digits) > _LARGEST:
        raise ValueError(f'strconv.ParseUint: parsing "{digits}": value out of range')
    return int(digits)


def _check_pre(text: str) -> None:
    if not text:
        raise ValueError("Prerelease is empty")
    if re.fullmatch("[0-9]+", text):
        if len(text) > 1 and text[0] == "0":
            raise ValueError(f'Numeric PreRelease version must not contain leading zeroes "{text}"')
        _unsigned(text)
    elif not _is_word(text):
        raise ValueError(f'Invalid character(s) found in prerelease "{text}"')


def _is_word(text: str) -> bool:
    return re.fullmatch("[0-9A-Za-z-]+", text) is not None
