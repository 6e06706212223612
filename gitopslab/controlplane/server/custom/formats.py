"""The formats a schema may ask of a text, as the API server checks them.

Called by ``values`` and, to find out which formats are known at all, by ``definitions``. Upstream:
``kube-openapi/pkg/validation/strfmt`` and ``apiserver/validation/formats.go``.

Simplified: the real server takes ``email`` and ``hostname`` a little more liberally (display names, symbols).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from gitopslab.machinery.objects import Object

_NUMBER_FORMATS = {"integer": ("int32", "int64"), "number": ("float", "double")}
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?%s-?%s-?[0-9a-f]{12}"
_PATTERNS = {
    "uuid": _UUID % ("[0-9a-f]{4}", "[0-9a-f]{4}"),
    "uuid3": _UUID % ("3[0-9a-f]{3}", "[0-9a-f]{4}"),
    "uuid4": _UUID % ("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "uuid5": _UUID % ("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "hexcolor": r"#?([0-9a-f]{3}|[0-9a-f]{6})",
    "rgbcolor": r"rgb\(\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*(,\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)",
    "ssn": r"\d{3}[- ]?\d{2}[- ]?\d{4}",
    "mac": r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}",
    "bsonobjectid": r"[0-9a-f]{24}",
    "hostname": r"[^\W_]([^\W_]|-(?!\.|$)){0,62}(\.[^\W_]([^\W_]|-(?!\.|$)){0,62})*",
    "email": r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+",
    "k8sshortname": r"(?-i:[a-z0-9]([-a-z0-9]*[a-z0-9])?)",
    "k8slongname": r"(?-i:[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)",
}
_LONGEST = {"hostname": 255, "k8sshortname": 63, "k8slongname": 253}
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(.\d+)?(z|[+-]\d{2}:\d{2})", re.ASCII)
_GO_DURATION = re.compile(r"[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WORDED = re.compile(r"(\d+)\s*([A-Za-zµ]+)", re.ASCII)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS = {
    "ns": ("ns", "nano"), "us": ("us", "µs", "micro"), "ms": ("ms", "milli"), "s": ("s", "sec"), "m": ("m", "min"),
    "h": ("h", "hr", "hour"), "d": ("d", "day"), "w": ("w", "wk", "week"),
}  # fmt: skip


def is_known_format(name: str) -> bool:
    """Whether the API server checks this format of a text; dashes in its name do not count."""
    return name.replace("-", "") in _CHECKS


def unrecognized(schema: Object) -> Iterator[str]:
    """The formats in a schema that mean nothing for their type, in the order they are met."""
    given, kind = schema.get("format") or "", schema.get("type") or ""
    if given and not is_format_of(kind, given):
        yield given
    below: list[Any] = [schema.get("items")]
    for word in ("allOf", "anyOf", "oneOf"):
        below += schema.get(word) or ()
    below += [schema.get("not"), *(schema.get("properties") or {}).values(), schema.get("additionalProperties")]
    for one in below:
        if isinstance(one, dict):
            yield from unrecognized(one)


def is_format_of(kind: str, name: str) -> bool:
    """Whether a format means something for a type; an empty type may be a text."""
    return (kind in ("", "string") and is_known_format(name)) or name in _NUMBER_FORMATS.get(kind, ())


def is_format(name: str, value: str) -> bool:
    """Whether a text has a format; every text has one that nobody knows."""
    check = _CHECKS.get(name.replace("-", ""))
    return check is None or check(value)


def duration(text: str) -> timedelta:
    """A duration as Go writes it (``1h30m``), or in words (``2 days``).

    Raises:
        ValueError: It is neither.
    """
    if _GO_DURATION.fullmatch(text):
        total = sum(float(count) * _SECONDS[_ascii(unit)] for count, unit in _PART.findall(text))
        return timedelta(seconds=-total if text.startswith("-") else total)
    found = [(int(count), _unit(word.lower())) for count, word in _WORDED.findall(text)]
    if not any(unit for _, unit in found):
        raise ValueError(f"unable to parse {text} as duration")
    return timedelta(seconds=sum(count * _SECONDS[unit] for count, unit in found if unit))


def _ascii(unit: str) -> str:
    return unit.replace("µ", "u").replace("μ", "u")


def _unit(word: str) -> str:
    for unit, names in _UNITS.items():
        if word in names or word.startswith(names[-1]):
            return unit
    return ""


def _pattern(name: str) -> Callable[[str], bool]:
    pattern = re.compile(_PATTERNS[name], re.IGNORECASE)
    longest = _LONGEST.get(name, 1 << 20)
    return lambda value: len(value) <= longest and pattern.fullmatch(value) is not None


def _parses(read: Callable[[str], object]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            read(value)
        except (ValueError, OverflowError):
            return False
        return True

    return check


def _is_date(value: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) is not None and _parses(date.fromisoformat)(value)


def _is_date_time(value: str) -> bool:
    day, _, time = value.lower().partition("t")
    match = _TIME.fullmatch(time)
    return match is not None and _is_date(day) and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(value)


def _is_uri(value: str) -> bool:
    """What Go's ``url.ParseRequestURI`` takes: an absolute address or a path."""
    if not value or any(character <= " " or character == "\x7f" for character in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return value.startswith("/") or bool(parts.scheme)


def _is_luhn(value: str) -> bool:
    digits = [int(character) for character in value if character.isdigit()]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    return 12 < len(digits) < 20 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_isbn10(value: str) -> bool:
    text = re.sub(r"[\s-]+", "", value)
    if not re.fullmatch(r"\d{9}[\dX]", text, re.ASCII):
        return False
    return sum((at + 1) * (10 if digit == "X" else int(digit)) for at, digit in enumerate(text)) % 11 == 0


def _is_isbn13(value: str) -> bool:
    text = re.sub(r"[\s-]+", "", value)
    return re.fullmatch(r"\d{13}", text, re.ASCII) is not None and (
        sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(text)) % 10 == 0
    )


_CHECKS: dict[str, Callable[[str], bool]] = {
    **{name: _pattern(name) for name in _PATTERNS},
    "uri": _is_uri,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": lambda value: "/" in value and _parses(lambda text: ipaddress.ip_network(text, strict=False))(value),
    "isbn": lambda value: _is_isbn10(value) or _is_isbn13(value),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_luhn,
    "byte": _is_base64,
    "password": lambda value: True,
    "date": _is_date,
    "datetime": _is_date_time,
    "duration": _parses(duration),
}
