"""How the ``argocd`` command prints: times, spans, columns and labels as Go has them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from gitopslab.machinery.clock import seconds_of


def moment(timestamp: str | None) -> str:
    """A time as Go prints it."""
    if not timestamp:
        return "<nil>"
    return datetime.datetime.fromtimestamp(seconds_of(timestamp), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def duration(seconds: float) -> str:
    """A span of whole seconds as Go prints it: ``1h2m3s``."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if whole >= 60 else "", f"{whole % 60}s"]
    return "".join(parts)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], title: str = "") -> str:
    """Columns two spaces apart, as the command prints them."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    text = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join([title, *text] if title else text)


def labelled(lines: Iterable[tuple[str, str]]) -> str:
    """Lines with a label of twenty letters."""
    return "\n".join(f"{label:<20}{text}".rstrip() for label, text in lines)
