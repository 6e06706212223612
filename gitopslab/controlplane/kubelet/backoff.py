"""How long a kubelet waits after failures, and how it writes a length of time.

``containers`` uses both. All pure. Upstream: ``client-go/util/flowcontrol`` (back-off) and Go's ``time.Duration``.
"""

from __future__ import annotations

_FIRST = 10.0
_MOST = 300.0


def delay(times: int) -> float:
    """The wait after so many failures in a row: none, 10 s, doubling up to five minutes."""
    return min(_FIRST * 2.0 ** min(times - 1, 16), _MOST) if times > 0 else 0.0


def duration(seconds: float) -> str:
    """A length of time as Go prints it: ``412ms``, ``1.2s``, ``1m20s``."""
    thousandths = round(seconds * 1000)
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
