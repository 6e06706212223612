"""Rules of FlowSchema and PriorityLevelConfiguration. Upstream: ``pkg/apis/flowcontrol/validation``."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.flowcontrol import MANDATORY, default_objects
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, name_of

_EXEMPT = "exempt"
_LOWEST_PRECEDENCE = 10_000
_METHODS = ("ByNamespace", "ByUser")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "
_RULE = (
    ("apiGroups", "resource rules must supply at least one api group", "api groups"),
    ("resources", "resource rules must supply at least one resource", "resources"),
)


@cache
def _fixed(kind: str, name: str) -> Object:
    """The spec of a mandatory object."""
    return next(obj["spec"] for obj in default_objects() if (obj["kind"], name_of(obj)) == (kind, name))


def check_schema(causes: Causes, obj: Object) -> None:
    """A new FlowSchema."""
    spec, name = obj.get("spec") or {}, name_of(obj)
    _check_precedence(causes, spec.get("matchingPrecedence") or 0, name)
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type") not in _METHODS:
        causes.unsupported("spec.distinguisherMethod.type", {"Type": method.get("type") or ""}, _METHODS)
    level, path = (
        (spec.get("priorityLevelConfiguration") or {}).get("name") or "",
        "spec.priorityLevelConfiguration.name",
    )
    if level:
        causes.each(path, level, formats.problems_of_subdomain(level))
    else:
        causes.required(path, "must reference a priority level")
    for index, rule in enumerate(spec.get("rules") or ()):
        _check_rule(causes, rule, f"spec.rules[{index}]")
    if name in MANDATORY and not same(spec, _fixed("FlowSchema", name)):
        causes.invalid("spec", gostruct.printed("FlowSchemaSpec", spec), f"spec of '{name}' must equal the fixed value")
    _check_conditions(causes, obj)


def check_schema_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    (_check_conditions if subresource == "status" else check_schema)(causes, obj)


def _check_precedence(causes: Causes, precedence: int, name: str) -> None:
    path = "spec.matchingPrecedence"
    if precedence <= 0:
        causes.invalid(path, precedence, "must be a positive value")
    if precedence > _LOWEST_PRECEDENCE:
        causes.invalid(path, precedence, f"must not be greater than {_LOWEST_PRECEDENCE}")
    if precedence == 1 and name != _EXEMPT:
        causes.invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")


def _check_rule(causes: Causes, rule: Object, path: str) -> None:
    if not rule.get("subjects"):
        causes.required(f"{path}.subjects", "subjects must contain at least one value")
    for index, subject in enumerate(rule.get("subjects") or ()):
        _check_subject(causes, subject, f"{path}.subjects[{index}]")
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        causes.required(path, "at least one of resourceRules and nonResourceRules has to be non-empty")
    for index, found in enumerate(rule.get("resourceRules") or ()):
        _check_resources(causes, found, f"{path}.resourceRules[{index}]")
    for index, found in enumerate(rule.get("nonResourceRules") or ()):
        _check_paths(causes, found, f"{path}.nonResourceRules[{index}]")


def _check_subject(causes: Causes, subject: Object, path: str) -> None:
    kind = subject.get("kind") or ""
    field = _SUBJECTS.get(kind)
    if field is None:
        causes.unsupported(f"{path}.kind", kind, sorted(_SUBJECTS))
        return
    who = subject.get(field)
    if who is None:
        causes.required(f"{path}.{field}", f"{field} is required when subject kind is '{kind}'")
    elif not who.get("name"):
        causes.required(f"{path}.{field}.name")
    elif kind == "ServiceAccount" and who["name"] != "*":
        causes.each(f"{path}.{field}.name", who["name"], formats.problems_of_subdomain(who["name"]))
    if who is not None and kind == "ServiceAccount":
        _check_namespace_of(causes, who.get("namespace") or "", f"{path}.{field}.namespace")
    for other, name in (("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")):
        if name != field and subject.get(name) is not None:
            causes.forbidden(f"{path}.{name}", f"{name} is forbidden when subject kind is not '{other}'")


def _check_namespace_of(causes: Causes, namespace: str, path: str) -> None:
    if namespace:
        causes.each(path, namespace, formats.problems_of_label(namespace))
    else:
        causes.required(path, "must specify namespace for service account")


def _check_verbs(causes: Causes, rule: Object, path: str) -> None:
    verbs = rule.get("verbs") or []
    if not _is_wild(causes, verbs, f"{path}.verbs", "verbs must contain at least one value", "verbs") and not set(
        verbs
    ) <= set(_VERBS):
        causes.unsupported(f"{path}.verbs", verbs, _VERBS)


def _is_wild(causes: Causes, values: list[str], path: str, missing: str, others: str) -> bool:
    """Whether nothing is left to check: there is nothing, or ``*``, which stands alone."""
    if not values:
        causes.required(path, missing)
        return True
    if "*" in values and len(values) > 1:
        causes.invalid(path, values, f"if '*' is present, must not specify other {others}")
    return "*" in values


def _check_resources(causes: Causes, rule: Object, path: str) -> None:
    _check_verbs(causes, rule, path)
    for field, missing, others in _RULE:
        _is_wild(causes, rule.get(field) or [], f"{path}.{field}", missing, others)
    namespaces, here = rule.get("namespaces") or [], f"{path}.namespaces"
    missing = "resource rules that are not cluster scoped must supply at least one namespace"
    if not namespaces and rule.get("clusterScope"):
        return
    if not _is_wild(causes, namespaces, here, missing, "namespaces"):
        for index, namespace in enumerate(namespaces):
            problems = (_NAMESPACE + problem for problem in formats.problems_of_label(namespace))
            causes.each(f"{here}[{index}]", namespace, problems)


def _check_paths(causes: Causes, rule: Object, path: str) -> None:
    _check_verbs(causes, rule, path)
    urls, here = rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not _is_wild(causes, urls, here, "nonResourceURLs must contain at least one value", "non-resource URLs"):
        for index, url in enumerate(urls):
            if problem := _problem_of_url(url):
                causes.invalid(f"{here}[{index}]", url, problem)


def _problem_of_url(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    is_odd = url.count("*") > 1 or (url.count("*") == 1 and not url.endswith("/*"))
    return "wildcard can only do suffix matching" if is_odd else ""


def check_level(causes: Causes, obj: Object) -> None:
    """A new PriorityLevelConfiguration."""
    spec, name = obj.get("spec") or {}, name_of(obj)
    kind, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    if (name == _EXEMPT) != (kind == "Exempt"):
        causes.invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'")
    if kind == "Exempt":
        if limited is not None:
            causes.forbidden("spec.limited", "must be nil if the type is not Limited")
        _check_shares(causes, exempt or {}, "spec.exempt")
        _check_lendable(causes, exempt or {}, "spec.exempt")
    elif kind == "Limited":
        if exempt is not None:
            causes.forbidden("spec.exempt", "must be nil if the type is Limited")
        if limited is None:
            causes.required("spec.limited", "must not be empty when type is Limited")
        else:
            _check_limited(causes, limited, "spec.limited")
    elif kind:
        causes.unsupported("spec.type", kind, ("Exempt", "Limited"))
    else:
        causes.required("spec.type")
    _check_fixed_level(causes, spec, name)
    _check_conditions(causes, obj)


def check_level_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    (_check_conditions if subresource == "status" else check_level)(causes, obj)


def _check_fixed_level(causes: Causes, spec: Object, name: str) -> None:
    if name not in MANDATORY:
        return
    fixed, shown = _fixed("PriorityLevelConfiguration", name), gostruct.printed("PriorityLevelConfigurationSpec", spec)
    if name == _EXEMPT:
        if not same({**spec, "exempt": fixed["exempt"]}, fixed):
            causes.invalid("spec", shown, f"spec of '{name}' except the 'spec.exempt' field must equal the fixed value")
    elif not same(spec, fixed):
        causes.invalid("spec", shown, f"spec of '{name}' must equal the fixed value")


def _check_shares(causes: Causes, found: Object, path: str) -> None:
    shares = found.get("nominalConcurrencyShares") or 0
    if shares < 0:
        causes.invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")


def _check_lendable(causes: Causes, found: Object, path: str) -> None:
    lendable = found.get("lendablePercent")
    if lendable is not None and not 0 <= lendable <= 100:
        causes.invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive")


def _check_limited(causes: Causes, limited: Object, path: str) -> None:
    _check_shares(causes, limited, path)
    _check_response(causes, limited.get("limitResponse") or {}, f"{path}.limitResponse")
    _check_lendable(causes, limited, path)
    if (limited.get("borrowingLimitPercent") or 0) < 0:
        why = "if specified, must be a non-negative integer"
        causes.invalid(f"{path}.borrowingLimitPercent", limited["borrowingLimitPercent"], why)


def _check_response(causes: Causes, response: Object, here: str) -> None:
    kind, queuing = response.get("type") or "", response.get("queuing")
    if kind == "Reject":
        if queuing is not None:
            causes.forbidden(f"{here}.queuing", "must be nil if limited.limitResponse.type is not Limited")
    elif kind == "Queue":
        if queuing is None:
            causes.required(f"{here}.queuing", "must not be empty if limited.limitResponse.type is Limited")
        else:
            _check_queues(causes, queuing, f"{here}.queuing")
    elif kind:
        causes.unsupported(f"{here}.type", kind, ("Queue", "Reject"))
    else:
        causes.required(f"{here}.type")


def _check_queues(causes: Causes, queuing: dict[str, Any], path: str) -> None:
    length, queues, hand = (queuing.get(field) or 0 for field in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        causes.invalid(f"{path}.queueLengthLimit", length, "must be positive")
    if queues <= 0:
        causes.invalid(f"{path}.queues", queues, "must be positive")
    elif queues > _MOST_QUEUES:
        causes.invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}")
    if hand <= 0:
        causes.invalid(f"{path}.handSize", hand, "must be positive")
    elif hand > queues:
        causes.invalid(f"{path}.handSize", hand, f"should not be greater than queues ({queues})")
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        why = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        causes.invalid(f"{path}.handSize", hand, why)


def _check_conditions(causes: Causes, obj: Object) -> None:
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        kind, path = condition.get("type") or "", f"status.conditions[{index}].type"
        if kind in seen:
            causes.duplicate(path, kind)
        seen.add(kind)
        if not kind:
            causes.required(path)
