"""Rules of ValidatingAdmissionPolicy and its bindings. Upstream: ``pkg/apis/admissionregistration/validation``.

Simplified: the cost of expressions is not estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.admissionrules import (
    check_binding_common,
    check_common,
    check_expression,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, name_of

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

_ACTIONS = ("Audit", "Deny", "Warn")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_NEITHER = "validations or auditAnnotations must contain at least one item"
_TWICE = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


def check_policy(causes: Causes, obj: Object) -> None:
    """A new or changed policy."""
    spec = obj.get("spec") or {}
    checker = check_common(causes, spec)
    check = partial(check_expression, causes, with_variables=bool(spec.get("variables")))
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        causes.required("spec.validations", _NEITHER)
        causes.required("spec.auditAnnotations", _NEITHER)
    for index, validation in enumerate(spec.get("validations") or ()):
        _check_validation(causes, validation, f"spec.validations[{index}]", checker, check)
    for index, annotation in enumerate(spec.get("auditAnnotations") or ()):
        _check_annotation(causes, annotation, f"spec.auditAnnotations[{index}]", name_of(obj), checker, check)
    keys = [annotation.get("key", "") for annotation in spec.get("auditAnnotations") or ()]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            causes.duplicate(f"spec.auditAnnotations[{index}].key", key)


def check_policy_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource != "status":
        check_policy(causes, obj)


def _check_validation(
    causes: Causes, validation: Object, path: str, checker: PolicyChecker, check: Callable[..., None]
) -> None:
    expression, message = validation.get("expression") or "", validation.get("message") or ""
    said = validation.get("messageExpression") or ""
    if not expression.strip():
        causes.required(f"{path}.expression", "expression is not specified")
    else:
        check(expression, f"{path}.expression", checker, "bool")
    if said and not said.strip():
        causes.invalid(f"{path}.messageExpression", said, "must be non-empty if specified")
    elif said:
        check(said, f"{path}.messageExpression", checker, "string", with_authorizer=False)
    if message and not message.strip():
        causes.invalid(f"{path}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip() or "\r" in message.strip():
        causes.invalid(f"{path}.message", message, "must not contain line breaks")
    if (reason := validation.get("reason")) is not None and reason not in _REASONS:
        causes.unsupported(f"{path}.reason", reason, _REASONS)


def _check_annotation(
    causes: Causes, annotation: Object, path: str, name: str, checker: PolicyChecker, check: Callable[..., None]
) -> None:
    """In the audit log a key stands behind the name of its policy."""
    qualified = f"{name}/{annotation.get('key', '')}"
    causes.each(f"{path}.key", qualified, formats.problems_of_qualified_name(qualified))
    expression = annotation.get("valueExpression") or ""
    if not expression.strip():
        causes.required(f"{path}.valueExpression", "valueExpression is not specified")
    else:
        check(expression, f"{path}.valueExpression", checker, "string", "null_type")


def check_binding(causes: Causes, obj: Object) -> None:
    """A new or changed binding."""
    spec = obj.get("spec") or {}
    check_binding_common(causes, spec)
    _check_actions(causes, spec.get("validationActions") or [], "spec.validationActions")


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
