"""Spans of time as a learner writes and reads them: ``90``, ``"10m30s"``, ``"14:03:12"``.

Used by ``embedded``; pure.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gitopslab.errors import LabError

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)([dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_DAY = 86_400.0


def seconds_of(span: str | float) -> float:
    """The seconds of a span.

    Raises:
        LabError: It is none, or nothing.
    """
    if isinstance(span, str):
        text = span.replace(" ", "")
        if not _SPAN.fullmatch(text):
            raise LabError(f"{span!r} is no span of time", 'write it as "90s", "10m" or "1h30m"')
        span = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not 0 < span < float("inf"):
        raise LabError(f"{span:g} seconds cannot pass", "time only goes forward")
    return float(span)


def ago_of(moment: str | float, now: float) -> float:
    """How long ago a moment is: a span, or the last time it was that time of day.

    Raises:
        LabError: It is neither.
    """
    if not isinstance(moment, str) or not _OF_DAY.fullmatch(moment):
        return seconds_of(moment)
    hour, minute, second = (*(int(part) for part in moment.split(":")), 0)[:3]
    today = datetime.fromtimestamp(now, UTC).replace(minute=0, second=0, microsecond=0)
    if hour > 23 or minute > 59 or second > 59:
        raise LabError(f"{moment!r} is no time of day", 'write it as "14:03:12"')
    then = today.replace(hour=hour, minute=minute, second=second).timestamp()
    # the whole second counts: what was written during it had happened by then
    return max(0.0, (now - then - 1) % _DAY if then >= now else now - then - 1)


def spoken_span(seconds: float) -> str:
    """A span in kubectl's form, as in ``1h``, ``2m30s`` or ``0.2s``."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    left, words = round(seconds), ""
    for unit, size in _UNITS.items():
        count, left = divmod(left, int(size))
        words += f"{count}{unit}" if count else ""
    return words
