"""Git is asked in other threads: while that takes its time, a sync and a refresh do not take it from each other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE, REFRESH
from gitopslab.gitops.work import Outcome
from gitopslab.machinery.clock import JumpableClock


class Later:
    """Work that is done when a test says so; like ``Pool``, it knows one piece a request."""

    def __init__(self) -> None:
        self.done = 0
        self._going: dict[tuple[str, Request], tuple[Hashable, Callable[[], Any], Outcome[Any] | None]] = {}

    def ask(self, who: str, request: Request, what: Hashable, do: Callable[[], Any]) -> Outcome[Any] | None:
        key = (who, request)
        known = self._going.get(key)
        if known is None or known[0] != what:
            self._going[key] = (what, do, None)
            return None
        if known[2] is not None:
            del self._going[key]
        return known[2]

    def finish(self) -> list[tuple[str, Request]]:
        """Do what was asked for; who is to be asked again."""
        waiting = [(key, piece) for key, piece in self._going.items() if piece[2] is None]
        for key, (what, do, _) in waiting:
            self.done += 1
            try:
                self._going[key] = (what, do, Outcome(do()))
            except LabError as error:
                self._going[key] = (what, do, Outcome(error=error))
        return [key for key, _ in waiting]


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def plane(clock: JumpableClock, later: Later) -> Iterator[ControlPlane]:
    """A bare cluster whose controllers wait for Git."""
    built = ControlPlane(clock, bare=True, work=later)
    built.settle()
    yield built
    built.close()


def act(argo: Argo, later: Later) -> None:
    """Have everything done that is asked for, and what follows from it."""
    for _ in range(20):
        argo.plane.settle()
        told = later.finish()
        if not told:
            return
        for who, request in told:
            argo.plane.manager.ask(who, request)
    raise AssertionError("it never comes to an end")


def test_a_sync_to_another_commit_and_a_refresh_both_come_to_an_end(argo: Argo, project: Project, later: Later) -> None:
    project.commit({"a.yaml": config_map("a", x="0")})
    argo.application(project.url)
    act(argo, later)
    old = project.commit({"a.yaml": config_map("a", x="1")})
    project.commit({"a.yaml": config_map("a", x="2")})
    before = later.done
    patch = {"metadata": {"annotations": {REFRESH: "hard"}}, "operation": {"sync": {"revision": old}}}
    argo.api.patch(APPLICATIONS, "app", patch, NAMESPACE)
    act(argo, later)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert REFRESH not in argo.get()["metadata"].get("annotations", {})
    assert argo.status()["sync"] | {"comparedTo": None} == {
        "status": "OutOfSync",
        "revision": project.head,
        "comparedTo": None,
    }
    assert later.done - before <= 5


def test_a_commit_is_asked_for_once_by_a_sync_of_many_steps(argo: Argo, project: Project, later: Later) -> None:
    waves = {"argocd.argoproj.io/sync-wave": "1"}
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b", annotations=waves)})
    argo.application(project.url)
    act(argo, later)
    before = later.done
    argo.api.patch(APPLICATIONS, "app", {"operation": {"sync": {}}}, NAMESPACE)
    for _ in range(3):
        act(argo, later)
        argo.advance(3)
    assert (argo.operation() or ("",))[0] == "Succeeded"
    assert later.done - before <= 3
