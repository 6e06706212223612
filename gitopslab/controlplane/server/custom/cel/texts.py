"""Functions on texts where CEL's C++ library answers otherwise than ``cel-go``: positions, and ``format``.

``library`` gives them to expressions through ``substitutes``. Upstream: ``cel-go/ext/strings.go`` and
``ext/formatting.go``.

Simplified: numbers are written with 1100 decimals at most.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

_CLAUSE = re.compile(r"%(?:%|(?:\.(?P<precision>\d+))?(?P<kind>.))", re.DOTALL)
_SUPERSCRIPT = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PRECISION = 6
_MOST_PRECISE = 1100  # no number has as many decimals that are not zero


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


def index_of(given: Any, wanted: Any, start: int = 0) -> int:
    """Where something first is in a text or list; -1 where it is not."""
    if isinstance(given, list):
        return next((at for at, item in enumerate(given) if item == wanted), -1)
    if start < 0:
        raise ValueError(f"index out of range: {start}")
    return str(given).find(wanted, start)


def last_index_of(given: Any, wanted: Any, start: int | None = None) -> int:
    """Where something last is in a text or list; -1 where it is not."""
    if isinstance(given, list):
        return next((at for at in reversed(range(len(given))) if given[at] == wanted), -1)
    if start is not None and start < 0:
        raise ValueError(f"index out of range: {start}")
    if start is not None and start >= max(len(given), 1):
        return -1
    return str(given).rfind(wanted, 0, None if start is None else start + len(wanted))


def _check_index(text: str, index: int) -> None:
    if not 0 <= index <= len(text):
        raise ValueError(f"index out of range: {index}")


def milliseconds(value: Any) -> int:
    """Of a duration all of them, of a time those that follow its second."""
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return int(value.microsecond // 1000)


def written(value: Any) -> Any:
    """What ``string`` is to be called on; infinity is written otherwise in Go."""
    if isinstance(value, float) and math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return value


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
        case "s":
            return _text(value)
        case "d" if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case "f" if isinstance(value, float):
            return _decimal(value, precision)
        case "e" if isinstance(value, float):
            mantissa, _, exponent = f"{value:.{_PRECISION}e}".partition("e")  # whatever precision is asked for
            return f"{mantissa}\N{MULTIPLICATION SIGN}10{exponent.removeprefix('+').translate(_SUPERSCRIPT)}"
        case "b" if isinstance(value, int):
            return f"{int(value):b}"
        case "o" if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:o}"
        case "x" | "X":
            shown = _hex(value)
            return shown.upper() if kind == "X" else shown
    raise ValueError(f'could not parse formatting clause: unrecognized formatting clause "{kind}"')


def _hex(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:x}"
    return (value.encode() if isinstance(value, str) else bytes(value)).hex()


def _decimal(value: float, precision: int) -> str:
    return str(written(value)) if math.isinf(value) else f"{value:.{precision}f}"


def _shortest(value: float) -> str:
    """As few digits as tell it from others, as Go's ``%g`` does."""
    if not math.isfinite(value):
        return str(written(value)) if math.isinf(value) else "NaN"
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
        case bytes() | bytearray():
            return value.decode("utf-8", "replace")
        case float():
            return _shortest(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case timedelta():
            return f"{value.total_seconds():g}s"
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
        case bool() | None | list() | dict():
            return _text(value)
        case bytes() | bytearray():
            return f'b"{_text(value)}"'
        case float():
            return _decimal(value, _PRECISION)
        case datetime():
            return f'timestamp("{_text(value)}")'
        case timedelta():
            return f'duration("{_text(value)}")'
    return str(value)
