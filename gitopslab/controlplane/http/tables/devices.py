"""Device classes, claims of devices, their templates, and slices in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, is_terminating, name_of


def _claim(obj: Object, now: float) -> Cells:
    return [name_of(obj), _state(obj), age(obj, now)]


def _state(claim: Object) -> str:
    """``pending``, or ``allocated`` and whether anybody has reserved it; ``deleted`` while it goes."""
    status, goes = claim.get("status", {}), is_terminating(claim)
    states = ["deleted"] if goes else []
    if status.get("allocation") is not None:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    elif not goes:
        states.append("pending")
    return ",".join(states)


def _slice(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    pool = spec.get("pool") or {}
    return [name_of(obj), spec.get("nodeName") or "", spec.get("driver", ""), pool.get("name", ""), age(obj, now)]


def _plain(obj: Object, now: float) -> Cells:
    return [name_of(obj), age(obj, now)]


PRINTERS = {
    "deviceclasses.resource.k8s.io": Printer((NAME, AGE), _plain),
    "resourceclaimtemplates.resource.k8s.io": Printer((NAME, AGE), _plain),
    "resourceclaims.resource.k8s.io": Printer(
        (NAME, Column("State", "Whether devices have been found for it, and somebody uses them."), AGE), _claim
    ),
    "resourceslices.resource.k8s.io": Printer(
        (
            NAME,
            Column("Node", "On which node the devices are."),
            Column("Driver", "Which driver they belong to."),
            Column("Pool", "Which of its pools they are of."),
            AGE,
        ),
        _slice,
    ),
}
