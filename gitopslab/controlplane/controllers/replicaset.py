"""Keeps as many pods as a ReplicaSet asks for.

The manager calls it when a ReplicaSet or one of its pods changed. It reads both from informers, creates or deletes the
difference, and writes the counts to the ReplicaSet's status. It leaves to others: which ReplicaSets there are (a
Deployment), where pods run (the scheduler), and running them (kubelets).

Upstream: ``pkg/controller/replicaset``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.conditions import put, remove
from gitopslab.controlplane.controllers.podcontrol import PodControl, pod_from_template
from gitopslab.controlplane.controllers.podstate import (
    first_to_delete,
    is_active,
    is_available,
    is_ready,
    is_terminal,
    next_availability,
)
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import (
    Object,
    controller_of,
    find_condition,
    is_terminating,
    labels_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.selectors import selector_of

_BURST = 50
"""Pods created or deleted at a time: the events of these bring the next ones, and scheduler and kubelets get their turn
in between (the real controller's bound is 500, since it has threads)."""


def replicas_of(obj: Object) -> int:
    """``spec.replicas``, by default 1."""
    replicas = obj.get("spec", {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def by_active(pod: Object) -> Iterable[str]:
    """The index of pods that count as replicas, by the uid of their controller."""
    return by_controller(pod) if is_active(pod) else ()


def by_departing(pod: Object) -> Iterable[str]:
    """The index of pods that are still stopping, by the uid of their controller."""
    return by_controller(pod) if is_terminating(pod) and not is_terminal(pod) else ()


def by_ready(pod: Object) -> Iterable[str]:
    """The index of replicas that are ready, by the uid of their controller."""
    return by_active(pod) if is_ready(pod) else ()


def status_of(
    replica_set: Object, pods: list[Object], ready: list[Object], departing: int, failure: str, now: float
) -> Object:
    """The status that tells about these pods.

    Args:
        replica_set: The ReplicaSet; its generation is what the status observes.
        pods: Its active pods.
        ready: Those of them that are ready.
        departing: How many more are on their way out.
        failure: Why the last create or delete failed; empty when none did.
        now: The current time.
    """
    spec = replica_set["spec"]
    min_ready = spec.get("minReadySeconds") or 0
    counts = {
        "fullyLabeledReplicas": _fully_labelled(replica_set, pods),
        "readyReplicas": len(ready),
        "availableReplicas": sum(is_available(pod, min_ready, now) for pod in ready) if min_ready else len(ready),
    }
    status: Object = {"replicas": len(pods), **{name: count for name, count in counts.items() if count}}
    if replica_set.get("kind") != "ReplicationController":
        status["terminatingReplicas"] = departing
    status["observedGeneration"] = replica_set["metadata"].get("generation", 0)
    conditions = _conditions(replica_set, len(pods) - replicas_of(replica_set), failure, now)
    return {**status, "conditions": conditions} if conditions else status


def _fully_labelled(owner: Object, pods: list[Object]) -> int:
    """How many pods have all labels of the template; every selected pod does when the selector names them all."""
    wanted = ((owner["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    if wanted == (selector_of(owner) or {}).get("matchLabels"):
        return len(pods)
    return sum(wanted.items() <= labels_of(pod).items() for pod in pods)


def _conditions(replica_set: Object, surplus: int, failure: str, now: float) -> list[Object]:
    conditions: list[Object] = replica_set.get("status", {}).get("conditions") or []
    if not failure:
        return remove(conditions, "ReplicaFailure")
    if find_condition(conditions, "ReplicaFailure") is not None:
        return conditions
    reason = "FailedCreate" if surplus < 0 else "FailedDelete"
    condition = {"type": "ReplicaFailure", "status": "True", "reason": reason, "message": failure}
    return put(conditions, {**condition, "lastTransitionTime": timestamp(now)})


class ReplicaSetController:
    """Reconciles ReplicaSets.

    Attributes:
        kind: What it reconciles.
        resource: The same, as in ``replicasets.apps``.
    """

    name = "replicaset-controller"
    kind = "ReplicaSet"
    resource = "replicasets.apps"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._pod_control = PodControl(api, Recorder(api, clock, self.name))
        self._pods = manager.informer("pods")
        self._replica_sets = manager.informer(self.resource)
        pods = owners_of_kind(self.kind, self._replica_sets)
        self.sources: tuple[Source, ...] = (Source(self.resource), Source("pods", pods, previous=True))

    def reconcile(self, request: Request) -> Result:
        """Create or delete the pods that are missing or too many, then write the counts."""
        replica_set = self._replica_sets.get(request.name, request.namespace)
        if replica_set is None:
            return DONE
        pods = self._claimed(replica_set)
        departing = len(list(self._pods.indexed(by_departing, uid_of(replica_set))))
        failure = None if is_terminating(replica_set) else self._manage(replica_set, pods)
        self._write_status(replica_set, pods, departing, failure.message if failure else "")
        if failure is not None:
            raise failure
        min_ready = replica_set["spec"].get("minReadySeconds") or 0
        return Result(next_availability(pods, min_ready, self._clock.now()))

    def _claimed(self, replica_set: Object) -> list[Object]:
        owned = self._pods.indexed(by_active, uid_of(replica_set))
        orphans = self._pods.indexed(without_controller, namespace_of(replica_set))
        return claim(self._api, replica_set, "pods", owned, (pod for pod in orphans if is_active(pod)))

    def _manage(self, replica_set: Object, pods: list[Object]) -> ApiError | None:
        """Bring the number of pods nearer to what is wanted; the error that stopped it, if any."""
        surplus = len(pods) - replicas_of(replica_set)
        try:
            for _ in range(min(-surplus, _BURST)):
                pod = pod_from_template(replica_set["spec"]["template"], replica_set)
                if self._pod_control.create(pod, replica_set) is None:
                    return None
            if surplus > 0:
                related = self._related(replica_set)
                for pod in first_to_delete(pods, related, min(surplus, _BURST), self._clock.now()):
                    self._pod_control.delete(pod, replica_set)
        except ApiError as error:
            return error
        return None

    def _related(self, replica_set: Object) -> list[Object]:
        """The pods of all ReplicaSets that share an owner, since they crowd nodes together."""
        owner = controller_of(replica_set)
        siblings = [replica_set] if owner is None else self._replica_sets.indexed(by_controller, owner["uid"])
        return [pod for sibling in siblings for pod in self._pods.indexed(by_active, uid_of(sibling))]

    def _write_status(self, replica_set: Object, pods: list[Object], departing: int, failure: str) -> None:
        uid = uid_of(replica_set)
        kept = {uid_of(pod) for pod in pods}
        ready = [pod for pod in self._pods.indexed(by_ready, uid) if uid_of(pod) in kept]
        status = status_of(replica_set, pods, ready, departing, failure, self._clock.now())
        if status != replica_set.get("status"):
            self._api.update({**replica_set, "status": status}, "status")
