"""Time, passed in and never patched.

Everything in the control plane asks a ``Clock`` for the time, so tests and lessons can jump hours in a moment.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, UTC."""

    def now(self) -> float:
        """The current time in seconds since the epoch."""
        ...


class Jumpable(Clock, Protocol):
    """A clock that somebody may move forward."""

    def jump(self, seconds: float) -> None:
        """Move forward by ``seconds``; going back is refused, because resource versions never do."""
        ...


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
        _must_be_forward(seconds)
        self._now += seconds


class LabClock:
    """A clock that runs by itself, and can be held, moved forward, and made to run faster or slower.

    Args:
        start: Where it begins, in seconds since the epoch; default the machine's time.
        speed: Its seconds in one second of the machine; 0 while it is held.
        machine: The machine's time.
    """

    def __init__(
        self, start: float | None = None, *, speed: float = 1.0, machine: Callable[[], float] = time.time
    ) -> None:
        self._machine = machine
        self._since = machine()
        self._then = self._since if start is None else start
        self._speed = speed

    @property
    def speed(self) -> float:
        """Its seconds in one second of the machine; 0 while it is held."""
        return self._speed

    def now(self) -> float:
        """The current time in seconds since the epoch."""
        return self._then + max(0.0, self._machine() - self._since) * self._speed

    def jump(self, seconds: float) -> None:
        """Move forward by ``seconds``; going back is refused, because resource versions never do."""
        _must_be_forward(seconds)
        self._then += seconds

    def run(self, speed: float) -> None:
        """Go on from now at another speed; 0 holds it."""
        self._then, self._since, self._speed = self.now(), self._machine(), speed

    def wait_for(self, moment: float) -> float:
        """How many seconds of the machine it takes until a moment comes; infinite while held."""
        left = max(0.0, moment - self.now())
        return left / self._speed if self._speed else (math.inf if left else 0.0)


def _must_be_forward(seconds: float) -> None:
    if seconds < 0:
        raise ValueError(f"the clock cannot go back {-seconds} s")


def timestamp(seconds: float) -> str:
    """``metav1.Time``: RFC 3339 in UTC with whole seconds, as in ``2026-01-01T00:00:00Z``."""
    return _second(int(seconds))


@lru_cache(maxsize=64)  # many things happen in one second
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(seconds: float) -> str:
    """``metav1.MicroTime``: RFC 3339 in UTC with six decimals, as Leases and Events use it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_of(text: str) -> float:
    """The epoch seconds of a ``metav1.Time`` or ``metav1.MicroTime``."""
    return datetime.fromisoformat(text).timestamp()
