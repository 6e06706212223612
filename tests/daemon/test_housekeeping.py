"""Old events and old history go by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from builders import config_map

from gitopslab.controlplane.daemon import housekeeping
from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.housekeeping import EVENT_TTL, tidy
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import name_of


def event(name: str) -> dict[str, Any]:
    about = {"kind": "ConfigMap", "namespace": "default", "name": "a", "apiVersion": "v1"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": about,
        "reason": "Tested",
        "message": "said",
        "type": "Normal",
    }


def names(plane: ControlPlane) -> list[str]:
    return [name_of(found) for found in plane.api.list("events", "default") if found.get("reason") == "Tested"]


def test_an_event_goes_an_hour_after_it_was_last_written(plane: ControlPlane, clock: JumpableClock) -> None:
    for name in ("once", "again"):
        plane.api.create(event(name))
    clock.jump(EVENT_TTL - 1)
    plane.api.patch("events", "again", {"count": 2}, "default")
    list(tidy(plane))
    assert names(plane) == ["again", "once"]
    clock.jump(2)
    list(tidy(plane))
    assert names(plane) == ["again"]


def test_of_too_many_events_the_oldest_go(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "MOST_EVENTS", 2)
    for name in "cba":
        plane.api.create(event(name))
    list(tidy(plane))
    assert names(plane) == ["a", "b"]


def test_history_is_dropped_in_steps_and_the_present_stays(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "HISTORY", 10)
    monkeypatch.setattr(housekeeping, "_STEP", 20)
    plane.api.create(config_map("kept"))
    plane.api.create(config_map("busy"))
    for number in range(50):
        plane.api.patch("configmaps", "busy", {"data": {"n": str(number)}}, "default")
    steps = len(list(tidy(plane)))
    assert steps > 1
    assert plane.store.compacted == plane.store.revision - 10
    assert plane.api.get("configmaps", "kept", "default")["data"] == {}


def test_history_that_takes_too_much_room_is_halved_until_it_fits(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "MOST_BYTES", 3_000_000)
    monkeypatch.setattr(housekeeping, "_SHORT", 5)
    plane.api.create(config_map("busy"))
    for number in range(80):
        plane.api.patch("configmaps", "busy", {"data": {"n": f"{number}" * 50_000}}, "default")
    assert plane.store.size > 3_000_000
    list(tidy(plane))
    assert plane.store.size <= 3_000_000
    assert 5 < plane.store.revision - plane.store.compacted < 80
