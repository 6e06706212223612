"""Go's durations: ``1m30s`` to seconds, and seconds to what Go prints."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")


def seconds(text: str | None, default: float = 0.0) -> float:
    """How long a duration is; ``default`` for none, or for what is none."""
    parts = _PART.findall(text or "")
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else default


def spoken(duration: float) -> str:
    """A duration as Go's ``time.Duration`` prints it: ``10m0s``, ``1.25s``, ``35ms``."""
    if duration <= 0:
        return "0s"
    if duration < 1:
        return f"{_short(duration * 1000)}ms" if duration >= 0.001 else f"{_short(duration * 1e6)}µs"
    minutes, rest = divmod(duration, 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{_short(rest)}s"


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
