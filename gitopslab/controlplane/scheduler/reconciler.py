"""The scheduler as a reconciler: keeps the snapshot and the queue current, and acts on decisions.

The manager hands every change of a pod or a node to the mappings below, as informers call event handlers upstream: they
bring snapshot and queue up to date and wake pods that await that change. ``reconcile`` then tries one pod a call.

Data flow:

1. a pod without a node enters the queue; a pod with a node enters the snapshot,
2. ``reconcile`` pops a pod, ``cycle`` decides,
3. a node was found: ``binding`` binds; none: Event, condition, maybe evict victims, and back into the queue to wait.

It writes bindings, pod conditions, nominations, evictions and Events, and nothing else. All pods share one request,
because the queue knows better than the manager who is next. Since informers are drained before every step, a bound pod
is in the snapshot before the next one is tried; upstream has to "assume" it there.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.controlplane.scheduler.binding import Binder
from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_event, pod_event
from gitopslab.controlplane.scheduler.cycle import Cycle
from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.framework import SUCCESS
from gitopslab.controlplane.scheduler.outcome import Outcome
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import DEFAULT_SCHEDULER, Profile
from gitopslab.controlplane.scheduler.queue import QueuedPod, SchedulingQueue
from gitopslab.controlplane.scheduler.snapshot import Snapshot, occupies_node
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, key_of, name_of, uid_of

_NEXT = Request("", "next-pod")
_REMEMBERED = 200

WAKING = (
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "resourceclaims.resource.k8s.io",
)
"""Resources whose changes may help a waiting pod, besides pods and nodes."""

READ = (
    "namespaces",
    "services",
    "replicationcontrollers",
    "replicasets.apps",
    "statefulsets.apps",
    "poddisruptionbudgets.policy",
)
"""Resources that rules read and no waiting pod waits for."""


class Informers:
    """A lister over the manager's informers."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        return self._manager.informer(resource).get(name, namespace)

    def list(self, resource: str, namespace: str = "") -> Iterable[Object]:
        """All objects of a resource, of one namespace or (empty) of all."""
        return self._manager.informer(resource).list(namespace)


