"""From a chosen node to a binding: claim the volumes, wait until they are there, bind.

``reconciler`` starts it when a decision names a node and comes back after every change. While a pod waits, it counts on
its node, so that nobody else takes the room. Upstream: the binding cycle, where each pod has a goroutine to wait in.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.framework import SUCCESS, Code, Lister, Status
from gitopslab.controlplane.scheduler.outcome import Outcome
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.controlplane.scheduler.queue import QueuedPod, SchedulingQueue
from gitopslab.controlplane.scheduler.snapshot import Snapshot
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, key_of

_PATIENCE = 600.0  # ``VolumeBindingArgs.BindTimeoutSeconds``


@dataclass(frozen=True, slots=True)
class Pending:
    """A pod that has a node and waits for its volumes."""

    queued: QueuedPod
    node: str
    deadline: float


class Binder:
    """Binds pods, at once or when their volumes are ready.

    Args:
        api: Where bindings are written.
        clock: Ends the waiting.
        profile: Its plugins know what a pod needs besides the node.
        lister: What they read.
        snapshot: Counts waiting pods on their nodes.
        queue: Takes back pods that could not be bound.
        outcome: Tells how it went.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        *,
        profile: Profile,
        lister: Lister,
        snapshot: Snapshot,
        queue: SchedulingQueue,
        outcome: Outcome,
    ) -> None:
        self._api = api
        self._clock = clock
        self._profile = profile
        self._lister = lister
        self._snapshot = snapshot
        self._queue = queue
        self._outcome = outcome
        self._pending: dict[tuple[str, str], Pending] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._pending

    def bind(self, queued: QueuedPod, decision: Decision) -> None:
        """Begin with a pod whose node was just chosen."""
        assert decision.node is not None, "only a decision for a node can be bound"
        try:
            for changed in decision.changes:
                self._api.update(changed)
        except ApiError as error:
            self._fail(queued, Status(Code.ERROR, (f"binding volumes: {error.message}",), "VolumeBinding"))
            return
        pending = Pending(queued, decision.node, self._clock.now() + _PATIENCE)
        if decision.changes:
            self._wait(pending)
        else:
            self._go_on(pending)

    def seen(self, pod: Object) -> None:
        """A waiting pod has changed; its spec cannot have, but its status may."""
        self._pending[key_of(pod)].queued.pod.pod = pod

    def retry(self) -> None:
        """Look again at all pods that wait."""
        for pending in list(self._pending.values()):
            self._go_on(pending)

    def forget(self, key: tuple[str, str]) -> None:
        """A waiting pod is gone."""
        if self._pending.pop(key, None) is not None:
            self._snapshot.remove_pod(key)

    def next_due(self) -> float | None:
        """When the first pod has waited too long, in epoch seconds; None when nobody waits."""
        return min((pending.deadline for pending in self._pending.values()), default=None)

    def _go_on(self, pending: Pending) -> None:
        status = self._profile.settled(self._lister, pending.queued.pod, pending.node)
        if status.code is Code.WAIT and self._clock.now() < pending.deadline:
            if pending.queued.pod.key not in self._pending:
                self._wait(pending)
            return
        self.forget(pending.queued.pod.key)
        if status.code is Code.WAIT:
            status = Status(Code.ERROR, ("binding volumes: context deadline exceeded",), status.plugin)
        if status is SUCCESS:
            self._finish(pending)
        else:
            self._fail(pending.queued, status)

    def _wait(self, pending: Pending) -> None:
        pod = pending.queued.pod
        self._pending[pod.key] = pending
        self._snapshot.set_pod(PodInfo({**pod.pod, "spec": {**pod.spec, "nodeName": pending.node}}))
        self._outcome.expected(pod, pending.node)

    def _finish(self, pending: Pending) -> None:
        pod = pending.queued.pod
        try:
            self._api.bind(pod.name, pod.namespace, pending.node)
        except NotFoundError:
            return
        except ApiError as error:
            self._queue.errored(pending.queued)
            self._outcome.failed(pod, f'running Bind plugin "DefaultBinder": {error.message}')
            return
        self._outcome.bound(pod, pending.node)

    def _fail(self, queued: QueuedPod, status: Status) -> None:
        self._queue.errored(queued)
        self._outcome.failed(queued.pod, f'running PreBind plugin "{status.plugin}": {status.message}')
