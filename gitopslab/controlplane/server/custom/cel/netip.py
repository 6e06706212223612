"""Addresses as Go's ``net/netip`` reads them, for the words in which it refuses one.

``opaque`` reads addresses and ranges so. What is fine is left to Python's ``ipaddress``. Upstream: ``ParseAddr`` and
``ParsePrefix``.
"""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LARGEST_OCTET, _LARGEST_FIELD, _BYTES_OF_V6 = 255, 0xFFFF, 16
_HEX = re.compile("[0-9a-fA-F]*")


def address(text: str) -> Address:
    """An address, perhaps with a zone.

    Raises:
        ValueError: It is none; the message is Go's.
    """
    problem = _problem(text)
    if problem:
        what, at = problem
        raise ValueError(f'ParseAddr("{text}"): {what}' + (f' (at "{at}")' if at else ""))
    return ipaddress.ip_address(text)


def prefix(text: str) -> tuple[Address, int]:
    """A range: its address as it is written, and the length of its prefix.

    Raises:
        ValueError: It is none; the message is Go's.
    """
    given, slash, bits = text.rpartition("/")
    why = ""
    if not slash:
        why = "no '/'"
    else:
        try:
            found = address(given)
        except ValueError as error:
            why = str(error)
    if not why and "%" in given:
        why = "IPv6 zones cannot be present in a prefix"
    if not why and not re.fullmatch("0|[1-9][0-9]{0,2}", bits):
        why = f'bad bits after slash: "{bits}"'
    if not why and int(bits) > found.max_prefixlen:
        why = "prefix length out of range"
    if why:
        raise ValueError(f'netip.ParsePrefix("{text}"): {why}')
    return found, int(bits)


_Problem = tuple[str, str]


def _problem(text: str) -> _Problem | None:
    for character in text:
        if character == ".":
            return _problem_of_v4(text)
        if character == ":":
            return _problem_of_v6(text)
        if character == "%":
            return "missing IPv6 address", ""
    return "unable to parse IP", ""


def _problem_of_v4(text: str) -> _Problem | None:
    value = digits = dots = 0
    for at, character in enumerate(text):
        if character.isascii() and character.isdigit():
            if digits == 1 and value == 0:
                return "IPv4 field has octet with leading zero", ""
            value, digits = value * 10 + int(character), digits + 1
            if value > _LARGEST_OCTET:
                return "IPv4 field has value >255", ""
        elif character == ".":
            if at in (0, len(text) - 1) or text[at - 1] == ".":
                return "IPv4 field must have at least one digit", text[at:]
            if dots == 3:
                return "IPv4 address too long", ""
            value, digits, dots = 0, 0, dots + 1
        else:
            return "unexpected character", text[at:]
    return ("IPv4 address too short", "") if dots < 3 else None


def _problem_of_v6(text: str) -> _Problem | None:
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        return "zone must be a non-empty string", ""
    ellipsis, filled = False, 0
    if rest.startswith("::"):
        ellipsis, rest = True, rest[2:]
        if not rest:
            return None
    while filled < _BYTES_OF_V6:
        found = _HEX.match(rest)
        digits = found.group() if found is not None else ""
        if digits and int(digits, 16) > _LARGEST_FIELD:
            return "IPv6 field has value >=2^16", rest
        if not digits:
            return "each colon-separated field must have at least one digit", rest
        after = rest[len(digits) :]
        if after.startswith("."):
            return _problem_of_embedded(rest, filled, ellipsis=ellipsis)
        filled, rest = filled + 2, after
        if not rest:
            break
        if rest[0] != ":":
            return "unexpected character, want colon", rest
        if len(rest) == 1:
            return "colon must be followed by more characters", rest
        rest = rest[1:]
        if rest[0] == ":":
            if ellipsis:
                return "multiple :: in address", rest
            ellipsis, rest = True, rest[1:]
            if not rest:
                break
    if rest:
        return "trailing garbage after address", rest
    if filled < _BYTES_OF_V6 and not ellipsis:
        return "address string too short", ""
    return ("the :: must expand to at least one field of zeros", "") if filled == _BYTES_OF_V6 and ellipsis else None


def _problem_of_embedded(rest: str, filled: int, *, ellipsis: bool) -> _Problem | None:
    if not ellipsis and filled != 12:
        return "embedded IPv4 address must replace the final 2 fields of the address", rest
    if filled + 4 > _BYTES_OF_V6:
        return "too many hex fields to fit an embedded IPv4 at the end of the address", rest
    problem = _problem_of_v4(rest)
    return (problem[0], rest) if problem else None
