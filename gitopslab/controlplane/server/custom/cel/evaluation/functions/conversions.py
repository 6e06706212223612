"""What makes a value of one type out of one of another: ``int('1')``, ``string(3.5)``, ``duration('90m')``.

Upstream: ``ConvertToType`` of ``cel-go/common/types``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from gitopslab.controlplane.server.custom.cel import opaque, texts
from gitopslab.controlplane.server.custom.cel.evaluation.functions.arithmetic import moment, unsigned, whole
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Function
from gitopslab.controlplane.server.custom.cel.evaluation.values import (
    LARGEST_INT,
    LARGEST_UINT,
    SECOND,
    Duration,
    Timestamp,
    TypeValue,
    Uint,
    type_name,
)

_WHOLE, _UNSIGNED = re.compile(r"[+-]?[0-9]+"), re.compile(r"[0-9]+")
_DOUBLE = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:Z|(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d))", re.ASCII
)
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip
_MOST_HOURS, _MOST_MINUTES = 24, 60  # from UTC, as Go's ``time`` has it
_DIGITS = 20  # more than any number of nanoseconds has
_EPOCH = datetime(1970, 1, 1)


def _reading(read: Callable[[str], Any], wanted: str) -> Callable[[str], Any]:
    """What reads a text, or says that it is none such."""

    def convert(text: str) -> Any:
        found = read(text)
        if found is None:
            raise ValueError(f"type conversion error from 'string' to '{wanted}'")
        return found

    return convert


def _int_of(text: str) -> int | None:
    fits = _WHOLE.fullmatch(text) and len(text) < 25 and -LARGEST_INT - 1 <= int(text) <= LARGEST_INT
    return int(text) if fits else None


def _uint_of(text: str) -> Uint | None:
    fits = _UNSIGNED.fullmatch(text) and len(text) < 25 and int(text) <= LARGEST_UINT
    return Uint(text) if fits else None


def _double_of(text: str) -> float | None:
    found = float(text) if _DOUBLE.fullmatch(text) else None
    is_too_large = found is not None and math.isinf(found) and "n" not in text.lower()
    return None if is_too_large else found


def _bool_of(text: str) -> bool | None:
    return text in _TRUE if text in _TRUE or text in _FALSE else None


def _timestamp_of(text: str) -> Timestamp | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found[1]) - _EPOCH
    except ValueError:
        return None
    hours, minutes = int(found["hours"] or 0), int(found["minutes"] or 0)
    if hours > _MOST_HOURS or minutes > _MOST_MINUTES:
        return None
    offset = (hours * 3600 + minutes * 60) * (-1 if found["sign"] == "-" else 1)
    seconds = at.days * 86400 + at.seconds - offset
    return moment(seconds * SECOND + int(((found[2] or "") + "000000000")[:9]), offset)


def duration_of(text: str) -> Duration | None:
    """A length of time as Go writes it; None when it is none."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return Duration(0)
    total, at = 0, 0
    while at < len(rest) or not at:
        part = _LENGTH.match(rest, at)
        if part is None:
            return None
        total, at = total + _nanoseconds(part[1], part[2]), part.end()
    return Duration(sign * total) if total <= LARGEST_INT else None


def _nanoseconds(amount: str, unit: str) -> int:
    """So much of a unit; of its digits only those that can matter."""
    before, _, after = amount.partition(".")
    before, after = before.lstrip("0")[:_DIGITS] or "0", after[:_DIGITS].ljust(_DIGITS, "0")
    return int(before) * _UNITS[unit] + int(after) * _UNITS[unit] // int("1" + "0" * _DIGITS)


def _from_double(value: float) -> int:
    if not -float(1 << 63) < value < float(1 << 63):
        raise ValueError("integer overflow")
    return int(value)


def _unsigned_from_double(value: float) -> Uint:
    if not 0 <= value < float(1 << 64):
        raise ValueError("unsigned integer overflow")
    return Uint(int(value))


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError("invalid UTF-8 in bytes, cannot convert to string") from None


FUNCTIONS = (
    Function("bool", {(bool,): bool, (str,): _reading(_bool_of, "bool")}),
    Function("bytes", {(bytes,): bytes, (str,): lambda text: text.encode()}),
    Function(
        "double", {(float,): float, (int,): float, (Uint,): float, (str,): _reading(_double_of, "double")}
    ),
    Function("duration", {
        (Duration,): lambda value: value, (str,): _reading(duration_of, "google.protobuf.Duration"),
        (int,): Duration,
    }),
    Function("dyn", {}, otherwise=lambda meter, value: value),
    Function("int", {
        (int,): int, (Uint,): lambda value: whole(int(value)), (float,): _from_double,
        (str,): _reading(_int_of, "int"), (Timestamp,): lambda value: value.nanoseconds // SECOND,
        (Duration,): lambda value: value.nanoseconds,
    }),
    Function("string", {
        (str,): str, (int,): str, (Uint,): lambda value: str(int(value)), (float,): texts.shortest,
        (bool,): lambda value: "true" if value else "false", (bytes,): _decoded, (Timestamp,): texts.of_timestamp,
        (Duration,): texts.of_duration, (opaque.IP,): opaque.written, (opaque.CIDR,): opaque.written,
    }),
    Function("timestamp", {
        (Timestamp,): lambda value: value, (int,): lambda value: moment(value * SECOND),
        (str,): _reading(_timestamp_of, "google.protobuf.Timestamp"),
    }),
    Function("type", {}, otherwise=lambda meter, value: TypeValue(type_name(value))),
    Function("uint", {
        (Uint,): Uint, (int,): unsigned, (float,): _unsigned_from_double, (str,): _reading(_uint_of, "uint"),
    }),
)  # fmt: skip