class Scheduler:
    """The default scheduler.

    Args:
        api: Where it writes, as ``kube-scheduler``.
        manager: Whose informers it reads.
        clock: Times back-offs, conditions and Events.
        choice: Chooses between equally good nodes. Upstream this is random too; a seeded one makes a lesson or a test
            come out the same every time.
    """

    name = DEFAULT_SCHEDULER

    def __init__(self, api: Api, manager: Manager, clock: Clock, choice: random.Random) -> None:
        self._api = api
        self._clock = clock
        self._profile = Profile()
        self._snapshot = Snapshot()
        self._lister = Informers(manager)
        self._cycle = Cycle(self._profile, self._snapshot, self._lister, choice)
        self._queue = SchedulingQueue(clock, lambda pod: self._profile.pre_enqueue(pod) is SUCCESS)
        self._outcome = Outcome(api, clock, self._snapshot)
        self._binder = Binder(
            api,
            clock,
            profile=self._profile,
            lister=self._lister,
            snapshot=self._snapshot,
            queue=self._queue,
            outcome=self._outcome,
        )
        self._decisions: dict[str, Decision] = {}
        self._others: dict[str, Object] = {}
        self.sources = (
            Source("nodes", self._node_changed),
            Source("pods", self._pod_changed),
            *(Source(resource, self._other_changed) for resource in WAKING),
        )
        for resource in READ:
            manager.informer(resource)

    def decision(self, uid: str) -> Decision | None:
        """The last decision about a pod, of the last few hundred."""
        return self._decisions.get(uid)

    # -- one pod, one decision ----------------------------------------------------------------------------------------

    def reconcile(self, request: Request) -> Result:
        """Try the next pod, and ask to be called again when there is another."""
        self._binder.retry()
        queued = self._queue.pop()
        if queued is not None:
            self._attempt(queued)
        dues = [due for due in (self._queue.next_due(), self._binder.next_due()) if due is not None]
        return Result(max(0.0, min(dues) - self._clock.now()) if dues else None)

    def _attempt(self, queued: QueuedPod) -> None:
        if queued.pod.is_terminating:
            self._outcome.skipped(queued.pod)
            return
        try:
            decision = self._cycle.schedule(queued.pod)
        except Exception:
            self._queue.errored(queued)  # or a flaw in a plugin would lose the pod
            raise
        self._remember(decision)
        if decision.node is None:
            # Back in the queue first: evicting a victim may already be what it waits for.
            self._queue.failed(queued, decision.rejected_by)
            self._outcome.unschedulable(decision)
        else:
            self._binder.bind(queued, decision)

    def _remember(self, decision: Decision) -> None:
        self._decisions.pop(decision.pod.uid, None)
        self._decisions[decision.pod.uid] = decision
        if len(self._decisions) > _REMEMBERED:
            del self._decisions[next(iter(self._decisions))]

    # -- what changes -------------------------------------------------------------------------------------------------

    def _node_changed(self, event: WatchEvent) -> Iterable[Request]:
        node, name = event.object, name_of(event.object)
        known = self._snapshot.node(name)
        before = known.node if known else None
        if event.type == "DELETED":
            self._snapshot.remove_node(name)
            self._notify(node_event(before or node, None))
        else:
            self._snapshot.set_node(node)
            self._notify(node_event(before, node))
        return (_NEXT,)

    def _pod_changed(self, event: WatchEvent) -> Iterable[Request]:
        pod = event.object
        if event.type == "DELETED" or _has_ended(pod):
            self._gone(key_of(pod))
        elif occupies_node(pod):
            self._placed(pod)
        elif (pod.get("spec") or {}).get("schedulerName", DEFAULT_SCHEDULER) == self.name:
            self._waits(pod)
        else:
            return ()
        return (_NEXT,)

    def _other_changed(self, event: WatchEvent) -> Iterable[Request]:
        uid = uid_of(event.object)
        before = self._others.pop(uid, None)
        if event.type == "DELETED":
            self._notify(ClusterEvent(event.resource, before or event.object, None))
        else:
            self._others[uid] = event.object
            self._notify(ClusterEvent(event.resource, before, event.object))
        return (_NEXT,)

    def _waits(self, pod: Object) -> None:
        """A pod needs a node, unless it has one and waits for its binding."""
        if key_of(pod) in self._binder:
            self._binder.seen(pod)
            return
        waiting = PodInfo(pod)
        self._queue.set(waiting)
        self._snapshot.nominate(waiting, waiting.nominated_node)

    def _placed(self, pod: Object) -> None:
        """A pod is on a node: count it there."""
        known = self._snapshot.pod(key_of(pod))
        if known is not None and _is_same(known.pod, pod):
            known.pod = pod
            return
        placed = PodInfo(pod)
        self._binder.forget(placed.key)
        self._queue.remove(placed.key)
        self._snapshot.nominate(placed, "")
        self._snapshot.set_pod(placed)
        self._notify(pod_event(known.pod if known else None, pod))

    def _gone(self, key: tuple[str, str]) -> None:
        """A pod is gone or has ended: what it used is free."""
        self._binder.forget(key)
        waiting = self._queue.get(key)
        if waiting is not None:
            self._snapshot.nominate(waiting.pod, "")
            self._queue.remove(key)
        known = self._snapshot.remove_pod(key)
        if known is not None:
            self._notify(pod_event(known.pod, None))

    def _notify(self, event: ClusterEvent | None) -> None:
        """Wake the waiting pods that await this event."""
        if event is None:
            return
        for queued in self._queue.waiting():
            if self._is_awaited(event, queued):
                self._queue.activate(queued)

    def _is_awaited(self, event: ClusterEvent, queued: QueuedPod) -> bool:
        plugins = [self._profile.by_name[name] for name in queued.rejected_by]
        return not plugins or any(plugin.awaits(queued.pod, event) for plugin in plugins)


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _is_same(before: Object, after: Object) -> bool:
    """Whether a pod changed in nothing that scheduling reads: a spec that changes raises the generation."""
    old, new = before["metadata"], after["metadata"]
    return (
        new.get("generation") is not None
        and all(old.get(field) == new.get(field) for field in ("uid", "generation", "labels", "deletionTimestamp"))
        and _sizes(before) == _sizes(after)
    )


def _sizes(pod: Object) -> list[tuple[Any, Any]]:
    """What the containers hold, which a resize in place changes in the status alone."""
    status = pod.get("status") or {}
    entries = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()), status]
    return [(entry.get("resources"), entry.get("allocatedResources")) for entry in entries]
