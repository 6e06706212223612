"""When sync windows let an Application sync. Cases: ``types_test.go`` of Argo CD."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gitopslab.gitops.argocd.windows import WindowError, can_sync, is_active, matching
from gitopslab.machinery.objects import Object

APP: Object = {
    "metadata": {"name": "web-prod"},
    "spec": {"destination": {"server": "https://kubernetes.default.svc", "name": "in-cluster", "namespace": "prod"}},
}
OPEN, CLOSED = "* * * * *", "0 3 * * *"


def _at(hour: int, minute: int = 30, day: int = 1) -> float:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC).timestamp()


NOW = _at(12)


def _window(kind: str, *, active: bool = True, **more: Any) -> Object:
    return {"kind": kind, "schedule": OPEN if active else CLOSED, "duration": "1h", "applications": ["*"], **more}


def _can(*windows: Object, manual: bool = False, started: float | None = None) -> bool:
    return can_sync(windows, APP, NOW, manual=manual, started=started)


def test_without_windows_an_application_may_sync() -> None:
    assert _can()


@pytest.mark.parametrize(
    ("windows", "by_itself", "by_hand"),
    [
        ([_window("allow")], True, True),
        ([_window("allow", active=False)], False, False),
        ([_window("allow", active=False, manualSync=True)], False, True),
        ([_window("allow"), _window("allow", active=False)], True, True),
        ([_window("deny")], False, False),
        ([_window("deny", manualSync=True)], False, True),
        ([_window("deny", active=False)], True, True),
        ([_window("deny"), _window("allow")], False, False),
        ([_window("deny", manualSync=True), _window("allow")], False, True),
        ([_window("deny", manualSync=True), _window("deny")], False, False),
        ([_window("deny", active=False), _window("allow")], True, True),
        ([_window("deny", active=False), _window("allow", active=False)], False, False),
        ([_window("allow", active=False, manualSync=True), _window("allow", active=False)], False, False),
    ],
)
def test_a_denial_counts_more_than_a_permission(windows: list[Object], by_itself: bool, by_hand: bool) -> None:
    assert (_can(*windows), _can(*windows, manual=True)) == (by_itself, by_hand)


@pytest.mark.parametrize(
    ("window", "started", "goes_on"),
    [
        ({"kind": "deny", "syncOverrun": True}, _at(11), True),
        ({"kind": "deny"}, _at(11), False),
        ({"kind": "deny", "syncOverrun": True}, _at(12, 10), False),
        ({"kind": "deny", "syncOverrun": True}, None, False),
        ({"kind": "allow", "syncOverrun": True, "schedule": "0 11 * * *"}, _at(11), True),
        ({"kind": "allow", "syncOverrun": True, "schedule": "0 11 * * *"}, _at(10), False),
        ({"kind": "allow", "schedule": "0 11 * * *"}, _at(11), False),
    ],
)
def test_a_sync_that_was_permitted_when_it_began_may_overrun(
    window: Object, started: float | None, goes_on: bool
) -> None:
    assert (
        _can({"schedule": "0 12 * * *", "duration": "1h", "applications": ["*"], **window}, started=started) is goes_on
    )


def test_all_closing_windows_have_to_let_it_overrun() -> None:
    windows = [{**_window("deny", syncOverrun=yes), "schedule": "0 12 * * *"} for yes in (True, False)]
    assert not _can(*windows, started=_at(11))


@pytest.mark.parametrize(
    ("window", "matches"),
    [
        ({"applications": ["web-*"]}, True),
        ({"applications": ["other", "web-prod"]}, True),
        ({"applications": ["other"]}, False),
        ({"namespaces": ["prod"]}, True),
        ({"namespaces": ["pr?d"]}, True),
        ({"namespaces": ["test"]}, False),
        ({"clusters": ["in-cluster"]}, True),
        ({"clusters": ["https://kubernetes.default.svc"]}, True),
        ({"clusters": ["other"]}, False),
        ({}, False),
        ({"applications": ["other"], "namespaces": ["prod"]}, True),
        ({"applications": ["other"], "clusters": ["other"], "namespaces": ["test"]}, False),
        ({"applications": ["web-*"], "namespaces": ["prod"], "andOperator": True}, True),
        ({"applications": ["web-*"], "namespaces": ["test"], "andOperator": True}, False),
        ({"applications": ["other"], "namespaces": ["prod"], "andOperator": True}, False),
        ({"applications": ["web-*"], "clusters": ["in-cluster"], "namespaces": ["prod"], "andOperator": True}, True),
        ({"clusters": ["other"], "namespaces": ["prod"], "andOperator": True}, False),
        ({"andOperator": True}, False),
    ],
)
def test_which_applications_a_window_is_about(window: Object, matches: bool) -> None:
    assert bool(matching([window], APP)) is matches


@pytest.mark.parametrize(
    ("schedule", "duration", "zone", "moment", "active"),
    [
        ("0 12 * * *", "1h", "", _at(12), True),
        ("0 12 * * *", "1h", "", _at(12, 0), False),
        ("0 12 * * *", "30m", "", _at(12, 29), True),
        ("0 12 * * *", "30m", "", _at(12, 30), False),
        ("0 12 * * *", "1h30m", "", _at(13, 29), True),
        ("0 23 * * *", "2h", "", _at(0, 30, 2), True),
        ("0 12 * * 5", "1h", "", _at(12), False),
        ("0 12 * * 4", "1h", "", _at(12), True),
        ("0 13 * * *", "1h", "Europe/Brussels", _at(12), True),
        ("0 12 * * *", "1h", "Europe/Brussels", _at(12), False),
        ("0 7 * * *", "1h", "America/New_York", _at(12), True),
        ("0 12 * * *", "1h", "Mars/Olympus", _at(12), True),
    ],
)
def test_when_a_window_is_open(schedule: str, duration: str, zone: str, moment: float, active: bool) -> None:
    assert is_active({"schedule": schedule, "duration": duration, "timeZone": zone}, moment) is active


@pytest.mark.parametrize(
    ("schedule", "duration", "said"),
    [
        ("* * * *", "1h", "cannot parse schedule '* * * *': expected exactly 5 fields, found 4: [* * * *]"),
        ("@daily", "1h", "cannot parse schedule '@daily': parser does not accept descriptors: @daily"),
        ("* * * * *", "1d", 'cannot parse duration \'1d\': time: unknown unit "d" in duration "1d"'),
    ],
)
def test_a_window_that_cannot_be_read_lets_nothing_through(schedule: str, duration: str, said: str) -> None:
    window = {**_window("allow"), "schedule": schedule, "duration": duration}
    with pytest.raises(WindowError) as caught:
        _can(window)
    assert caught.value.message == f"invalid sync windows: {said}"
