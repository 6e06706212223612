"""What is asked of moments and lengths of time: ``getHours()``, ``getFullYear('Europe/Amsterdam')``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Does, Function
from gitopslab.controlplane.server.custom.cel.evaluation.values import SECOND, Duration, Timestamp

_ASKED: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda at: at.year,
    "getMonth": lambda at: at.month - 1,
    "getDayOfYear": lambda at: at.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda at: at.day - 1,
    "getDate": lambda at: at.day,
    "getDayOfWeek": lambda at: at.isoweekday() % 7,
    "getHours": lambda at: at.hour,
    "getMinutes": lambda at: at.minute,
    "getSeconds": lambda at: at.second,
    "getMilliseconds": lambda at: at.microsecond // 1000,
}
_UNITS = {
    "getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND, "getMilliseconds": SECOND // 1000,
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _at(value: Timestamp, zone: tzinfo = UTC) -> datetime:
    return (_EPOCH + timedelta(microseconds=value.nanoseconds // 1000)).astimezone(zone)


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    """A zone by its name, or so many hours and minutes from UTC."""
    hours, colon, minutes = name.partition(":")
    if not colon:
        try:
            return ZoneInfo(name) if name else UTC
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"unknown time zone {name}") from None
    for part in (hours, minutes):
        if not re.fullmatch("[+-]?[0-9]+", part):
            raise ValueError(f'strconv.Atoi: parsing "{part}": invalid syntax')
    sign = -1 if name.startswith("-") else 1
    return timezone(timedelta(minutes=int(hours) * 60 + sign * int(minutes)))


def _of(name: str, ask: Callable[[datetime], int]) -> Function:
    overloads: dict[tuple[type, ...], Does] = {
        (Timestamp,): lambda value: ask(_at(value)),
        (Timestamp, str): lambda value, zone: ask(_at(value, _zone(zone))),
    }
    if name in _UNITS:
        overloads[(Duration,)] = lambda value: _whole(value.nanoseconds, _UNITS[name])
    return Function(name, overloads, told="")


def _whole(nanoseconds: int, unit: int) -> int:
    found = abs(nanoseconds) // unit
    return found if nanoseconds >= 0 else -found


FUNCTIONS = tuple(_of(name, ask) for name, ask in _ASKED.items())
