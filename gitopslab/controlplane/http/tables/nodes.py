"""Nodes, and the programs of the control plane, in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, UNKNOWN, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, condition_of, find_condition, labels_of, name_of

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def _node(obj: Object, now: float) -> Cells:
    info = obj.get("status", {}).get("nodeInfo") or {}
    return [
        name_of(obj),
        _status(obj),
        ",".join(_roles(obj)) or NONE,
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _status(obj: Object) -> str:
    ready = condition_of(obj, "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else word


def _roles(obj: Object) -> list[str]:
    roles = set()
    for key, value in labels_of(obj).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL:
            roles.add(value)
    return sorted(roles - {""})


def _address(obj: Object, kind: str) -> str:
    addresses = obj.get("status", {}).get("addresses") or ()
    return next((one.get("address", "") for one in addresses if one.get("type") == kind), NONE)


def _component(obj: Object, now: float) -> Cells:
    healthy = find_condition(obj.get("conditions") or (), "Healthy")
    if healthy is None:
        return [name_of(obj), "Unknown", "", ""]
    status = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [name_of(obj), status, healthy.get("message", ""), healthy.get("error", "")]


PRINTERS = {
    "componentstatuses": Printer(
        (
            NAME,
            Column("Status", "Whether it is healthy."),
            Column("Message", "What it says of itself."),
            Column("Error", "Why it could not be asked."),
        ),
        _component,
    ),
    "nodes": Printer(
        (
            NAME,
            Column("Status", "Whether it takes pods."),
            Column("Roles", "Told by its labels."),
            AGE,
            Column("Version", "Of its kubelet."),
            Column("Internal-IP", "Its address inside the cluster.", priority=1),
            Column("External-IP", "Its address from outside.", priority=1),
            Column("OS-Image", "What it runs on.", priority=1),
            Column("Kernel-Version", "Its kernel.", priority=1),
            Column("Container-Runtime", "What runs its containers.", priority=1),
        ),
        _node,
    ),
}
