"""How well an object is, with the rules that a Kustomization brings along for some kinds (``healthCheckExprs``).

Kinds without such a rule are kstatus' business. Source: ``fluxcd/pkg/runtime/cel/status_evaluator.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitopslab.gitops.flux.expressions import ExpressionError, NoValueError, compiled, holds
from gitopslab.gitops.health.kstatus import NOT_FOUND, Health, Status, health_of
from gitopslab.machinery.objects import Object, group_of

_ORDER = (("inProgress", Status.IN_PROGRESS), ("failed", Status.FAILED), ("current", Status.CURRENT))


@dataclass(frozen=True, slots=True)
class Checks:
    """The rules of one Kustomization, by group and kind; an empty kind is every kind of the group."""

    rules: dict[tuple[str, str], Object]

    @classmethod
    def read(cls, expressions: Sequence[Object]) -> Checks:
        """The rules of ``spec.healthCheckExprs``.

        Raises:
            ExpressionError: Two are for the same kind, or one is no CEL.
        """
        rules: dict[tuple[str, str], Object] = {}
        for at, each in enumerate(expressions):
            key = (group_of(each.get("apiVersion", "")), each.get("kind", ""))
            if key in rules:
                named = ".".join(filter(None, reversed(key)))
                raise ExpressionError(f"duplicate custom health check for GroupKind {named} at healthchecks[{at}]")
            for name, _ in reversed(_ORDER):
                _must_compile(each.get(name, ""), name, at)
            rules[key] = each
        return cls(rules)

    def health(self, obj: Object | None, now: float) -> Health:
        """How an object is now, in epoch seconds; None is one that is not there."""
        if obj is None:
            return NOT_FOUND
        group = group_of(str(obj.get("apiVersion", "")))
        rule = self.rules.get((group, str(obj.get("kind", "")))) or self.rules.get((group, ""))
        return health_of(obj, now) if rule is None else _evaluated(rule, obj)


NONE = Checks({})
"""No rules but kstatus'."""


def _must_compile(expression: str, name: str, at: int) -> None:
    words = f"failed to create custom status evaluator for healthchecks[{at}]"
    title = name[0].upper() + name[1:]
    if not expression:
        if name == "current":
            raise ExpressionError(f"{words}: expression {title} not specified")
        return
    try:
        compiled(expression)
    except ExpressionError as error:
        raise ExpressionError(f"{words}: failed to parse the expression {title}: {error.message}") from error


def _evaluated(rule: Object, obj: Object) -> Health:
    observed = (obj.get("status") or {}).get("observedGeneration")
    generation = obj["metadata"].get("generation")
    if isinstance(observed, int) and isinstance(generation, int) and observed != generation:
        return Health(Status.IN_PROGRESS)
    for name, status in _ORDER:
        expression = rule.get(name)
        try:
            if expression and holds(expression, obj):
                return Health(status)
        except NoValueError as error:
            return Health(Status.UNKNOWN, error.message)
    return Health(Status.IN_PROGRESS)
