"""Rules of the scopes of a ResourceQuota: which there are, what they can be about, and which exclude each other."""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_COUNT = frozenset({"pods"})
_COMPUTE = frozenset({"cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
_STORAGE = frozenset({"persistentvolumeclaims", "requests.storage"})
_ABOUT = {
    "Terminating": _COUNT | _COMPUTE,
    "NotTerminating": _COUNT | _COMPUTE,
    "NotBestEffort": _COUNT | _COMPUTE,
    "PriorityClass": _COUNT | _COMPUTE,
    "CrossNamespacePodAffinity": _COUNT | _COMPUTE,
    "BestEffort": _COUNT,
    "VolumeAttributesClass": _STORAGE,
}
"""Which amounts a scope can narrow."""

_STANDARD = _COUNT | _COMPUTE | _STORAGE | {
    "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage", "resourcequotas", "services",
    "replicationcontrollers", "secrets", "configmaps", "services.nodeports", "services.loadbalancers",
}  # fmt: skip
_EXISTING = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
_PAIRS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def check_scopes(causes: Causes, spec: Object) -> None:
    """``scopes`` and ``scopeSelector`` of a quota."""
    scopes, selector = spec.get("scopes") or [], spec.get("scopeSelector")
    names = sorted(name for name in spec.get("hard") or () if name in _STANDARD)
    for scope in scopes:
        if scope not in _ABOUT:
            causes.invalid("spec.scopes", scopes, "unsupported scope")
        for name in names:
            if name not in _ABOUT.get(scope, _STANDARD):
                causes.invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    for one, other in _PAIRS:
        if one in scopes and other in scopes:
            causes.invalid("spec.scopes", scopes, "conflicting scopes")
    if selector is not None:
        _check_selector(causes, selector, names, scopes)


def _check_selector(causes: Causes, selector: Object, names: list[str], scopes: list[str]) -> None:
    path = "spec.scopeSelector.matchExpressions"
    found: set[str] = set()
    for requirement in selector.get("matchExpressions") or ():
        scope = requirement.get("scopeName") or ""
        if scope not in _ABOUT:
            causes.invalid(f"{path}.scopeName", scope, "unsupported scope")
        for name in names:
            if name not in _ABOUT.get(scope, _STANDARD):
                causes.invalid(path, _as_go_shows(selector), "unsupported scope applied to resource")
        _check_requirement(causes, scope, requirement, path)
        found.add(scope)
    for one, other in _PAIRS:
        if one in found and other in found:
            causes.invalid(path, scopes or None, "conflicting scopes")


def _check_requirement(causes: Causes, scope: str, requirement: Object, path: str) -> None:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if scope in _EXISTING and operator != "Exists":
        causes.invalid(f"{path}.operator", operator, _MUST_EXIST)
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            causes.required(f"{path}.values", text)
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            causes.invalid(f"{path}.values", values, text)
    else:
        causes.invalid(f"{path}.operator", operator, "not a valid selector operator")


def _as_go_shows(selector: Object) -> Object:
    requirements = [
        {
            "ScopeName": requirement.get("scopeName") or "",
            "Operator": requirement.get("operator") or "",
            "Values": requirement.get("values"),
        }
        for requirement in selector.get("matchExpressions") or ()
    ]
    return {"MatchExpressions": requirements}
