"""Dates, also where a zone carries them out of the years that Python knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS, _PERIOD = 400, timedelta(days=146_097)  # the calendar repeats itself
_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def local(microseconds: int, zone: tzinfo) -> tuple[int, datetime]:
    """The year of a moment since the epoch, and its date and time in that year or one just like it."""
    since = timedelta(microseconds=microseconds)
    periods = int(since < _FIRST - _EPOCH) - int(since > _LAST - _EPOCH)
    at = (_EPOCH + (since + periods * _PERIOD)).astimezone(zone)
    return at.year - periods * _YEARS, at
