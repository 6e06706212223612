"""What is asked of moments and lengths of time: ``getHours()``, ``getFullYear('Europe/Amsterdam')``.

Simplified: a zone of a day or more from UTC is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gitopslab.controlplane.server.custom.cel.calendar import local
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Does, Function
from gitopslab.controlplane.server.custom.cel.evaluation.values import SECOND, Duration, Timestamp

_ASKED: dict[str, Callable[[datetime], int]] = {
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
_DAY = 24 * 60
_DIGITS = 19  # as many as a number of 64 bits has


def _year(value: Timestamp, zone: str = "") -> int:
    return local(value.nanoseconds // 1000, _zone(zone))[0]


def _at(value: Timestamp, zone: str = "") -> datetime:
    return local(value.nanoseconds // 1000, _zone(zone))[1]


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
        if len(part.lstrip("+-0")) > _DIGITS:
            raise ValueError(f'strconv.Atoi: parsing "{part}": value out of range')
    offset = int(hours) * 60 + (-int(minutes) if name.startswith("-") else int(minutes))
    if abs(offset) >= _DAY:
        raise ValueError(f"unknown time zone {name}")
    return timezone(timedelta(minutes=offset))


def _of(name: str, ask: Callable[[datetime], int]) -> Function:
    overloads: dict[tuple[type, ...], Does] = {
        (Timestamp,): lambda value: ask(_at(value)),
        (Timestamp, str): lambda value, zone: ask(_at(value, zone)),
    }
    if name in _UNITS:
        overloads[(Duration,)] = lambda value: _whole(value.nanoseconds, _UNITS[name])
    return Function(name, overloads, told="")


def _whole(nanoseconds: int, unit: int) -> int:
    found = abs(nanoseconds) // unit
    return found if nanoseconds >= 0 else -found


FUNCTIONS = (
    Function("getFullYear", {(Timestamp,): _year, (Timestamp, str): _year}, told=""),
    *(_of(name, ask) for name, ask in _ASKED.items()),
)
