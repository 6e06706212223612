"""Whether what a Kustomization depends on is ready (``spec.dependsOn``).

A ``readyExpr`` decides instead of the usual checks; adding it to them takes a feature gate, which is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.gitops.flux.expressions import ExpressionError, NoValueError, holds
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS
from gitopslab.machinery.objects import Object, is_condition_true, name_of, namespace_of


def unready(kustomization: Object, others: Informer, revision: str) -> str:
    """Why the first dependency that is not ready is not; empty when all are.

    Args:
        kustomization: Who depends.
        others: All Kustomizations.
        revision: What the source of this one has now.

    Raises:
        ExpressionError: A ``readyExpr`` is none.
    """
    for reference in kustomization["spec"].get("dependsOn") or ():
        namespace = reference.get("namespace") or namespace_of(kustomization)
        words = f"dependency '{namespace}/{reference['name']}'"
        other = others.get(reference["name"], namespace)
        if other is None:
            return f'{words} not found: {KUSTOMIZATIONS} "{reference["name"]}" not found'
        if expression := reference.get("readyExpr"):
            if said := refused(expression, kustomization, other):
                return said
            continue
        status = other.get("status") or {}
        is_current = status.get("observedGeneration") == other["metadata"].get("generation")
        if not is_current or not is_condition_true(other, "Ready"):
            return f"{words} is not ready"
        if source_of(other) == source_of(kustomization) and status.get("lastAppliedRevision") != revision:
            return f"{words} revision is not up to date"
    return ""


def refused(expression: str, obj: Object, other: Object) -> str:
    """Why a ``readyExpr`` does not hold; empty when it does.

    Args:
        expression: In CEL.
        obj: Who depends, ``self``.
        other: What it depends on, ``dep``.

    Raises:
        ExpressionError: It is no expression.
    """
    try:
        if holds(expression, {"self": obj, "dep": other}, ("self", "dep")):
            return ""
    except NoValueError as error:
        return error.message
    except ExpressionError as error:
        what = f"terminal error: failed to evaluate dependency {name_of(other)}"
        raise ExpressionError(f"{what}: {error.message}") from error
    return f"dependency '{namespace_of(other)}/{name_of(other)}' is not ready according to readyExpr eval"


def is_circular(users: Sequence[Object]) -> bool:
    """Whether some Kustomizations wait for each other in a circle; a new revision is told to none of them then.

    They come to it at their interval. Source: ``fluxcd/pkg/runtime/dependency/sort.go``.
    """
    order: TopologicalSorter[tuple[str, str]] = TopologicalSorter()
    for each in users:
        wanted = each["spec"].get("dependsOn") or ()
        others = [(one.get("namespace") or namespace_of(each), one["name"]) for one in wanted]
        order.add((namespace_of(each), name_of(each)), *others)
    try:
        order.prepare()
    except CycleError:
        return True
    return False


def source_of(kustomization: Object) -> tuple[str, str, str]:
    """Kind, namespace and name of ``spec.sourceRef``."""
    reference = kustomization["spec"]["sourceRef"]
    return reference["kind"], reference.get("namespace") or namespace_of(kustomization), reference["name"]
