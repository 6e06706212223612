"""Texts: places in them, and how values are written.

``evaluation.functions`` gives them to expressions. Upstream: ``cel-go/ext/strings.go`` and ``ext/formatting.go``.

Simplified: numbers are written with 1100 decimals at most.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC
from decimal import Decimal
from typing import Any

from gitopslab.controlplane.server.custom.cel.calendar import local
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    SECOND,
    Duration,
    Opaque,
    Optional,
    Timestamp,
    TypeValue,
    type_name,
)

_CLAUSE = re.compile(r"%(?:%|(?:\.(?P<precision>\d+))?(?P<kind>.))", re.DOTALL)
_SUPERSCRIPT = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PRECISION = 6
_MOST_PRECISE = 1100  # no number has as many decimals that are not zero
_MOST_ITEMS = 1 << 20
ONLY = {
    "s": "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and"
         " timestamps",
    "d": "decimal clause can only be used on integers",
    "f": "fixed-point clause can only be used on doubles",
    "e": "scientific clause can only be used on doubles",
    "b": "only integers and bools can be formatted as binary",
    "x": "only integers, byte buffers, and strings can be formatted as hex",
    "o": "octal clause can only be used on integers",
}  # fmt: skip
"""What a clause of a format can show; upstream's words."""
ONLY["X"] = ONLY["x"]


def char_at(text: str, index: int) -> str:
    """The character at a place; empty right behind the last."""
    _check_index(text, index)
    return text[index : index + 1]


def substring(text: str, start: int, end: int | None = None) -> str:
    """A part of a text."""
    _check_index(text, start)
    if end is None:
        return text[start:]
    _check_index(text, end)
    if start > end:
        raise ValueError(f"invalid substring range. start: {start}, end: {end}")
    return text[start:end]


def index_of(text: str, wanted: str, start: int = 0) -> int:
    """Where something first is in a text; -1 where it is not."""
    if not wanted:
        return start
    if start < 0:
        raise ValueError(f"index out of range: {start}")
    return text.find(wanted, start)


def last_index_of(text: str, wanted: str, start: int | None = None) -> int:
    """Where something last is in a text; -1 where it is not."""
    if not wanted:
        return len(text) if start is None else start
    if start is not None and start < 0:
        raise ValueError(f"index out of range: {start}")
    if start is not None and start >= len(text):
        return -1
    end = len(text) if start is None else min(start + len(wanted), len(text))
    behind = text[::-1].find(wanted[::-1], len(text) - end)  # ``rfind`` can take a square of time, ``find`` does not
    return -1 if behind < 0 else len(text) - behind - len(wanted)


def _check_index(text: str, index: int) -> None:
    if not 0 <= index <= len(text):
        raise ValueError(f"index out of range: {index}")


def of_timestamp(value: Timestamp) -> str:
    """A moment, in the zone it was written in."""
    seconds, nanoseconds = divmod(value.nanoseconds, SECOND)
    year, at = local((seconds + value.offset) * 1_000_000, UTC)
    fraction = f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
    hours, minutes = divmod(abs(value.offset) // 60, 60)
    zone = f"{'-' if value.offset < 0 else '+'}{hours:02}:{minutes:02}" if value.offset else "Z"
    return f"{year:04}-{at:%m-%dT%H:%M:%S}{fraction}{zone}"


def of_duration(value: Duration) -> str:
    """A length of time in seconds."""
    whole, rest = divmod(abs(value.nanoseconds), SECOND)
    seconds = math.copysign(whole + rest / SECOND, value.nanoseconds)
    return f"{Decimal(repr(seconds)).normalize():f}s" if value.nanoseconds else "0s"


def extent(value: Any) -> tuple[int, int]:
    """How much a text has to show that shows a value with all that is in it, in items and characters; or too much."""
    waiting, items, characters = [value], 0, 0
    while waiting and items < _MOST_ITEMS:
        one = waiting.pop()
        items += 1
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, (str, bytes)):
            characters += len(one)
    return items + len(waiting), characters


def formatted(text: str, given: list[Any]) -> str:
    """``'%s is %d'.format([a, b])``."""
    values = iter(given)

    def put(clause: re.Match[str]) -> str:
        if clause.group() == "%%":
            return "%"
        try:
            value = next(values)
        except StopIteration:
            raise ValueError(f"index {len(given)} out of range") from None
        return _clause(clause["kind"], int(clause["precision"] or _PRECISION), value)

    return _CLAUSE.sub(put, text)


def _clause(kind: str, precision: int, value: Any) -> str:
    if precision > _MOST_PRECISE:
        raise ValueError(f"precision {precision} exceeds maximum allowed precision {_MOST_PRECISE}")
    match kind:
        case "s" if not isinstance(value, (Opaque, Optional)):
            return _text(value)
        case "d" if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case "f" if isinstance(value, float):
            return f"{value:,.{precision}f}" if math.isfinite(value) else _not_finite(value)
        case "e" if isinstance(value, float) and not math.isfinite(value):
            return _not_finite(value)
        case "e" if isinstance(value, float):
            mantissa, _, exponent = f"{value:.{_PRECISION}e}".partition("e")  # whatever precision is asked for
            return f"{mantissa}\N{MULTIPLICATION SIGN}10{exponent.removeprefix('+').translate(_SUPERSCRIPT)}"
        case "b" if isinstance(value, int):
            return f"{int(value):b}"
        case "o" if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:o}"
        case "x" | "X" if isinstance(value, (int, str, bytes)) and not isinstance(value, bool):
            shown = _hex(value)
            return shown.upper() if kind == "X" else shown
    if kind in ONLY:
        raise ValueError(f"error during formatting: {ONLY[kind]}, was given {type_name(value)}")
    raise ValueError(f'could not parse formatting clause: unrecognized formatting clause "{kind}"')


def _hex(value: int | str | bytes) -> str:
    if isinstance(value, int):
        return f"{value:x}"
    return (value.encode() if isinstance(value, str) else value).hex()


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "∞" if value > 0 else "-∞"


def _infinite(value: float) -> str:
    return "+Inf" if value > 0 else "-Inf"


def shortest(value: float) -> str:
    """As few digits as tell it from others, as Go's ``%g`` does."""
    if not math.isfinite(value):
        return _infinite(value) if math.isinf(value) else "NaN"
    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted()
    if -5 < exponent < _PRECISION or not value:
        return f"{exact:f}"
    digits = "".join(map(str, exact.as_tuple().digits))
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{'-' if value < 0 else ''}{mantissa}e{exponent:+03d}"


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case bytes():
            return value.decode("utf-8", "replace")
        case float():
            return shortest(value)
        case Timestamp():
            return of_timestamp(value._replace(offset=0))
        case Duration():
            return of_duration(value)
        case TypeValue():
            return value.name
        case list():
            return f"[{', '.join(map(_inner, value))}]"
        case dict():
            pairs = sorted(f"{_inner(name)}:{_inner(item)}" for name, item in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)


def _inner(value: Any) -> str:
    """A value inside of a list or map, as CEL would write it."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bool() | None | list():
            return _text(value)
        case dict() if not isinstance(value, Opaque):
            return _text(value)
        case bytes():
            return f'b"{_text(value)}"'
        case float():
            return f"{value:.{_PRECISION}f}" if math.isfinite(value) else f'"{shortest(value)}"'
        case Timestamp():
            return f'timestamp("{_text(value)}")'
        case Duration():
            return f'duration("{_text(value)}")'
        case Opaque() | Optional():
            raise ValueError(f"error during formatting: no formatting function for {type_name(value)}")
        case TypeValue():
            return value.name
    return str(value)
