"""Notices nodes that fall silent, and marks nodes so that pods keep away from those in trouble.

The manager calls it when a node or its lease changed, and when a lease is overdue. In the order of its story:

1. a lease that is not renewed for 50 s turns the node's conditions ``Unknown``, and its pods not ready,
2. conditions and ``spec.unschedulable`` become taints: ``NoSchedule`` for the scheduler, ``NoExecute`` for taint
eviction.

When no node at all is ready nothing is tainted ``NoExecute``: then it is the control plane that is cut off. Renewing
leases is the kubelets' work; evicting pods is ``tainteviction``'s.

Upstream: ``pkg/controller/nodelifecycle``. Simplified: nodes are tainted as soon as they are seen silent; the real one
looks every five seconds and taints at most one node in ten seconds a zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.controllers.podstate import is_ready
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_node
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of, uid_of

GRACE = 50.0
"""Seconds without a sign of life after which a node counts as unreachable (``--node-monitor-grace-period``)."""

STARTUP_GRACE = 60.0
"""The same for a node that has never reported its status."""

_LEASES = "leases.coordination.k8s.io"
_LEASE_NAMESPACE = "kube-node-lease"
_REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"

_KEYS: dict[tuple[str, str], str] = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_MANAGED = frozenset({*((key, "NoSchedule") for key in (*_KEYS.values(), UNSCHEDULABLE))}) | {
    (NOT_READY, "NoExecute"),
    (UNREACHABLE, "NoExecute"),
}


@dataclass(slots=True)
class Sighting:
    """The last sign of life of a node, and when this controller saw it."""

    uid: str
    sign: tuple[str, str]
    at: float


def silenced(conditions: list[Object], created: str, now: float) -> list[Object]:
    """A node's conditions once its kubelet has stopped reporting."""
    moment = timestamp(now)
    known = {condition["type"]: condition for condition in conditions}
    unknown = []
    for kind in _REPORTED:
        if kind not in known:
            never = {"reason": "NodeStatusNeverUpdated", "message": "Kubelet never posted node status."}
            beat = {"lastHeartbeatTime": created, "lastTransitionTime": moment}
            unknown.append({"type": kind, "status": "Unknown", **beat, **never})
    stopped = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
    heard = [
        {**condition, "status": "Unknown", "lastTransitionTime": moment, **stopped}
        if condition["type"] in _REPORTED and condition["status"] != "Unknown"
        else condition
        for condition in conditions
    ]
    return [*heard, *unknown]


def taints_of(node: Object, *, may_evict: bool, now: float) -> list[Object]:
    """The taints a node should have: those of others as they are, and ours by its conditions.

    Args:
        node: The node as it is.
        may_evict: Whether a node that is not ready gets a ``NoExecute`` taint.
        now: When a taint is added.
    """
    wanted = _wanted(node, may_evict)
    present: list[Object] = node.get("spec", {}).get("taints") or []
    kept = [taint for taint in present if _pair(taint) not in _MANAGED or _pair(taint) in wanted]
    have = {_pair(taint) for taint in kept}
    moment = timestamp(now)
    added = [{"key": key, "effect": effect, "timeAdded": moment} for key, effect in wanted if (key, effect) not in have]
    return [*kept, *added]


def _wanted(node: Object, may_evict: bool) -> list[tuple[str, str]]:
    wanted = []
    for kind, status in _KEYS:
        condition = condition_of(node, kind)
        if condition is None or condition["status"] != status:
            continue
        wanted.append((_KEYS[kind, status], "NoSchedule"))
        if kind == "Ready" and may_evict:
            wanted.append((_KEYS[kind, status], "NoExecute"))
    if node.get("spec", {}).get("unschedulable"):
        wanted.append((UNSCHEDULABLE, "NoSchedule"))
    return wanted


def _pair(taint: Object) -> tuple[str, str]:
    return taint["key"], taint.get("effect", "")


