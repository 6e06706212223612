"""A policy's expressions on one write.

``scope`` has what they see, and evaluates each; this is what is made of the values. All expressions of one kind are
evaluated before the first value is looked at, and paid from what all of them together may cost. Upstream:
``validator.go`` beside the plugin, and ``webhook/matchconditions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.admission.policies.faults import Fault
from gitopslab.controlplane.server.admission.policies.scope import Scope
from gitopslab.controlplane.server.custom.cel.budget import MATCH_CONDITIONS, Budget, OutOfBudget
from gitopslab.controlplane.server.custom.cel.evaluation.values import type_name
from gitopslab.errors import aggregated
from gitopslab.machinery.objects import Object

_LONGEST_MESSAGE = 5 * 1024


def faults_of(
    policy: Object, attributes: Attributes, param: Object | None, namespace: Object | None
) -> Iterator[Fault]:
    """What is wrong with a write: validations that do not hold, and those that fail unless that is to be ignored."""
    spec = policy["spec"]
    is_strict = spec.get("failurePolicy") != "Ignore"
    try:
        if is_met(spec.get("matchConditions") or [], Scope(attributes, param, None, [])):
            variables = spec.get("variables") or []
            judging, annotating = (Scope(attributes, param, namespace, variables) for _ in range(2))
            telling = Scope(attributes, param, namespace, variables, may_ask=False)
            judged = list(_judged(spec.get("validations") or [], judging, telling, is_strict=is_strict))
            yield from [*judged, *_annotated(spec.get("auditAnnotations") or [], annotating, is_strict=is_strict)]
    except (ValueError, OutOfBudget) as error:
        if is_strict:
            yield Fault(str(error))


def _judged(validations: list[Object], scope: Scope, for_messages: Scope, *, is_strict: bool) -> Iterator[Fault]:
    """What is wrong in the eyes of validations; those that pay for their messages too little are all taken for failed.

    Raises:
        OutOfBudget: They cost too much.
    """
    budget, unpaid = Budget(), ""
    values = _values([validation["expression"] for validation in validations], scope, budget)
    told: list[Any] = [""] * len(values)
    try:
        told = _values([validation.get("messageExpression") or "" for validation in validations], for_messages, budget)
    except OutOfBudget as error:
        unpaid = f"failed messageExpression: {error}"
    for validation, value, said in zip(validations, values, told, strict=True):
        if isinstance(value, ValueError) or unpaid:
            if is_strict:
                yield Fault(str(value) if isinstance(value, ValueError) else unpaid)
        elif value is not True:
            yield Fault(_message(validation, said), validation.get("reason") or "Invalid")


def _annotated(annotations: list[Object], scope: Scope, *, is_strict: bool) -> Iterator[Fault]:
    """What keeps annotations from the audit log, which nobody keeps here; whatever a binding says, that is refused.

    Raises:
        OutOfBudget: They cost too much.
    """
    expressions = [annotation["valueExpression"] for annotation in annotations]
    for expression, value in zip(expressions, _values(expressions, scope, Budget()), strict=True):
        if isinstance(value, ValueError):
            if is_strict:
                yield Fault(str(value), is_final=True)
        elif value is not None and not isinstance(value, str):
            told = f"valueExpression '{expression}' resulted in unsupported return type: {type_name(value)}."
            yield Fault(f"{told} Return type must be either string or null.", is_final=True)


def _values(expressions: list[str], scope: Scope, budget: Budget) -> list[Any]:
    """What each expression gives, or the error that it fails with; an empty one gives nothing."""
    found: list[Any] = []
    for expression in expressions:
        try:
            found.append(scope.value(expression, budget) if expression else "")
        except ValueError as error:
            found.append(error)
    return found


def is_met(conditions: list[Object], scope: Scope) -> bool:
    """Whether every condition holds; one that does not counts for more than one that fails.

    Raises:
        ValueError: Some fail, and none says no; or they cost too much.
    """
    budget = Budget(MATCH_CONDITIONS)
    try:
        values = _values([condition["expression"] for condition in conditions], scope, budget)
    except OutOfBudget as error:
        raise ValueError(str(error)) from error
    if any(value is False for value in values):
        return False
    if faults := [str(value) for value in values if isinstance(value, ValueError)]:
        raise ValueError(aggregated(faults))
    return True


def _message(validation: Object, said: Any) -> str:
    said = said.strip() if isinstance(said, str) else ""  # the real server only logs what fails
    if isinstance(said, str) and said and len(said) <= _LONGEST_MESSAGE and "\n" not in said:
        return said
    return (validation.get("message") or "").strip() or f"failed expression: {validation['expression'].strip()}"
