"""PodDisruptionBudgets, PriorityClasses and RuntimeClasses in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, name_of

_ABSENT = "N/A"


def _budget(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        name_of(obj),
        _ABSENT if least is None else str(least),
        _ABSENT if most is None else str(most),
        obj.get("status", {}).get("disruptionsAllowed", 0),
        age(obj, now),
    ]


def _priority_class(obj: Object, now: float) -> Cells:
    is_default = bool(obj.get("globalDefault"))
    return [name_of(obj), obj.get("value", 0), is_default, age(obj, now), obj.get("preemptionPolicy") or ""]


def _runtime_class(obj: Object, now: float) -> Cells:
    return [name_of(obj), obj.get("handler", ""), age(obj, now)]


PRINTERS = {
    "poddisruptionbudgets.policy": Printer(
        (
            NAME,
            Column("Min Available", "How many pods must stay."),
            Column("Max Unavailable", "How many pods may be away."),
            Column("Allowed Disruptions", "How many pods may be evicted now.", type="integer"),
            AGE,
        ),
        _budget,
    ),
    "priorityclasses.scheduling.k8s.io": Printer(
        (
            NAME,
            Column("Value", "The higher, the more important.", type="integer"),
            Column("Global-Default", "Whether pods without a class get this one.", type="boolean"),
            AGE,
            Column("PreemptionPolicy", "Whether its pods may push others out."),
        ),
        _priority_class,
    ),
    "runtimeclasses.node.k8s.io": Printer(
        (NAME, Column("Handler", "What runs containers of this class."), AGE), _runtime_class
    ),
}
