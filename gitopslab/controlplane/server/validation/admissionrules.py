"""What policies and webhooks of admission have in common: rules, selectors, conditions, variables, parameters.

Upstream: ``pkg/apis/admissionregistration/validation``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

FAILURE_POLICIES = ("Fail", "Ignore")
MATCH_POLICIES = ("Equivalent", "Exact")
_SCOPES = ("*", "Cluster", "Namespaced")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_MOST_CONDITIONS = 64


def check_common(causes: Causes, spec: Object, operations: tuple[str, ...] = _OPERATIONS) -> PolicyChecker:
    """What both kinds of policies have in common.

    Args:
        causes: What is wrong.
        spec: Of the policy.
        operations: Those that such a policy can be about.

    Returns:
        What holds the policy's own expressions against their types.
    """
    if (failure := spec.get("failurePolicy")) not in FAILURE_POLICIES:
        causes.unsupported("spec.failurePolicy", failure, FAILURE_POLICIES)
    if (kind := spec.get("paramKind")) is not None:
        check_kind(causes, kind, "spec.paramKind")
    wanted = spec.get("matchConstraints")
    if wanted is None:
        causes.required("spec.matchConstraints")
    else:
        check_matches(causes, wanted, "spec.matchConstraints")
        if not wanted.get("resourceRules"):
            causes.required("spec.matchConstraints.resourceRules")
        for operation in [each for rule in wanted.get("resourceRules") or () for each in rule.get("operations") or ()]:
            if operation in _OPERATIONS and operation not in operations:
                causes.unsupported("spec.matchConstraints.resourceRules.operations", operation, operations)
    checker = checker_of(spec)
    check_conditions(causes, spec.get("matchConditions") or [], checker, "spec.matchConditions")
    for index, variable in enumerate(spec.get("variables") or ()):
        check_variable(causes, variable, f"spec.variables[{index}]", checker)
    return checker


def check_binding_common(causes: Causes, spec: Object) -> None:
    """What both kinds of bindings have in common."""
    if name := spec.get("policyName") or "":
        causes.each("spec.policyName", name, formats.problems_of_subdomain(name))
    else:
        causes.required("spec.policyName")
    if (reference := spec.get("paramRef")) is not None:
        check_reference(causes, reference, "spec.paramRef")
    if (wanted := spec.get("matchResources")) is not None:
        check_matches(causes, wanted, "spec.matchResources")


def checker_of(spec: Object) -> PolicyChecker:
    """What the expressions of a policy are held against."""
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker  # the library is large

    return PolicyChecker(has_params=spec.get("paramKind") is not None)


def check_kind(causes: Causes, kind: Object, path: str) -> None:
    """The kind of a policy's parameters."""
    _check_group_version(causes, kind.get("apiVersion") or "", f"{path}.apiVersion")
    name = kind.get("kind") or ""
    if not name:
        causes.required(f"{path}.kind")
    elif problems := formats.problems_of_1035_label(name.lower()):
        why = f"may have mixed case, but should otherwise match: {','.join(problems)}"
        causes.invalid(f"{path}.kind", name, why)


def _check_group_version(causes: Causes, written: str, path: str) -> None:
    group, _, version = written.rpartition("/")
    if not written:
        causes.required(path)
    elif "/" in group:
        causes.invalid(path, written, f"unexpected GroupVersion string: {written}")
    else:
        if group:
            causes.each(path, group, formats.problems_of_subdomain(group))
        if version:
            causes.each(path, version, formats.problems_of_1035_label(version))
        else:
            causes.invalid(path, written, "version must be specified")


def check_matches(causes: Causes, wanted: Object, path: str) -> None:
    """Which writes a policy or binding is about."""
    if (policy := wanted.get("matchPolicy")) not in MATCH_POLICIES:
        causes.unsupported(f"{path}.matchPolicy", policy, MATCH_POLICIES)
    for field in ("namespaceSelector", "objectSelector"):
        check_selector(causes, wanted.get(field), f"{path}.{field}")
    for field in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(wanted.get(field) or ()):
            check_rule(causes, rule, f"{path}.{field}[{index}]")


def check_rule(causes: Causes, rule: Object, path: str) -> None:
    """A rule that names operations and resources."""
    names = rule.get("resourceNames") or []
    for index, name in enumerate(names):
        causes.each(f"{path}.resourceNames[{index}]", name, formats.problems_of_path_segment(name))
        if name in names[:index]:
            causes.duplicate(f"{path}.resourceNames[{index}]", name)
    operations = rule.get("operations") or []
    _check_listed(causes, operations, f"{path}.operations", "operations")
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            causes.unsupported(f"{path}.operations[{index}]", operation, _OPERATIONS)
    _check_listed(causes, rule.get("apiGroups") or [], f"{path}.apiGroups", "API groups")
    _check_listed(causes, rule.get("apiVersions") or [], f"{path}.apiVersions", "API versions")
    for index, version in enumerate(rule.get("apiVersions") or ()):
        if not version:
            causes.required(f"{path}.apiVersions[{index}]")
    _check_resources(causes, rule.get("resources") or [], f"{path}.resources")
    if (scope := rule.get("scope")) is not None and scope not in _SCOPES:
        causes.unsupported(f"{path}.scope", scope, _SCOPES)


