"""Spans of time as GitLab reads them: ``1 hour 30 minutes``, ``3h20m``, ``90`` seconds, ``never`` left out.

GitLab uses the gem chronic_duration; its units and the lengths of its months and years are here.
"""

from __future__ import annotations

import re

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "dy", "day", "days"), _DAY),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * _DAY),
    **dict.fromkeys(("mo", "mos", "month", "months"), 30 * _DAY),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 31_557_600),
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_FILL = re.compile(r"\s*(?:,|\band\b|\bwith\b|\bplus\b|\s)\s*")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")


def seconds(text: str) -> float | None:
    """How long it is; None when it is no span of time, or none at all."""
    text = text.strip().lower()
    clock = _CLOCK.fullmatch(text)
    if clock:
        return int(clock[1] or 0) * _HOUR + int(clock[2]) * _MINUTE + float(clock[3]) or None
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        fill = None if part else _FILL.match(text, at)
        if part and (not part[2] or part[2] in _UNITS):
            total += float(part[1]) * (_UNITS[part[2]] if part[2] else 1)
        elif not fill or not fill.end() > at:
            return None
        at = part.end() if part else fill.end() if fill else at
    return total or None
