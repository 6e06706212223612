"""Rules of ValidatingAdmissionPolicy and its bindings. Upstream: ``pkg/apis/admissionregistration/validation``.

Simplified: the cost of expressions is not estimated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

_POLICIES, _MATCHES, _SCOPES = ("Fail", "Ignore"), ("Equivalent", "Exact"), ("*", "Cluster", "Namespaced")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_ACTIONS = ("Audit", "Deny", "Warn")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_NEITHER = "validations or auditAnnotations must contain at least one item"
_TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


def check_policy(causes: Causes, obj: Object) -> None:
    """A new or changed policy."""
    spec = obj.get("spec") or {}
    if (failure := spec.get("failurePolicy")) not in _POLICIES:
        causes.unsupported("spec.failurePolicy", failure, _POLICIES)
    if (kind := spec.get("paramKind")) is not None:
        _check_kind(causes, kind, "spec.paramKind")
    wanted = spec.get("matchConstraints")
    if wanted is None:
        causes.required("spec.matchConstraints")
    else:
        _check_matches(causes, wanted, "spec.matchConstraints")
        if not wanted.get("resourceRules"):
            causes.required("spec.matchConstraints.resourceRules")
    checker = _checker(spec)
    _check_conditions(causes, spec.get("matchConditions") or [], checker)
    for index, variable in enumerate(spec.get("variables") or ()):
        _check_variable(causes, variable, f"spec.variables[{index}]", checker)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        causes.required("spec.validations", _NEITHER)
        causes.required("spec.auditAnnotations", _NEITHER)
    for index, validation in enumerate(spec.get("validations") or ()):
        _check_validation(causes, validation, f"spec.validations[{index}]", checker)


def _checker(spec: Object) -> PolicyChecker:
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker  # the library is large

    return PolicyChecker(has_params=spec.get("paramKind") is not None)


def check_policy_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource != "status":
        check_policy(causes, obj)


def _check_kind(causes: Causes, kind: Object, path: str) -> None:
    group, _, version = (kind.get("apiVersion") or "").rpartition("/")
    if not kind.get("apiVersion"):
        causes.required(f"{path}.apiVersion")
    else:
        if group:
            causes.each(f"{path}.apiVersion", group, formats.problems_of_subdomain(group))
        causes.each(f"{path}.apiVersion", version, formats.problems_of_1035_label(version))
    name = kind.get("kind") or ""
    if not name:
        causes.required(f"{path}.kind")
    elif problems := formats.problems_of_1035_label(name.lower()):
        why = f"may have mixed case, but should otherwise match: {','.join(problems)}"
        causes.invalid(f"{path}.kind", name, why)


def _check_matches(causes: Causes, wanted: Object, path: str) -> None:
    if (policy := wanted.get("matchPolicy")) not in _MATCHES:
        causes.unsupported(f"{path}.matchPolicy", policy, _MATCHES)
    for field in ("namespaceSelector", "objectSelector"):
        check_selector(causes, wanted.get(field), f"{path}.{field}")
    for field in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(wanted.get(field) or ()):
            _check_rule(causes, rule, f"{path}.{field}[{index}]")


def _check_rule(causes: Causes, rule: Object, path: str) -> None:
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


def _check_conditions(causes: Causes, conditions: list[Object], checker: PolicyChecker) -> None:
    for index, condition in enumerate(conditions):
        path, name = f"spec.matchConditions[{index}]", condition.get("name") or ""
        if not (condition.get("expression") or "").strip():
            causes.required(f"{path}.expression")
        else:
            expression = condition["expression"].strip()
            _check_expression(causes, expression, f"{path}.expression", checker, "bool", with_variables=False)
        if not name:
            causes.required(f"{path}.name")
        else:
            causes.each(f"{path}.name", name, formats.problems_of_qualified_name(name))


def _check_variable(causes: Causes, variable: Object, path: str, checker: PolicyChecker) -> None:
    name, expression = variable.get("name") or "", variable.get("expression") or ""
    if not name.strip():
        causes.required(f"{path}.name", "name is not specified")
    elif not _IDENTIFIER.fullmatch(name):
        causes.invalid(f"{path}.name", name, "must be a valid CEL identifier")
    if not expression.strip():
        causes.required(f"{path}.expression", "expression is not specified")
    else:
        _add_variable(causes, name, expression, f"{path}.expression", checker)


def _check_validation(causes: Causes, validation: Object, path: str, checker: PolicyChecker) -> None:
    expression, message = validation.get("expression") or "", validation.get("message") or ""
    said = validation.get("messageExpression") or ""
    if not expression.strip():
        causes.required(f"{path}.expression", "expression is not specified")
    else:
        _check_expression(causes, expression, f"{path}.expression", checker, "bool")
    if said and not said.strip():
        causes.invalid(f"{path}.messageExpression", said, "must be non-empty if specified")
    elif said:
        _check_expression(causes, said, f"{path}.messageExpression", checker, "string")
    if message and not message.strip():
        causes.invalid(f"{path}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip() or "\r" in message.strip():
        causes.invalid(f"{path}.message", message, "must not contain line breaks")
    if (reason := validation.get("reason")) is not None and reason not in _REASONS:
        causes.unsupported(f"{path}.reason", reason, _REASONS)


def _add_variable(causes: Causes, name: str, expression: str, path: str, checker: PolicyChecker) -> None:
    from gitopslab.controlplane.server.custom.cel import engine

    try:
        checker.add(name if _IDENTIFIER.fullmatch(name) else "_", expression)
    except engine.CompileError as error:
        causes.invalid(path, expression, f"compilation failed: {error}")


def _check_expression(
    causes: Causes, expression: str, path: str, checker: PolicyChecker, wanted: str, *, with_variables: bool = True
) -> None:
    from gitopslab.controlplane.server.custom.cel import engine

    try:
        kind = checker.check(expression, with_variables=with_variables)
    except engine.CompileError as error:
        causes.invalid(path, expression, f"compilation failed: {error}")
        return
    if kind not in (wanted, ""):
        causes.invalid(path, expression, f"must evaluate to {wanted} but got {kind}")


def check_binding(causes: Causes, obj: Object) -> None:
    """A new or changed binding."""
    spec = obj.get("spec") or {}
    name, actions = spec.get("policyName") or "", spec.get("validationActions") or []
    if name:
        causes.each("spec.policyName", name, formats.problems_of_subdomain(name))
    else:
        causes.required("spec.policyName")
    if (reference := spec.get("paramRef")) is not None:
        _check_reference(causes, reference, "spec.paramRef")
    if (wanted := spec.get("matchResources")) is not None:
        _check_matches(causes, wanted, "spec.matchResources")
    _check_actions(causes, actions, "spec.validationActions")


def check_binding_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_binding(causes, obj)


def _check_actions(causes: Causes, actions: list[Any], path: str) -> None:
    for index, action in enumerate(actions):
        if action not in _ACTIONS:
            causes.unsupported(f"{path}[{index}]", action, _ACTIONS)
        if action in actions[:index]:
            causes.duplicate(f"{path}[{index}]", action)
    if "Deny" in actions and "Warn" in actions:
        causes.invalid(path, actions, _TWICE)
    if not actions:
        causes.required(path, "at least one validation action is required")


def _check_reference(causes: Causes, reference: Object, path: str) -> None:
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
