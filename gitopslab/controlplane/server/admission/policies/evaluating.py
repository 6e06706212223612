"""A policy's expressions on one write.

``object``, ``oldObject``, ``request``, ``params``, ``namespaceObject`` and ``variables`` are what expressions see. The
CEL library is large, and imported when the first policy is evaluated.

Upstream: ``validator.go`` beside the plugin, and ``apiserver/pkg/admission/plugin/cel``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.admission.policies.faults import Fault
from gitopslab.controlplane.server.admission.review import request_of
from gitopslab.errors import aggregated
from gitopslab.machinery.objects import Object

_USED = re.compile(r"\bvariables\.(\w+)")
_LONGEST_MESSAGE = 5 * 1024


def faults_of(
    policy: Object, attributes: Attributes, param: Object | None, namespace: Object | None
) -> Iterator[Fault]:
    """What is wrong with a write: validations that do not hold, and those that fail unless that is to be ignored."""
    spec = policy["spec"]
    scope = Scope(attributes, param, namespace, spec.get("variables") or [])
    is_strict = spec.get("failurePolicy") != "Ignore"
    try:
        if not is_met(spec.get("matchConditions") or [], scope):
            return
    except ValueError as error:
        if is_strict:
            yield Fault(str(error))
        return
    for validation in spec.get("validations") or ():
        try:
            if scope.value(validation["expression"]) is not True:
                yield Fault(_message(validation, scope), validation.get("reason") or "Invalid")
        except ValueError as error:
            if is_strict:
                yield Fault(str(error))


def is_met(conditions: list[Object], scope: Scope) -> bool:
    """Whether every condition holds; one that does not counts for more than one that fails.

    Raises:
        ValueError: Some fail, and none says no.
    """
    faults: list[str] = []
    for condition in conditions:
        try:
            if scope.value(condition["expression"]) is False:
                return False
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError(aggregated(faults))
    return True


def _message(validation: Object, scope: Scope) -> str:
    said = ""
    if validation.get("messageExpression"):
        try:
            said = scope.value(validation["messageExpression"])
        except ValueError:
            said = ""  # the real server only logs it
    said = said.strip() if isinstance(said, str) else ""
    if said and len(said) <= _LONGEST_MESSAGE and "\n" not in said:
        return said
    return (validation.get("message") or "").strip() or f"failed expression: {validation['expression'].strip()}"


class Scope:
    """What the expressions of a policy, or of a webhook's conditions, see of one write.

    Args:
        attributes: The write.
        param: What the policy is configured by.
        namespace: The write's.
        variables: The policy's, which are evaluated when they are used.
        obj: The object as they see it; default that of the write.
    """

    def __init__(
        self,
        attributes: Attributes,
        param: Object | None,
        namespace: Object | None,
        variables: list[Object],
        obj: Object | None = None,
    ) -> None:
        self._expressions = {variable["name"]: variable["expression"] for variable in variables}
        self._variables: dict[str, Any] = {}
        self._faults: dict[str, str] = {}
        self._values = {
            "object": attributes.object if obj is None else obj,
            "oldObject": attributes.before,
            "request": request_of(attributes),
            "params": param,
            "namespaceObject": namespace,
            "variables": self._variables,
        }

    def value(self, expression: str) -> Any:
        """The value of an expression.

        Raises:
            ValueError: It has none; the message is upstream's.
        """
        return self._value(expression, expression.strip())

    def patch(self, expression: str) -> Any:
        """The value of an expression that makes objects; what each of them was called is still in it.

        Raises:
            ValueError: It has none; the message is upstream's.
        """
        from gitopslab.controlplane.server.custom.cel import initializers

        return self._value(expression, initializers.as_maps(expression.strip()))

    def _value(self, expression: str, program: str) -> Any:
        from gitopslab.controlplane.server.custom.cel import engine

        used = set(_USED.findall(expression)) & self._expressions.keys()
        for name in used:
            self._set(name)
        try:
            return engine.evaluate(program, self._values)
        except (engine.EvaluationError, engine.CompileError) as error:
            fault = next((self._faults[name] for name in sorted(used) if name in self._faults), str(error))
            raise ValueError(f"expression '{expression}' resulted in error: {fault}") from error

    def _set(self, name: str) -> None:
        """Evaluate a variable when it is first used; one that fails matters only to who really needs it."""
        if name in self._variables or name in self._faults:
            return
        from gitopslab.controlplane.server.custom.cel import engine

        expression = self._expressions[name]
        self._faults[name] = f'composited variable "{name}" fails to evaluate: it refers to itself'
        for other in set(_USED.findall(expression)) & self._expressions.keys():
            self._set(other)
        try:
            self._variables[name] = engine.evaluate(expression.strip(), self._values)
            del self._faults[name]
        except (engine.EvaluationError, engine.CompileError) as error:
            self._faults[name] = f'composited variable "{name}" fails to evaluate: {error}'