def _check_listed(causes: Causes, values: list[str], path: str, others: str) -> None:
    if not values:
        causes.required(path)
    if len(values) > 1 and "*" in values:
        causes.invalid(path, values, f"if '*' is present, must not specify other {others}")


def _check_resources(causes: Causes, resources: list[str], path: str) -> None:
    """No resource is named twice, by itself and by a wildcard before it."""
    if not resources:
        causes.required(path)
    wide: list[str] = []
    for index, text in enumerate(resources):
        here = f"{path}[{index}]"
        resource, slash, sub = text.partition("/")
        if not text:
            causes.required(here)
        for known in (f"{resource}/*", f"*/{sub}") if slash else ():
            if known in wide:
                causes.invalid(here, text, f"if '{known}' is present, must not specify {text}")
        wide += [text] if slash and "*" in (resource, sub) else []
    if len(resources) > 1 and "*/*" in resources:
        causes.invalid(path, resources, "if '*/*' is present, must not specify other resources")
    if "*" in resources and any("/" not in text and text != "*" for text in resources):
        why = "if '*' is present, must not specify other resources without subresources"
        causes.invalid(path, resources, why)


def check_conditions(causes: Causes, conditions: list[Object], checker: PolicyChecker, field: str) -> None:
    """Conditions that a write must meet to be looked at."""
    if len(conditions) > _MOST_CONDITIONS:
        causes.too_many(field, len(conditions), _MOST_CONDITIONS)
    names: set[str] = set()
    for index, condition in enumerate(conditions):
        path, name = f"{field}[{index}]", condition.get("name") or ""
        if not (condition.get("expression") or "").strip():
            causes.required(f"{path}.expression")
        else:
            expression = condition["expression"].strip()
            check_expression(causes, expression, f"{path}.expression", checker, "bool", with_variables=False)
        if not name:
            causes.required(f"{path}.name")
        else:
            causes.each(f"{path}.name", name, formats.problems_of_qualified_name(name))
        if name and name in names:
            causes.duplicate(f"{path}.name", name)
        names.add(name)


def check_variable(causes: Causes, variable: Object, path: str, checker: PolicyChecker) -> None:
    """A variable, which the expressions after it may use."""
    name, expression = variable.get("name") or "", variable.get("expression") or ""
    if not name.strip():
        causes.required(f"{path}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name):
        causes.invalid(f"{path}.name", name, "must be a valid CEL identifier")
    if not expression.strip():
        causes.required(f"{path}.expression", "expression is not specified")
    else:
        _add_variable(causes, name, expression, f"{path}.expression", checker)


def _add_variable(causes: Causes, name: str, expression: str, path: str, checker: PolicyChecker) -> None:
    from gitopslab.controlplane.server.custom.cel import engine

    try:
        checker.add(name if _IDENTIFIER.fullmatch(name) else "_", expression)
    except engine.CompileError as error:
        causes.invalid(path, expression, error.told)


def check_expression(
    causes: Causes,
    expression: str,
    path: str,
    checker: PolicyChecker,
    *wanted: str,
    with_variables: bool = True,
    with_authorizer: bool = True,
) -> None:
    """An expression, which must be of one of some types."""
    from gitopslab.controlplane.server.custom.cel import engine

    try:
        kind = checker.check(expression, with_variables=with_variables, with_authorizer=with_authorizer)
    except engine.CompileError as error:
        causes.invalid(path, expression, error.told)
        return
    if kind not in (*wanted, ""):
        types = wanted[0] if len(wanted) == 1 else f"one of [{' '.join(wanted)}]"
        causes.invalid(path, expression, f"must evaluate to {types} but got {kind}")


def check_reference(causes: Causes, reference: Object, path: str) -> None:
    """Which parameters a binding gives."""
    name, selector = reference.get("name") or "", reference.get("selector")
    both = "name and selector are mutually exclusive"
    if name:
        causes.each(f"{path}.name", name, formats.problems_of_path_segment(name))
        if selector is not None:
            causes.forbidden(f"{path}.name", both)
    if selector is not None:
        check_selector(causes, selector, f"{path}.selector")
        if name:
            causes.forbidden(f"{path}.selector", both)
    if not name and selector is None:
        causes.required(path, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        causes.required(f"{path}.parameterNotFoundAction")
    elif action not in ("Deny", "Allow"):
        causes.unsupported(f"{path}.parameterNotFoundAction", action, ("Deny", "Allow"))
