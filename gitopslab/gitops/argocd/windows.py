"""Sync windows of an AppProject: when Applications may sync, and when not.

An active ``deny`` forbids; else an active ``allow`` permits; else, where there are ``allow`` windows and none is
active, it is forbidden. Source: ``SyncWindows`` in ``pkg/apis/application/v1alpha1/types.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.glob import matches
from gitopslab.machinery import cron
from gitopslab.machinery.objects import Object, name_of


class WindowError(LabError):
    """A window that cannot be read."""


def can_sync(windows: Iterable[Object], app: Object, now: float, *, manual: bool, started: float | None = None) -> bool:
    """Whether an Application may sync now.

    Args:
        windows: ``spec.syncWindows`` of its project.
        app: The Application.
        now: Seconds since the epoch.
        manual: Whether somebody asked for it; ``manualSync`` lets him.
        started: When a sync that goes on began; ``syncOverrun`` lets it go on.

    Raises:
        WindowError: A schedule or a duration cannot be read.
    """
    return _permits(matching(windows, app), now, manual=manual, started=started)


def matching(windows: Iterable[Object], app: Object) -> list[Object]:
    """The windows that are about an Application: by its name, its cluster or its namespace, or with all of these."""
    return [window for window in windows if _is_about(window, app)]


def is_active(window: Object, now: float) -> bool:
    """Whether a window is open.

    Raises:
        WindowError: Its schedule or its duration cannot be read.
    """
    schedule, duration = window.get("schedule", ""), window.get("duration", "")
    try:
        due = _schedule(schedule)
    except ValueError as error:
        raise WindowError(f"invalid sync windows: cannot parse schedule '{schedule}': {error}") from error
    try:
        length = cron.duration(duration)
    except ValueError as error:
        raise WindowError(f"invalid sync windows: cannot parse duration '{duration}': {error}") from error
    # The clock on the wall there, read as if it were UTC: what a change of the clock skips is not skipped here.
    wall = datetime.fromtimestamp(now, _zone(window)).replace(tzinfo=UTC)
    opens = cron.next_run(due, wall - timedelta(seconds=length))
    return opens is not None and opens < wall


def _schedule(text: str) -> cron.Schedule:
    if text.startswith("@"):
        raise ValueError(f"parser does not accept descriptors: {text}")
    return cron.parse(text)


def _zone(window: Object) -> tzinfo:
    try:
        return ZoneInfo(window.get("timeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _all(windows: Iterable[Object], field: str) -> bool:
    return all(window.get(field) for window in windows)


def _permits(windows: list[Object], now: float, *, manual: bool, started: float | None) -> bool:
    active = [window for window in windows if is_active(window, now)]
    closing = [window for window in active if window.get("kind") == "deny"]
    if not closing and not any(window.get("kind") == "allow" for window in active):
        closing = [window for window in windows if window.get("kind") == "allow"]
    elif not closing:
        return True
    if not closing or (manual and _all(closing, "manualSync")):
        return True
    # A sync that began when it was permitted may go on.
    overruns = started is not None and _all(closing, "syncOverrun")
    return overruns and _permits(windows, started or 0.0, manual=manual, started=None)


def _is_about(window: Object, app: Object) -> bool:
    destination = app["spec"].get("destination") or {}
    places = [text for text in (destination.get("name"), destination.get("server")) if text]
    asked = [
        (window.get("applications"), [name_of(app)]),
        (window.get("clusters"), places),
        (window.get("namespaces"), [destination.get("namespace") or ""]),
    ]
    said = [
        any(matches(pattern, text) for pattern in patterns for text in texts) for patterns, texts in asked if patterns
    ]
    return bool(said) and (all(said) if window.get("andOperator") else any(said))
