"""When a sync that failed is tried again. Source: ``RetryStrategy`` in ``pkg/apis/application/v1alpha1/types.go``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from gitopslab.errors import LabError
from gitopslab.machinery.cron import duration
from gitopslab.machinery.objects import Object

_FIRST, _FACTOR, _LONGEST = 5.0, 2, 180.0


class RetryError(LabError):
    """A back-off that cannot be read."""


def next_retry(retry: Object, last: float, count: int) -> float:
    """When to try again, in seconds since the epoch.

    Args:
        retry: The strategy of the operation.
        last: When it failed last.
        count: How often it was tried again so far.

    Raises:
        RetryError: A duration cannot be read.
    """
    backoff = retry.get("backoff") or {}
    first, longest = _seconds(backoff.get("duration"), _FIRST), _seconds(backoff.get("maxDuration"), _LONGEST)
    factor = backoff.get("factor")
    try:
        wait = first * float(_FACTOR if factor is None else factor) ** count
    except OverflowError:
        wait = longest
    return last + (min(wait, longest) if longest > 0 else wait)


def is_left(retry: Object, count: int) -> bool:
    """Whether there is another try; a limit below 0 is none."""
    limit = int(retry.get("limit") or 0)
    return limit < 0 or count < limit


def clock_time(moment: float) -> str:
    """A time as Go's ``time.Kitchen`` writes it: ``3:04PM``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%I:%M%p").removeprefix("0")


def _seconds(text: str | None, default: float) -> float:
    """A duration; a number without a unit is seconds."""
    if not text:
        return default
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return float(text)
    try:
        return duration(text)
    except ValueError:
        raise RetryError(f"unable to parse {text} as a duration") from None
