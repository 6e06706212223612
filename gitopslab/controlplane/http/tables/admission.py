"""Admission policies, their bindings, and configurations of webhooks in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, UNSET, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.selectors import go_text

_GROUP = "admissionregistration.k8s.io"
_PARAM_KIND = Column("ParamKind", "Of which kind its parameters are.")


def _validating(obj: Object, now: float) -> Cells:
    return _policy(obj, "validations", now)


def _mutating(obj: Object, now: float) -> Cells:
    return _policy(obj, "mutations", now)


def _policy(obj: Object, counted: str, now: float) -> Cells:
    spec = obj.get("spec", {})
    kind = spec.get("paramKind")
    shown = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET
    return [name_of(obj), len(spec.get(counted) or ()), shown, age(obj, now)]


def _binding(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    return [name_of(obj), spec.get("policyName", ""), _param(spec.get("paramRef")), age(obj, now)]


def _param(reference: Object | None) -> str:
    """Which parameters: of any namespace where none is named, since it is that of the write."""
    if not reference:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return go_text(reference["selector"]) if reference.get("selector") is not None else UNSET


def _webhooks(obj: Object, now: float) -> Cells:
    return [name_of(obj), len(obj.get("webhooks") or ()), age(obj, now)]


_BINDINGS = Printer(
    (
        NAME,
        Column("PolicyName", "Which policy it puts into effect."),
        Column("ParamRef", "With which parameters."),
        AGE,
    ),
    _binding,
)
_CONFIGURATIONS = Printer((NAME, Column("Webhooks", "How many it has.", "integer"), AGE), _webhooks)

PRINTERS = {
    f"validatingadmissionpolicies.{_GROUP}": Printer(
        (NAME, Column("Validations", "How many rules it has.", "integer"), _PARAM_KIND, AGE), _validating
    ),
    f"mutatingadmissionpolicies.{_GROUP}": Printer(
        (NAME, Column("Mutations", "How many changes it makes.", "integer"), _PARAM_KIND, AGE), _mutating
    ),
    f"validatingadmissionpolicybindings.{_GROUP}": _BINDINGS,
    f"mutatingadmissionpolicybindings.{_GROUP}": _BINDINGS,
    f"validatingwebhookconfigurations.{_GROUP}": _CONFIGURATIONS,
    f"mutatingwebhookconfigurations.{_GROUP}": _CONFIGURATIONS,
}
