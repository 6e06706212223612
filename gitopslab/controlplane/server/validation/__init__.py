"""Validation: whether an object keeps the rules of its kind, and whether a change is one its kind allows.

``verbs`` calls ``validate`` after defaults, admission and strategy; what it returns becomes the 422 with
``errors.invalid``. The rules, their texts and their order are those of ``pkg/apis/*/validation`` of Kubernetes 1.36,
a module a subject. Each rule takes the part it checks, its path, and the ``Causes`` it reports into.

Types and unknown fields were checked before, in ``decode``; what depends on other objects is ``admission``'s.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats, kinds, metadata
from gitopslab.controlplane.server.validation.causes import Cause, Causes
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

__all__ = ["Cause", "validate"]


def validate(resource: Resource, obj: Object, before: Object | None, subresource: str) -> list[Cause]:
    """What is wrong with a new object, or with the change from ``before`` to ``obj``.

    Args:
        resource: The type of the objects.
        obj: The wished state, complete with defaults.
        before: The stored state; None for a new object.
        subresource: What is written: ``status``, ``binding``, …; empty for the object itself.

    Returns:
        One ``(field, reason, message)`` an error, in upstream's order; empty when all is well.
    """
    if not resource.stored:
        return []  # a review is answered, not kept, so it needs no name
    causes = Causes()
    rules = kinds.rules_of(resource)
    if before is None:
        metadata.check(causes, obj, namespaced=resource.namespaced, name=rules.name, any_finalizer=rules.any_finalizer)
        rules.create(causes, obj)
    else:
        _check_change(causes, resource, rules, obj, before, subresource)
    return causes.found


def _check_change(
    causes: Causes, resource: Resource, rules: kinds.Rules, obj: Object, before: Object, subresource: str
) -> None:
    """Faults in metadata are told for every kind alike, and once more by each rule of the kind that looks there."""

    def look(part: kinds.Part, name: formats.Check, *, any_finalizer: bool) -> None:
        if part == "whole":
            metadata.check(causes, obj, namespaced=resource.namespaced, name=name, any_finalizer=any_finalizer)
        else:
            metadata.check_update(causes, obj, before, any_finalizer=any_finalizer)

    for part in ("whole", "change"):
        look(part, formats.problems_of_path_segment, any_finalizer=True)
    again = rules.again_in_parts if subresource in kinds.PARTS else rules.again
    first = again[:1] if again == kinds.AROUND else again
    for part in first:
        look(part, rules.name, any_finalizer=rules.any_finalizer)
    rules.change(causes, obj, before, subresource)
    for part in again[len(first) :]:
        look(part, rules.name, any_finalizer=rules.any_finalizer)
