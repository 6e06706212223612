"""Texts that stand for values: quantities, times and base64, read with Go's rules and Go's error texts.

``typed`` calls it for each such field. Pure functions; arithmetic on quantities is ``machinery.quantity``'s.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from gitopslab.machinery.quantity import canonical

_SHORT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MINUTE = (
    ("2006", r"\d{4}"), ("-", "-"), ("01", r"\d\d"), ("-", "-"), ("02", r"\d\d"), ("T", "T"), ("15", r"\d\d?"),
    (":", ":"), ("04", r"\d\d"), (":", ":"),
)  # fmt: skip
_ZONE = ("Z07:00", r"Z|[+-]\d\d:\d\d")
_LAYOUT = (*_MINUTE, ("05", r"\d\d(?:[.,]\d+)?"), _ZONE)
_MICRO_LAYOUT = (*_MINUTE, ("05", r"\d\d"), (".000000", r"[.,]\d{6}"), _ZONE)
_TIME = "2006-01-02T15:04:05Z07:00"
_MICRO_TIME = "2006-01-02T15:04:05.000000Z07:00"
_QUANTITY = re.compile("([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_LONGEST_QUANTITY = 60
_LARGEST_EXPONENT = 27
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


@lru_cache(maxsize=4096)
def quantity(text: str) -> str:
    """The canonical spelling of a quantity, as it is written back.

    Simplified: exponents beyond 27 and texts beyond 60 characters are refused; the real server computes with them.

    Raises:
        ValueError: It is not one; the text is ``resource.ParseQuantity``'s.
    """
    text = text.strip()
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"quantities must match the regular expression '^{_QUANTITY.pattern}$'")
    exponent = match.group(2)[1:] if match.group(2)[:1] in ("e", "E") else ""
    if len(text) > _LONGEST_QUANTITY or match.group(1).count(".") > 1:
        raise ValueError("unable to parse numeric part of quantity")
    if exponent.lstrip("+-").isdigit() and abs(int(exponent)) > _LARGEST_EXPONENT:
        raise ValueError("unable to parse quantity's suffix")
    try:
        return canonical(text)
    except (ValueError, ArithmeticError):
        raise ValueError("unable to parse quantity's suffix") from None


@lru_cache(maxsize=4096)  # an object's own times come again with each of its writes
def canonical_time(text: str, *, micro: bool) -> str:
    """A ``metav1.Time`` or ``metav1.MicroTime`` in UTC, without or with six decimals; the latter is read only with six.

    Raises:
        ValueError: It is not RFC 3339; the text is ``time.Parse``'s.
    """
    if not micro and _SHORT_TIME.fullmatch(text):
        _moment(text)
        return text
    layout = _MICRO_TIME if micro else _TIME
    rest = text
    for element, pattern in _MICRO_LAYOUT if micro else _LAYOUT:
        match = re.match(pattern, rest)
        if match is None:
            raise ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"')
        rest = rest[match.end() :]
    if rest:
        raise ValueError(f'parsing time "{text}": extra text: "{rest}"')
    moment = _moment(text).astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds" if micro else "seconds") + "Z"


def _moment(text: str) -> datetime:
    try:
        # Python reads up to six decimals, Go nine.
        return datetime.fromisoformat(re.sub(r"[.,](\d{1,6})\d*", r".\1", text))
    except ValueError as error:
        part = str(error).partition(" ")[0]
        raise ValueError(f'parsing time "{text}": {part} out of range') from error


def base64_offset(text: str) -> int | None:
    """Where Go's decoder stops in a text that is not base64; None when only line breaks are in the way."""
    data = text.encode()
    kept = [(index, byte) for index, byte in enumerate(data) if byte not in b"\r\n"]
    for count, (index, byte) in enumerate(kept):
        if byte in _BASE64:
            continue
        if byte != ord("=") or count % 4 < 2:
            return index
        return _after_padding(data, kept[count:], first=count % 4 == 2)
    if len(kept) % 4:
        return len(data) - len(kept) % 4
    return None


def _after_padding(data: bytes, rest: list[tuple[int, int]], *, first: bool) -> int | None:
    if first:
        if len(rest) == 1:
            return len(data)
        if rest[1][1] != ord("="):
            return rest[1][0] - 1
    after = rest[1 + first :]
    return after[0][0] if after else None
