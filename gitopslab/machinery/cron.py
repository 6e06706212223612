"""Schedules of CronJobs: five fields, or a word such as ``@daily`` (``robfig/cron``'s standard parser).

Validation reads a schedule to refuse a wrong one in the parser's own words; the CronJob controller reads it to know
when to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_BOUNDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
_WORDS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_LONGEST = 2**63 / 1e9  # seconds; Go counts durations in nanoseconds
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a CronJob runs.

    Attributes:
        minutes: And ``hours``, ``days``, ``months``, ``weekdays`` (0 is Sunday): the values at which it runs.
        any_day: Whether the day of the month, or of the week, was ``*``; if neither was, either may match.
        every: Seconds between runs for ``@every``; then the fields are empty.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    every: float = 0.0


def parse(text: str) -> Schedule:
    """Read a schedule.

    Raises:
        ValueError: With the parser's words, which the API server passes on.
    """
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = text.partition(" ")[2].strip()
    if text.startswith("@"):
        return _word(text)
    fields = text.split()
    if len(fields) != len(_BOUNDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _field(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)
    )
    any_day = any(_is_star(part) for field in (fields[2], fields[4]) for part in field.split(","))
    return Schedule(minutes, hours, days, months, weekdays, any_day)


def next_run(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time after ``after`` at which a schedule is due, in the time zone of ``after``.

    A time that a clock change skips does not come, and one that it repeats comes twice, as with ``robfig/cron``. None
    when there is none within five years, as for 31 February.
    """
    if schedule.every:
        # Counted from a whole second, and never less than a second away.
        return datetime.fromtimestamp(int(after.timestamp()) + schedule.every, after.tzinfo)
    for days in range(5 * 366):
        day = after.date() + timedelta(days=days)
        if not _is_day(schedule, day):
            continue
        for hour in sorted(schedule.hours):
            if days == 0 and hour < after.hour:
                continue
            moments = (found for found in _moments(schedule, day, hour, after.tzinfo) if found > after.timestamp())
            first = min(moments, default=None)
            if first is not None:
                return datetime.fromtimestamp(first, after.tzinfo)
    return None


def _is_day(schedule: Schedule, day: date) -> bool:
    if day.month not in schedule.months:
        return False
    by_date, by_weekday = day.day in schedule.days, day.isoweekday() % 7 in schedule.weekdays
    return (by_date and by_weekday) if schedule.any_day else (by_date or by_weekday)


def _moments(schedule: Schedule, day: date, hour: int, zone: tzinfo | None) -> Iterator[float]:
    """The due times within one hour of the clock, in epoch seconds."""
    for minute in schedule.minutes:
        wall = datetime(day.year, day.month, day.day, hour, minute)
        for fold in (0, 1):
            moment = wall.replace(tzinfo=zone, fold=fold).timestamp()
            # There and back: a time that the clock skips comes back as another.
            if datetime.fromtimestamp(moment, zone).replace(tzinfo=None, fold=0) == wall:
                yield moment


def _word(text: str) -> Schedule:
    if text in _WORDS:
        return parse(_WORDS[text])
    if text.startswith("@every "):
        try:
            return Schedule(every=max(1.0, float(int(duration(text.removeprefix("@every "))))))
        except ValueError as error:
            raise ValueError(f"failed to parse duration {text}: {error}") from None
    raise ValueError(f"unrecognized descriptor: {text}")


def duration(text: str) -> float:
    """Seconds of a Go duration such as ``1h30m``.

    Raises:
        ValueError: It is none; with ``time.ParseDuration``'s words.
    """
    rest, seconds = text.removeprefix("-").removeprefix("+"), 0.0
    if rest == "0":
        return 0.0
    while rest:
        number = re.match(r"[0-9]*\.?[0-9]*", rest, re.ASCII)
        unit = re.match(r"[^0-9.]*", rest[number.end() :]) if number is not None else None
        if number is None or unit is None or not number[0].strip("."):
            break
        if not unit[0]:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit[0] not in _UNITS:
            raise ValueError(f'time: unknown unit "{unit[0]}" in duration "{text}"')
        seconds += float(number[0]) * _UNITS[unit[0]]
        rest = rest[number.end() + unit.end() :]
    if rest or not text or seconds >= _LONGEST or not text.strip("+-"):
        raise ValueError(f'time: invalid duration "{text}"')
    return -seconds if text.startswith("-") else seconds


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    return frozenset(number for part in text.split(",") if part for number in _range(part, low, high, names))


def _is_star(text: str) -> bool:
    """Whether a part of a field leaves every value open; one with a step does not."""
    span, _, step = text.partition("/")
    return span.startswith(("*", "?")) and step in ("", "1")


def _range(text: str, low: int, high: int, names: dict[str, int]) -> range:
    span, *steps = text.split("/")
    first, *rest = span.split("-")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, names)
        if len(rest) > 1:
            raise ValueError(f"too many hyphens: {text}")
        end = _number(rest[0], names) if rest else start
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _number(steps[0], {}) if steps else 1
    if steps and not rest and first not in ("*", "?"):
        end = high
    if start < low:
        raise ValueError(f"beginning of range ({start}) below minimum ({low}): {text}")
    if end > high:
        raise ValueError(f"end of range ({end}) above maximum ({high}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step)


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
