"""Keeps one pod of a DaemonSet on every node that suits it.

The manager calls it when a DaemonSet, one of its pods or a node changed. It keeps the template's history, creates and
deletes pods as ``daemons`` says, takes the next step of a rolling update, and writes the counts. Each pod is meant
for one node; putting it there is the scheduler's work, as for any pod.

Upstream: ``pkg/controller/daemon``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Literal

from gitopslab.controlplane.controllers import daemons
from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.history import POD_LABEL, Revisions, Wanted, template_data
from gitopslab.controlplane.controllers.podcontrol import PodControl
from gitopslab.controlplane.controllers.podstate import next_availability
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_controller, by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    controller_of,
    is_terminating,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.template_hash import template_hash

_FAILED_BACKOFF = (1.0, 15 * 60.0)  # seconds before a failed pod of the same node is deleted again: first, and at most


class DaemonSetController:
    """Reconciles DaemonSets."""

    name = "daemonset-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._pod_control = PodControl(api, self._recorder)
        self._daemon_sets = manager.informer("daemonsets.apps")
        self._pods = manager.informer("pods")
        self._nodes = manager.informer("nodes")
        self._revisions = Revisions(api, manager.informer("controllerrevisions.apps"))
        self._failures = Backoff(clock)
        self.sources: tuple[Source, ...] = (
            Source("daemonsets.apps"),
            Source("pods", owners_of_kind("DaemonSet", self._daemon_sets), previous=True),
            Source("nodes", self._on_node),
        )

    def reconcile(self, request: Request) -> Result:
        """Bring pods to the nodes that suit, one step nearer to the present template, and count them."""
        daemon_set = self._daemon_sets.get(request.name, request.namespace)
        if daemon_set is None or is_terminating(daemon_set):
            return DONE
        if daemon_set["spec"].get("selector") == {}:
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self._recorder.event(daemon_set, "Warning", "SelectingAll", message)
            return DONE
        known = [self._with_hash(revision) for revision in self._revisions.of(daemon_set)]
        current = self._current(daemon_set, known)
        revision_hash = labels_of(current)[POD_LABEL]
        pods = self._claimed(daemon_set)
        try:
            wait = self._step(daemon_set, pods, revision_hash)
            self._clean_up(daemon_set, known, current, pods)
        finally:  # what is wanted is told even when no pod can be made
            self._write_status(daemon_set, daemons.by_target(pods), revision_hash)
        min_ready = daemon_set["spec"].get("minReadySeconds") or 0
        dues = [due for due in (wait, next_availability(pods, min_ready, self._clock.now())) if due is not None]
        return Result(min(dues, default=None))

    def _with_hash(self, revision: Object) -> Object:
        """One that somebody took the hash from, or made by hand, gets its name for it, as upstream."""
        if POD_LABEL in labels_of(revision):
            return revision
        labels = {**labels_of(revision), POD_LABEL: name_of(revision)}
        return self._api.update({**revision, "metadata": {**revision["metadata"], "labels": labels}})

    def _current(self, daemon_set: Object, known: list[Object]) -> Object:
        collisions = daemon_set.get("status", {}).get("collisionCount") or 0
        template = daemon_set["spec"]["template"]
        wanted = Wanted(daemon_set, template_data(daemon_set), POD_LABEL, partial(template_hash, template))
        try:
            return self._revisions.sync(wanted, known, collisions)
        except AlreadyExistsError:
            status = {**daemon_set.get("status", {}), "collisionCount": collisions + 1}
            self._api.update({**daemon_set, "status": status}, "status")
            raise

    def _step(self, daemon_set: Object, pods: list[Object], revision_hash: str) -> float | None:
        """Place pods; once all are placed, replace outdated ones. Seconds until a failed pod may be replaced."""
        nodes, now = list(self._nodes), self._clock.now()
        placed = daemons.by_target(pods)
        changes = daemons.managed(daemon_set, nodes, placed, revision_hash, now)
        wait = self._hold_back(daemon_set, changes)
        if not changes.create and not changes.delete and _is_rolling(daemon_set):
            changes = daemons.replaced(daemon_set, nodes, placed, revision_hash, now)
        for pod in changes.delete:
            self._pod_control.delete(pod, daemon_set)
        for node in changes.create:
            if self._pod_control.create(daemons.daemon_pod(daemon_set, node, revision_hash), daemon_set) is None:
                break
        return wait

    def _hold_back(self, daemon_set: Object, changes: daemons.Changes) -> float | None:
        """Say which ended pods go, and leave failed ones for later that keep failing on the same node."""
        waits = []
        for pod in changes.failed:
            wait = self._failures.wait((uid_of(daemon_set), daemons.target_of(pod)))
            if wait:
                changes.delete.remove(pod)
                waits.append(wait)
            else:
                self._say(daemon_set, pod, "Warning", "FailedDaemonPod", "failed", "kill")
        for pod in changes.succeeded:
            self._say(daemon_set, pod, "Normal", "SucceededDaemonPod", "succeeded", "delete")
        return min(waits, default=None)

    def _clean_up(self, daemon_set: Object, known: list[Object], current: Object, pods: list[Object]) -> None:
        live = {labels_of(pod).get(POD_LABEL) for pod in pods}
        olds = [found for found in known if name_of(found) != name_of(current)]
        idle = [old for old in olds if labels_of(old).get(POD_LABEL) not in live]
        self._revisions.truncate(idle, len(olds) - daemon_set["spec"].get("revisionHistoryLimit", 10))

    def _claimed(self, daemon_set: Object) -> list[Object]:
        owned = self._pods.indexed(by_controller, uid_of(daemon_set))
        orphans = self._pods.indexed(without_controller, namespace_of(daemon_set))
        return claim(self._api, daemon_set, "pods", owned, orphans)

    def _write_status(self, daemon_set: Object, placed: daemons.PodsByNode, revision_hash: str) -> None:
        status = daemons.status_of(daemon_set, list(self._nodes), placed, revision_hash, self._clock.now())
        if status != daemon_set.get("status"):
            self._api.update({**daemon_set, "status": status}, "status")

    def _say(
        self, daemon_set: Object, pod: Object, kind: Literal["Normal", "Warning"], reason: str, state: str, fate: str
    ) -> None:
        where = f"{namespace_of(pod)}/{name_of(pod)} on node {daemons.target_of(pod)}"
        self._recorder.event(daemon_set, kind, reason, f"Found {state} daemon pod {where}, will try to {fate} it")

    def _on_node(self, event: WatchEvent) -> Iterable[Request]:
        """The DaemonSets that want a pod on a node and have none, or one too many, or miscounted it before."""
        node = event.object
        if event.type == "DELETED":
            return ()
        owners = {owner["uid"] for pod in self._pods.indexed(by_node, name_of(node)) if (owner := controller_of(pod))}
        return [Request(*key_of(one)) for one in self._daemon_sets if _is_concerned(one, node, uid_of(one) in owners)]


class Backoff:
    """Waits longer each time the same thing fails again soon.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delays: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, key: tuple[str, str]) -> float:
        """Seconds to wait before ``key`` may be tried; 0 when it may now, which counts as a try."""
        first, most = _FAILED_BACKOFF
        since, delay = self._delays.get(key, (0.0, 0.0))
        left = since + delay - self._clock.now()
        if left > 0:
            return left
        # Long after the last failure the next one counts as the first.
        is_fresh = self._clock.now() - since > 2 * most
        self._delays[key] = (self._clock.now(), first if is_fresh else min(delay * 2, most))
        return 0.0


def _is_concerned(daemon_set: Object, node: Object, has_pod: bool) -> bool:
    should_run, may_stay = daemons.suits(daemon_set, node)
    if has_pod:
        return not may_stay or bool(daemon_set.get("status", {}).get("numberMisscheduled"))
    return should_run


def _is_rolling(daemon_set: Object) -> bool:
    strategy: Object = daemon_set["spec"].get("updateStrategy") or {}
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")
