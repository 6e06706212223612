"""Rules of what steers the scheduler: tolerations, affinities, spread constraints, gates; and of node taints.

Called by ``podspec`` and for nodes and persistent volumes; how they are honoured is the scheduler's.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.controlplane.server.validation.numbers import POSITIVE
from gitopslab.machinery.objects import Object

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_SPREAD_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_NODE_POLICIES = ("Honor", "Ignore")


def check_tolerations(causes: Causes, tolerations: list[Object], path: str) -> None:
    """``spec.tolerations``."""
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        effect, value = toleration.get("effect") or "", toleration.get("value") or ""
        if key:
            causes.each(f"{here}.key", key, formats.problems_of_qualified_name(key))
        if not key and operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            causes.invalid(f"{here}.operator", operator, text)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            causes.invalid(f"{here}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        _check_toleration_value(causes, operator, value, here)
        if effect and effect not in EFFECTS:
            causes.unsupported(f"{here}.effect", effect, EFFECTS)


def _check_toleration_value(causes: Causes, operator: str, value: str, path: str) -> None:
    if operator in ("", "Equal"):
        if problems := formats.problems_of_label_value(value):
            causes.invalid(f"{path}.operator", value, ";".join(problems))
    elif operator == "Exists":
        if value:
            causes.invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    else:
        # Lt and Gt are behind a feature gate that is off; who asks for them is told their names all the same.
        gated = ("Lt", "Gt") if operator in ("Lt", "Gt") else ()
        causes.unsupported(f"{path}.operator", operator, ("Equal", "Exists", *gated))


def check_taints(causes: Causes, taints: list[Object], path: str) -> None:
    """``spec.taints`` of a node: unique by key and effect."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        here = f"{path}[{index}]"
        key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
        causes.each(f"{here}.key", key, formats.problems_of_qualified_name(key))
        if problems := formats.problems_of_label_value(value):
            causes.invalid(f"{here}.value", value, ";".join(problems))
        if not effect:
            causes.required(f"{here}.effect")
        elif effect not in EFFECTS:
            causes.unsupported(f"{here}.effect", effect, EFFECTS)
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
            causes.duplicate(here, shown, "taints must be unique by key and effect pair")
        seen.add((key, effect))


def check_affinity(causes: Causes, affinity: Object, path: str) -> None:
    """``spec.affinity``."""
    node = affinity.get("nodeAffinity")
    if node is not None:
        if node.get(_REQUIRED) is not None:
            check_node_selector(causes, node[_REQUIRED], f"{path}.nodeAffinity.{_REQUIRED}")
        for index, term in enumerate(node.get(_PREFERRED) or ()):
            here = f"{path}.nodeAffinity.{_PREFERRED}[{index}]"
            _check_weight(causes, term, here)
            _check_node_term(causes, term.get("preference") or {}, f"{here}.preference", values=False)
    for kind in ("podAffinity", "podAntiAffinity"):
        if affinity.get(kind) is not None:
            _check_pod_affinity(causes, affinity[kind], f"{path}.{kind}")


def check_node_selector(causes: Causes, selector: Object, path: str) -> None:
    """Terms that select nodes."""
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        causes.required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        _check_node_term(causes, term, f"{path}.nodeSelectorTerms[{index}]")


def _check_node_term(causes: Causes, term: Object, path: str, *, values: bool = True) -> None:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        _check_node_requirement(causes, requirement, f"{path}.matchExpressions[{index}]", values=values)
    for index, requirement in enumerate(term.get("matchFields") or ()):
        _check_node_field(causes, requirement, f"{path}.matchFields[{index}]")


def _check_node_requirement(causes: Causes, requirement: Object, path: str, *, values: bool) -> None:
    operator, given = requirement.get("operator") or "", requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not given:
            causes.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            causes.forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt"):
        if len(given) != 1:
            causes.required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        causes.invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = requirement.get("key") or ""
    causes.each(f"{path}.key", key, formats.problems_of_qualified_name(key))
    if values:
        for index, value in enumerate(given):
            causes.each(f"{path}.values[{index}]", value, formats.problems_of_label_value(value))