class NodeLifecycleController:
    """Reconciles nodes."""

    name = "node-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._nodes = manager.informer("nodes")
        self._leases = manager.informer(_LEASES)
        self._pods = manager.informer("pods")
        self._seen: dict[str, Sighting] = {}
        self.sources: tuple[Source, ...] = (Source("nodes", self._all), Source(_LEASES, self._holder))

    def reconcile(self, request: Request) -> Result:
        """Look for a sign of life, and bring conditions and taints in line with it."""
        node = self._nodes.get(request.name)
        if node is None:
            self._forget(request.name)
            return DONE
        silent_at = self._watch_over(node)
        if silent_at <= self._clock.now():
            node = self._silence(node)
        self._taint(node)
        return Result(max(0.0, silent_at - self._clock.now()) or None)

    def _watch_over(self, node: Object) -> float:
        """Note a new sign of life; the time at which the node will count as silent without another."""
        name, sign = name_of(node), self._sign(node)
        known = self._seen.get(name)
        if known is None or known.uid != uid_of(node):
            self._say(node, "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller")
        # The time is when we saw it, not what the lease says: clocks differ, and we may have been away ourselves.
        if known is None or known.sign != sign or known.uid != uid_of(node):
            known = self._seen[name] = Sighting(uid_of(node), sign, self._clock.now())
        return known.at + (GRACE if condition_of(node, "Ready") is not None else STARTUP_GRACE)

    def _sign(self, node: Object) -> tuple[str, str]:
        lease = self._leases.get(name_of(node), _LEASE_NAMESPACE) or {}
        heartbeat = (condition_of(node, "Ready") or {}).get("lastHeartbeatTime") or ""
        return lease.get("spec", {}).get("renewTime") or "", heartbeat

    def _silence(self, node: Object) -> Object:
        before: list[Object] = node.get("status", {}).get("conditions") or []
        conditions = silenced(before, node["metadata"]["creationTimestamp"], self._clock.now())
        if conditions == before:
            return node
        was_ready = (condition_of(node, "Ready") or {}).get("status") == "True"
        changed = self._api.update({**node, "status": {**node.get("status", {}), "conditions": conditions}}, "status")
        if was_ready:
            self._say(node, "NodeNotReady", f"Node {name_of(node)} status is now: NodeNotReady")
            self._mark_pods(name_of(node))
        return changed

    def _mark_pods(self, node: str) -> None:
        """Nobody can vouch for the pods of a silent node, so Services must not count on them."""
        for pod in self._pods.indexed(by_node, node):
            if not is_ready(pod):
                continue
            conditions = [
                {**condition, "status": "False", "lastTransitionTime": timestamp(self._clock.now())}
                if condition["type"] == "Ready"
                else condition
                for condition in pod["status"]["conditions"]
            ]
            change = {"status": {"conditions": conditions}}
            try:
                self._api.patch("pods", name_of(pod), change, namespace_of(pod), subresource="status")
            except NotFoundError:
                continue
            self._recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    def _taint(self, node: Object) -> None:
        may_evict = any((condition_of(found, "Ready") or {}).get("status") == "True" for found in self._nodes)
        taints = taints_of(node, may_evict=may_evict, now=self._clock.now())
        if taints != (node.get("spec", {}).get("taints") or []):
            spec = {key: value for key, value in node.get("spec", {}).items() if key != "taints"}
            self._api.update({**node, "spec": {**spec, **({"taints": taints} if taints else {})}})

    def _forget(self, name: str) -> None:
        known = self._seen.pop(name, None)
        if known is not None:
            gone = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": known.uid}}
            self._say(gone, "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")

    def _say(self, node: Object, reason: str, message: str) -> None:
        self._recorder.event(node, "Normal", reason, message)

    def _all(self, event: WatchEvent) -> Iterable[Request]:
        """A node's change concerns every node, since the last ready one decides whether any is tainted NoExecute."""
        return [Request("", name_of(event.object)), *(Request("", name_of(node)) for node in self._nodes)]

    @staticmethod
    def _holder(event: WatchEvent) -> Iterable[Request]:
        is_ours = namespace_of(event.object) == _LEASE_NAMESPACE
        return (Request("", name_of(event.object)),) if is_ours else ()
