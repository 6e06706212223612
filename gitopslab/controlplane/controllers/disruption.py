"""Counts how many pods a PodDisruptionBudget lets go.

The manager calls it when a budget changed, or the readiness of a pod that one covers. The eviction subresource reads
and spends what it writes to ``status.disruptionsAllowed``.

Upstream: ``pkg/controller/disruption``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gitopslab.controlplane.controllers.percentage import scaled
from gitopslab.controlplane.controllers.podstate import is_ready
from gitopslab.controlplane.controllers.replicaset import replicas_of
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery import selectors
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import (
    Object,
    condition_of,
    controller_of,
    is_terminating,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.selectors import from_label_selector

_RESOURCE = "poddisruptionbudgets.policy"
_GRACE = 120.0  # seconds an evicted pod may take until its deletion is seen


@dataclass(frozen=True, slots=True)
class Count:
    """How many pods there should be, and how many of them must stay healthy."""

    expected: int
    desired: int


class _Unknown(Exception):
    """How many pods there should be cannot be told; the message says why."""


def counted(budget: Object, pods: list[Object], scale: Callable[[], int]) -> Count:
    """What a budget demands of its pods.

    Args:
        budget: The budget.
        pods: Those it covers.
        scale: How many replicas the pods' controllers want; asked only when a percentage or ``maxUnavailable`` needs
        it.
    """
    least, most = budget["spec"].get("minAvailable"), budget["spec"].get("maxUnavailable")
    if most is not None:
        expected = scale()
        return Count(expected, max(0, expected - scaled(most, expected, up=True)))
    if isinstance(least, str):
        expected = scale()
        return Count(expected, scaled(least, expected, up=True))
    if least is None:
        return Count(0, 0)
    return Count(len(pods), least)


def status_of(budget: Object, pods: list[Object], count: Count, disrupted: dict[str, str], now: float) -> Object:
    """The status of a budget."""
    healthy = sum(is_ready(pod) and not is_terminating(pod) and name_of(pod) not in disrupted for pod in pods)
    allowed = max(0, healthy - count.desired) if count.expected > 0 else 0
    told = ("True", "SufficientPods", "") if allowed > 0 else ("False", "InsufficientPods", "")
    generation = budget["metadata"].get("generation", 0)
    status: Object = {
        "currentHealthy": healthy,
        "desiredHealthy": count.desired,
        "disruptionsAllowed": allowed,
        "expectedPods": count.expected,
        "observedGeneration": generation,
        "conditions": [_condition(budget, *told, generation, now)],
    }
    return {**status, "disruptedPods": disrupted} if disrupted else status


def failed_status(budget: Object, why: str, now: float) -> Object:
    """The status of a budget whose pods cannot be counted: what it was, but nothing may be disrupted."""
    known: Object = {"currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0, **budget.get("status", {})}
    condition = _condition(budget, "False", "SyncFailed", why, known.get("observedGeneration", 0), now)
    return {**known, "disruptionsAllowed": 0, "conditions": [condition]}


def _condition(budget: Object, status: str, reason: str, message: str, generation: int, now: float) -> Object:
    known = condition_of(budget, "DisruptionAllowed") or {}
    return {
        "type": "DisruptionAllowed",
        "status": status,
        **({"observedGeneration": generation} if generation else {}),
        "lastTransitionTime": known["lastTransitionTime"] if known.get("status") == status else timestamp(now),
        "reason": reason,
        "message": message,
    }


class DisruptionController:
    """Reconciles PodDisruptionBudgets.

    Args:
        api: Writes their status, and reads the scale of controllers.
        manager: Gives the informers.
        clock: Tells when an eviction is forgotten.
        catalog: Names the resource of a pod's controller.
    """

    name = "disruption-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog) -> None:
        self._api = api
        self._clock = clock
        self._catalog = catalog
        self._recorder = Recorder(api, clock, "controllermanager")
        self._budgets = manager.informer(_RESOURCE)
        self._pods = manager.informer("pods")
        self.sources: tuple[Source, ...] = (
            Source(_RESOURCE),
            Source("pods", self._covering, previous=True),
        )

    def reconcile(self, request: Request) -> Result:
        """Count the pods of one budget."""
        budget = self._budgets.get(request.name, request.namespace)
        if budget is None:
            return DONE
        pods, now = self._covered(budget), self._clock.now()
        disrupted = self._disrupted(budget, pods)
        if not pods:
            self._recorder.event(budget, "Normal", "NoPods", "No matching pods found")
        try:
            count = counted(budget, pods, lambda: self._scale(budget, pods))
        except _Unknown as why:
            message = f"Failed to calculate the number of expected pods: {why}"
            self._recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
            self._write(budget, failed_status(budget, str(why), now))
            return DONE
        self._write(budget, status_of(budget, pods, count, disrupted, now))
        waits = [seconds_of(time) + _GRACE - now for time in disrupted.values()]
        return Result(min(waits, default=None))

    def _write(self, budget: Object, status: Object) -> None:
        if status != budget.get("status"):
            self._api.update({**budget, "status": status}, "status")

    def _covered(self, budget: Object) -> list[Object]:
        selector = from_label_selector(budget["spec"].get("selector"))
        pods = self._pods.list(namespace_of(budget))
        return [pod for pod in pods if selector and selector.matches(labels_of(pod))]

    def _disrupted(self, budget: Object, pods: list[Object]) -> dict[str, str]:
        """Evicted pods whose deletion has not been seen: they count as gone already, for a while."""
        noted: dict[str, str] = budget.get("status", {}).get("disruptedPods") or {}
        present = {name_of(pod) for pod in pods if not is_terminating(pod)}
        now = self._clock.now()
        return {name: time for name, time in noted.items() if name in present and seconds_of(time) + _GRACE > now}

    def _scale(self, budget: Object, pods: list[Object]) -> int:
        """How many replicas the pods' controllers want together; a ReplicaSet's Deployment speaks for it.

        Raises:
            _Unknown: A pod's controller has no number of replicas, or is gone.
        """
        wanted: dict[str, int] = {}
        if any(controller_of(pod) is None for pod in pods):
            self._warn_of_unmanaged(budget)
        for pod in pods:
            reference = controller_of(pod)
            if reference is not None and reference["uid"] not in wanted:
                owner = self._scaled_owner(reference, namespace_of(pod))
                if owner is None:
                    raise _Unknown(f'found no controllers for pod "{name_of(pod)}"')
                wanted[uid_of(owner)] = replicas_of(owner)
        return sum(wanted.values())

    def _scaled_owner(self, reference: Object, namespace: str) -> Object | None:
        resource = self._catalog.of_reference(reference)
        if resource is None:
            raise _Unknown(f'no matches for kind "{reference["kind"]}" in version "{reference["apiVersion"]}"')
        try:
            owner = self._api.get(resource.key, reference["name"], namespace)
        except NotFoundError:
            owner = None
        if resource.subresource("scale") is None:
            raise _Unknown(f"{resource.key} does not implement the scale subresource")
        if owner is None or uid_of(owner) != reference["uid"]:
            return None
        above = controller_of(owner) if resource.kind == "ReplicaSet" else None
        if above is not None and above["kind"] == "Deployment":
            return self._scaled_owner(above, namespace) or owner
        return owner

    def _warn_of_unmanaged(self, budget: Object) -> None:
        which = selectors.go_text(budget["spec"].get("selector"))
        message = (
            f"Pods selected by this PodDisruptionBudget (selector: {which}) were found to be unmanaged. As a result, "
            "the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account "
            'for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
        )
        self._recorder.event(budget, "Warning", "UnmanagedPods", message)

    def _covering(self, event: WatchEvent) -> Iterable[Request]:
        """The budgets that cover a pod."""
        labels = labels_of(event.object)
        selectors = (
            (budget, from_label_selector(budget["spec"].get("selector")))
            for budget in self._budgets.list(namespace_of(event.object))
        )
        return [Request(*key_of(budget)) for budget, selector in selectors if selector and selector.matches(labels)]