def _check_node_field(causes: Causes, requirement: Object, path: str) -> None:
    operator, values, key = requirement.get("operator") or "", requirement.get("values") or [], requirement.get("key")
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            causes.required(f"{path}.values", text)
    else:
        causes.invalid(f"{path}.operator", operator, "not a valid selector operator")
    if key != "metadata.name":
        causes.invalid(f"{path}.key", key or "", "not a valid field selector key")
        return
    for index, value in enumerate(values):
        causes.each(f"{path}.values[{index}]", value, formats.problems_of_subdomain(value))


def _check_weight(causes: Causes, term: Object, path: str) -> None:
    weight = term.get("weight", 0)
    if not 1 <= weight <= 100:
        causes.invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _check_pod_affinity(causes: Causes, affinity: Object, path: str) -> None:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        _check_pod_term(causes, term, f"{path}.{_REQUIRED}[{index}]")
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        _check_weight(causes, weighted, here)
        _check_pod_term(causes, weighted.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")


def _check_pod_term(causes: Causes, term: Object, path: str) -> None:
    selector = term.get("labelSelector")
    check_selector(causes, selector, f"{path}.labelSelector")
    check_selector(causes, term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        causes.each(f"{path}.namespace", name, formats.problems_of_label(name))
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field) or []
        if keys and selector is None:
            causes.forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")
            continue
        for index, key in enumerate(keys):
            causes.each(f"{path}.{field}[{index}]", key, formats.problems_of_qualified_name(key))
    for index, key in enumerate(term.get("matchLabelKeys") or ()):
        if key in (term.get("mismatchLabelKeys") or ()):
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            causes.invalid(f"{path}.matchLabelKeys[{index}]", key, text)
    topology = term.get("topologyKey") or ""
    if not topology:
        causes.required(f"{path}.topologyKey", "can not be empty")
    causes.each(f"{path}.topologyKey", topology, formats.problems_of_qualified_name(topology))


def check_spread(causes: Causes, constraints: list[Object], path: str) -> None:
    """``spec.topologySpreadConstraints``."""
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey") or ""
        action = constraint.get("whenUnsatisfiable") or ""
        if skew <= 0:
            causes.invalid(f"{here}.maxSkew", skew, POSITIVE)
        if not key:
            causes.required(f"{here}.topologyKey", "can not be empty")
        if action not in _SPREAD_ACTIONS:
            causes.unsupported(f"{here}.whenUnsatisfiable", action, _SPREAD_ACTIONS)
        rest = ((other.get("topologyKey"), other.get("whenUnsatisfiable")) for other in constraints[index + 1 :])
        if (key, action) in rest:
            causes.duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")
        _check_domains(causes, constraint.get("minDomains"), action, f"{here}.minDomains")
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(field) is not None and constraint[field] not in _NODE_POLICIES:
                causes.unsupported(f"{here}.{field}", constraint[field], _NODE_POLICIES)
        if constraint.get("matchLabelKeys") and constraint.get("labelSelector") is None:
            text = "must not be specified when labelSelector is not set"
            causes.forbidden(f"{here}.matchLabelKeys", text)
        check_selector(causes, constraint.get("labelSelector"), f"{here}.labelSelector")


def _check_domains(causes: Causes, domains: int | None, action: str, path: str) -> None:
    if domains is None:
        return
    if domains <= 0:
        causes.invalid(path, domains, POSITIVE)
    if action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        causes.invalid(path, domains, text)


def check_gates(causes: Causes, gates: list[Object], path: str) -> None:
    """``spec.schedulingGates``."""
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        causes.each(f"{path}[{index}]", name, formats.problems_of_qualified_name(name))
        if name in seen:
            causes.duplicate(f"{path}[{index}]", name)
        seen.add(name)
