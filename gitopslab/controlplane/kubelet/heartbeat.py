"""The kubelets' sign of life: the Ready condition of each node, its images, and a Lease renewed every ten seconds.

The manager calls it for every node that changed or whose lease is due. The node lifecycle controller reads what it
writes. Upstream: ``pkg/kubelet/nodestatus`` and ``component-helpers/apimachinery/lease``. Leaves to others: making the
Node objects (``daemon.topology``), pods (``agent``).
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.kubelet.nodes import Nodes
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, micro_timestamp, seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, name_of, uid_of
from gitopslab.machinery.usage import is_extended

LEASES = "kube-node-lease"
"""The namespace of node leases."""

RENEW_EVERY = 10.0
LEASE_SECONDS = 40
REPORT_EVERY = 300.0
"""An unchanged node status is written this often (``nodeStatusReportFrequency``)."""

_MOST_IMAGES = 50  # nodeStatusMaxImages

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


class Heartbeat:
    """Keeps the simulated nodes Ready.

    Args:
        api: Writes nodes, leases and events, as the kubelet.
        manager: Its informers are read.
        clock: The time.
        nodes: Which nodes are ours and alive.
    """

    name = "kubelet-heartbeat"
    sources: tuple[Source, ...] = (Source("nodes"),)

    def __init__(self, api: Api, manager: Manager, clock: Clock, nodes: Nodes) -> None:
        self._api = api
        self._clock = clock
        self._nodes = nodes
        self._informer = manager.informer("nodes")
        self._renewed: dict[str, float] = {}

    def reconcile(self, request: Request) -> Result:
        """Renew one node's lease if it is due, and write its status if it has to change."""
        node = self._informer.get(request.name)
        if node is None:
            self._renewed.pop(request.name, None)
            return DONE
        if not self._nodes.are_ours(node) or not self._nodes.is_running(request.name):
            return DONE
        self._report(node)
        self._renew(node)
        now = self._clock.now()
        return Result(requeue_after=max(0.001, self._renewed.get(request.name, now) + RENEW_EVERY - now))

    def _renew(self, node: Object) -> None:
        now, name = self._clock.now(), name_of(node)
        if now < self._renewed.get(name, float("-inf")) + RENEW_EVERY:
            return
        spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro_timestamp(now)}
        try:
            self._api.patch("leases.coordination.k8s.io", name, {"spec": spec}, LEASES)
        except NotFoundError:
            self._api.create(_lease(node, spec))
        self._renewed[name] = now

    def _report(self, node: Object) -> None:
        status = self._fresh(node)
        if status is None:
            return
        comes_up = not is_condition_true(node, "Ready")
        self._api.update({**node, "status": status}, "status")
        if comes_up:
            self._announce(node)

    def _fresh(self, node: Object) -> Object | None:
        """The status as it should be; None when nothing changed and it is not time to report again."""
        now = self._clock.now()
        before: Object = node.get("status", {})
        conditions = [_condition(node, row, now) for row in _CONDITIONS]
        names = {row[0] for row in _CONDITIONS}
        others = [one for one in before.get("conditions") or () if one.get("type") not in names]
        images = self._image_list(node) if self._renewal_due(node) else before.get("images") or []
        allocatable = _allocatable(before) if self._renewal_due(node) else before.get("allocatable") or {}
        changed = images != (before.get("images") or []) or any(_differs(node, one) for one in conditions)
        changed = changed or allocatable != (before.get("allocatable") or {})
        if not changed and not self._report_due(node):
            return None
        optional = {"images": images, "allocatable": allocatable}
        found = {name: value for name, value in optional.items() if value}
        return {**before, "conditions": [*others, *conditions], **found}

    def _renewal_due(self, node: Object) -> bool:
        """Images and amounts are reported with the beat, not with every change (``nodeStatusUpdateFrequency``)."""
        return self._clock.now() >= self._renewed.get(name_of(node), float("-inf")) + RENEW_EVERY

    def _report_due(self, node: Object) -> bool:
        ready = condition_of(node, "Ready")
        beat = (ready or {}).get("lastHeartbeatTime")
        return beat is None or self._clock.now() >= seconds_of(beat) + REPORT_EVERY

    def _image_list(self, node: Object) -> list[Object]:
        found = self._nodes.images(node)[:_MOST_IMAGES]
        return [{"names": [image.id, image.name], "sizeBytes": image.size} for image in found]

    def _announce(self, node: Object) -> None:
        name = name_of(node)
        recorder = Recorder(self._api, self._clock, "kubelet", name)
        about = {**node, "metadata": {"name": name, "uid": name}}  # the kubelet's own events use the name as uid
        if condition_of(node, "Ready") is None:
            recorder.event(about, "Normal", "Starting", "Starting kubelet.")
        for reason in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"):
            recorder.event(about, "Normal", reason, f"Node {name} status is now: {reason}")


def _allocatable(status: Object) -> Object:
    """All of what somebody has advertised as a resource of the node is for pods.

    Simplified: what somebody else writes as CPU, memory or pods stays; a real kubelet knows its machine.
    """
    capacity: Object = status.get("capacity") or {}
    known: Object = status.get("allocatable") or {}
    advertised = {name: amount for name, amount in capacity.items() if is_extended(name)}
    return {**{name: amount for name, amount in known.items() if not is_extended(name)}, **advertised}


def _condition(node: Object, row: tuple[str, str, str, str], now: float) -> Object:
    kind, status, reason, message = row
    known = condition_of(node, kind)
    since = known.get("lastTransitionTime") if known and known.get("status") == status else None
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": since or timestamp(now),
        "reason": reason,
        "message": message,
    }


def _differs(node: Object, condition: Object) -> bool:
    known = condition_of(node, condition["type"]) or {}
    return any(known.get(key) != condition[key] for key in ("status", "reason", "message"))


def _lease(node: Object, spec: dict[str, Any]) -> Object:
    owner = {"apiVersion": "v1", "kind": "Node", "name": name_of(node), "uid": uid_of(node)}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name_of(node), "namespace": LEASES, "ownerReferences": [owner]},
        "spec": spec,
    }
