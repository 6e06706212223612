"""What the expressions of a policy see of one write, and what they give.

``object``, ``oldObject``, ``request``, ``params``, ``namespaceObject``, ``variables`` and ``authorizer`` are what
expressions see. A variable is evaluated when it is first asked for, and then costs whoever asked. The CEL library is
large, and imported when the first policy is evaluated.

Upstream: ``apiserver/pkg/admission/plugin/cel`` (``activation.go``, ``composition.go``).

Simplified: what an expression makes may be no larger than a request; variables that are each made of the one before
fail from about the hundredth on.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.admission.review import request_of
from gitopslab.controlplane.server.custom.cel.budget import Budget, OutOfBudget
from gitopslab.controlplane.server.custom.cel.evaluation.values import Failure
from gitopslab.controlplane.server.options import Caller
from gitopslab.machinery.objects import Object

_MOST_MADE = 3 * 1024 * 1024
"""How much an expression may make: as much as a request may hold, in characters."""

_LEAST = 3
"""As how many characters an item counts that has none, as ``[],``."""


class Scope:
    """What the expressions of a policy, or of a webhook's conditions, see of one write.

    Args:
        attributes: The write.
        param: What the policy is configured by.
        namespace: The write's.
        variables: The policy's.
        obj: The object as they see it; default that of the write.
        may_ask: Whether they may ask what somebody may do, as those that make messages may not.
    """

    def __init__(
        self,
        attributes: Attributes,
        param: Object | None,
        namespace: Object | None,
        variables: list[Object],
        obj: Object | None = None,
        *,
        may_ask: bool = True,
    ) -> None:
        self._defined = tuple((variable["name"], variable["expression"].strip()) for variable in variables)
        self._budget = Budget()
        self._names = {
            "object": attributes.object if obj is None else obj,
            "oldObject": attributes.before,
            "request": request_of(attributes),
            "params": param,
            "namespaceObject": namespace,
            "variables": _Variables(self),
            **(_authorization(attributes) if may_ask else {}),
        }

    def value(self, expression: str, budget: Budget) -> Any:
        """The value of an expression.

        Args:
            expression: It.
            budget: What it is paid from, with the variables it uses.

        Raises:
            ValueError: It has none; the message is upstream's.
            OutOfBudget: It costs too much.
        """
        return self._value(expression, budget, patches=False)

    def patch(self, expression: str) -> Any:
        """The value of an expression that makes objects; what each of them was called is still in it.

        Raises:
            ValueError: It has none, or costs too much; the message is upstream's.
        """
        from gitopslab.controlplane.server.custom.cel import texts

        try:
            made = self._value(expression, Budget(), patches=True)
        except OutOfBudget as error:
            raise ValueError(str(error)) from error
        items, characters = texts.extent(made)
        if items * _LEAST + characters > _MOST_MADE:  # little that is there many times is much once it is written
            raise ValueError(f"Request entity too large: limit is {_MOST_MADE}")
        return made

    def _value(self, expression: str, budget: Budget, *, patches: bool) -> Any:
        from gitopslab.controlplane.server.custom.cel import engine, policies

        self._budget = budget
        try:
            program = policies.program(expression.strip(), self._defined, patches=patches)
            value, cost = engine.evaluated(program, self._names, budget.deadline)
        except engine.CompileError as error:
            raise ValueError(f"compilation error: {error.told}") from error
        budget.spend(cost)
        if isinstance(value, Failure):
            raise ValueError(f"expression '{expression}' resulted in error: {value.message}")
        return value

    def variable(self, name: str) -> Any:
        """The value of a variable, or why it has none.

        Raises:
            OutOfBudget: It costs too much.
            KeyError: There is no such.
        """
        from gitopslab.controlplane.server.custom.cel import engine, policies

        program = policies.variable(name, self._defined)
        what = f'composited variable "{name}" fails'
        if isinstance(program, engine.CompileError):
            return Failure(f"{what} to compile: {program.told}")
        value, cost = engine.evaluated(program, self._names, self._budget.deadline)
        self._budget.spend(cost)
        return Failure(f"{what} to evaluate: {value.message}") if isinstance(value, Failure) else value

    def knows(self, name: object) -> bool:
        """Whether there is such a variable."""
        return any(known == name for known, _ in self._defined)


def _authorization(attributes: Attributes) -> dict[str, Any]:
    """What may be asked of what its user, and others, may do."""
    if attributes.decide is None:
        return {}
    from gitopslab.controlplane.server.custom.cel import authorizing

    who = Caller(attributes.user, attributes.groups, uid=attributes.uid, extra=attributes.extra)
    found = authorizing.authorizer(who, attributes.decide)
    resource = authorizing.request_resource(
        found, attributes.resource, attributes.subresource, attributes.namespace, attributes.name
    )
    return {"authorizer": found, "authorizer.requestResource": resource}


class _Variables(dict[str, Any]):
    """The variables of a policy, which have no value before it is asked for."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def __missing__(self, name: str) -> Any:
        if not self._scope.knows(name):
            raise KeyError(name)
        self[name] = self._scope.variable(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return self._scope.knows(name)
