"""What a decision leads to in the API: Events, the pod's condition, its nomination, and evictions.

``reconciler`` calls it after each attempt. What to do is decided before, in ``cycle``; writing the binding itself stays
with ``reconciler``. Upstream: ``handleSchedulingFailure`` and ``preemption.Executor``.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.plugins.default_preemption import disruption_condition, preempted_message
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import DEFAULT_SCHEDULER
from gitopslab.controlplane.scheduler.recorder import SeriesRecorder
from gitopslab.controlplane.scheduler.snapshot import Snapshot
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, condition_of


class Outcome:
    """Writes what came of trying a pod.

    Args:
        api: Where to.
        clock: Times conditions and Events.
        snapshot: Told about nominations at once, since the next pod must respect them.
    """

    def __init__(self, api: Api, clock: Clock, snapshot: Snapshot) -> None:
        self._api = api
        self._clock = clock
        self._snapshot = snapshot
        self._recorder = SeriesRecorder(api, clock, DEFAULT_SCHEDULER)

    def bound(self, pod: PodInfo, node: str) -> None:
        """The pod is on a node now."""
        message = f"Successfully assigned {pod.namespace}/{pod.name} to {node}"
        self._recorder.event(pod.pod, "Normal", "Scheduled", message, action="Binding")

    def expected(self, pod: PodInfo, node: str) -> None:
        """The pod is about to be bound, but waits for something first; others can see where it will go."""
        if pod.nominated_node != node:
            self._patch(pod, {"nominatedNodeName": node})

    def skipped(self, pod: PodInfo) -> None:
        """The pod was being deleted when its turn came."""
        message = f"skip schedule deleting pod: {pod.namespace}/{pod.name}"
        self._recorder.event(pod.pod, "Warning", "FailedScheduling", message, action="Scheduling")

    def failed(self, pod: PodInfo, message: str) -> None:
        """Something went wrong that is not the pod's fault."""
        self._recorder.event(pod.pod, "Warning", "FailedScheduling", message, action="Scheduling")
        self._set_status(pod, self._condition(pod, "SchedulerError", message), "")

    def unschedulable(self, decision: Decision) -> None:
        """No node was found: say so, and evict the victims if that will help."""
        pod, nomination = decision.pod, decision.nomination
        self._recorder.event(pod.pod, "Warning", "FailedScheduling", decision.message, action="Scheduling")
        nominated = nomination.node if nomination else None
        self._set_status(pod, self._condition(pod, "Unschedulable", decision.message), nominated)
        if nominated:
            self._make_room(decision, nominated)

    def _make_room(self, decision: Decision, node: str) -> None:
        # Pods that are less important and were promised the node must look elsewhere.
        for other in list(self._snapshot.nominated.get(node, {}).values()):
            if other.priority < decision.pod.priority:
                self._set_status(other, None, "")
        for victim in decision.victims:
            if not victim.is_terminating:
                self._evict(victim, decision.pod, node)

    def _evict(self, victim: PodInfo, preemptor: PodInfo, node: str) -> None:
        condition = disruption_condition(preemptor, timestamp(self._clock.now()))
        try:
            self._patch(victim, {"conditions": [condition]})
            self._api.delete("pods", victim.name, victim.namespace)
        except NotFoundError:
            return
        message = preempted_message(preemptor, node)
        self._recorder.event(victim.pod, "Normal", "Preempted", message, action="Preempting", related=preemptor.pod)

    def _condition(self, pod: PodInfo, reason: str, message: str) -> Object | None:
        """The new ``PodScheduled`` condition, None when it says what is there already."""
        known = condition_of(pod.pod, "PodScheduled") or {}
        if (known.get("status"), known.get("reason"), known.get("message")) == ("False", reason, message):
            return None
        changed = known["lastTransitionTime"] if known.get("status") == "False" else timestamp(self._clock.now())
        return {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": changed,
            "observedGeneration": pod.pod["metadata"].get("generation", 1),
        }

    def _set_status(self, pod: PodInfo, condition: Object | None, nominated: str | None) -> None:
        """Write the least: the condition if it changed, the nomination if it was given (empty clears it)."""
        status: Object = {"conditions": [condition]} if condition else {}
        if nominated is not None and nominated != pod.nominated_node:
            status["nominatedNodeName"] = nominated or None
        if nominated is not None:
            self._snapshot.nominate(pod, nominated)
        if status:
            try:
                self._patch(pod, status)
            except NotFoundError:
                return

    def _patch(self, pod: PodInfo, status: Object) -> None:
        self._api.patch("pods", pod.name, {"status": status}, pod.namespace, type="strategic", subresource="status")
