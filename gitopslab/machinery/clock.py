"""Time, passed in and never patched.

Everything in the control plane asks a ``Clock`` for the time, so tests and lessons can jump hours in a moment.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, UTC."""

    def now(self) -> float:
        """The current time in seconds since the epoch."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """The current time in seconds since the epoch."""
        return time.time()


class JumpableClock:
    """A clock that stands still until somebody jumps it.

    Args:
        start: Where it begins, in seconds since the epoch; default 1 January 2026.
    """

    def __init__(self, start: float = 1767225600.0) -> None:
        self._now = start

    def now(self) -> float:
        """The current time in seconds since the epoch."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Move forward by ``seconds``; going back is refused, because resource versions never do."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back {-seconds} s")
        self._now += seconds


def timestamp(seconds: float) -> str:
    """``metav1.Time``: RFC 3339 in UTC with whole seconds, as in ``2026-01-01T00:00:00Z``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(seconds: float) -> str:
    """``metav1.MicroTime``: RFC 3339 in UTC with six decimals, as Leases and Events use it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float:
    """The epoch seconds of a ``metav1.Time`` or ``metav1.MicroTime``."""
    return datetime.fromisoformat(text).timestamp()
