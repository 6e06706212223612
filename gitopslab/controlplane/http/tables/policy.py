"""PodDisruptionBudgets, PriorityClasses and RuntimeClasses in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, UNSET, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.selectors import go_text

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


def _admission_policy(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    kind = spec.get("paramKind")
    shown = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET
    return [name_of(obj), len(spec.get("validations") or ()), shown, age(obj, now)]


def _admission_binding(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    return [name_of(obj), spec.get("policyName", ""), _param(spec.get("paramRef")), age(obj, now)]


def _param(reference: Object | None) -> str:
    """Which parameters: of any namespace where none is named, since it is that of the write."""
    if not reference:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return go_text(reference["selector"]) if reference.get("selector") is not None else UNSET


PRINTERS = {
    "validatingadmissionpolicies.admissionregistration.k8s.io": Printer(
        (
            NAME,
            Column("Validations", "How many rules it has.", "integer"),
            Column("ParamKind", "Of which kind its parameters are."),
            AGE,
        ),
        _admission_policy,
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Printer(
        (
            NAME,
            Column("PolicyName", "Which policy it puts into effect."),
            Column("ParamRef", "With which parameters."),
            AGE,
        ),
        _admission_binding,
    ),
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
