"""Rules of MutatingAdmissionPolicy and its bindings. Upstream: ``pkg/apis/admissionregistration/validation``.

Simplified: the cost of expressions is not estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab.controlplane.server.validation.admissionrules import check_binding_common, check_common
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

_OPERATIONS = ("*", "CONNECT", "CREATE", "UPDATE")  # what goes cannot be changed any more
_REINVOCATIONS = ("IfNeeded", "Never")
_FIELDS = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_MAKES = {"ApplyConfiguration": "Object", "JSONPatch": "list(JSONPatch)"}


def check_policy(causes: Causes, obj: Object) -> None:
    """A new or changed policy."""
    spec = obj.get("spec") or {}
    checker = check_common(causes, spec, _OPERATIONS)
    if not spec.get("mutations"):
        causes.required("spec.mutations", "mutations must contain at least one item")
    for index, mutation in enumerate(spec.get("mutations") or ()):
        _check_mutation(causes, mutation, f"spec.mutations[{index}]", checker)
    if not (policy := spec.get("reinvocationPolicy") or ""):
        causes.required("spec.reinvocationPolicy")
    elif policy not in _REINVOCATIONS:
        causes.unsupported("spec.reinvocationPolicy", policy, _REINVOCATIONS)


def check_policy_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_policy(causes, obj)


def check_binding(causes: Causes, obj: Object) -> None:
    """A new or changed binding."""
    check_binding_common(causes, obj.get("spec") or {})


def check_binding_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_binding(causes, obj)


def _check_mutation(causes: Causes, mutation: Object, path: str, checker: PolicyChecker) -> None:
    kind = mutation.get("patchType") or ""
    if not kind:
        causes.required(f"{path}.patchType")
    elif kind not in _FIELDS:
        causes.unsupported(f"{path}.patchType", kind, tuple(_FIELDS))
    else:
        field = _FIELDS[kind]
        if mutation.get(field) is None:
            causes.required(f"{path}.{field}", f"must be specified when patchType is {kind}")
        else:
            expression = (mutation[field].get("expression") or "").strip()
            _check_expression(causes, expression, f"{path}.{field}.expression", checker, _MAKES[kind])
        for other in _FIELDS.values():
            if other != field and mutation.get(other) is not None:
                why = f"must not be specified when patchType is {kind}"
                causes.invalid(f"{path}.{other}", f"{{{other}}}", why)


def _check_expression(causes: Causes, expression: str, path: str, checker: PolicyChecker, wanted: str) -> None:
    from gitopslab.controlplane.server.custom.cel import engine

    if not expression:
        causes.required(path)
        return
    try:
        kind = checker.check_patch(expression)
    except engine.CompileError as error:
        causes.invalid(path, expression, error.told)
        return
    if kind not in (wanted, ""):
        causes.invalid(path, expression, f"must evaluate to {wanted} but got {kind}")
