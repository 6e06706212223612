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
    """Metadata are judged for every kind alike first, and then once more wherever the rules of the kind do it."""
    for part in ("whole", "change"):
        _look(causes, resource, part, obj, before, name=formats.problems_of_path_segment, any_finalizer=True)
    for step in rules.parts if subresource in kinds.PARTS else rules.steps:
        match step:
            case "new":
                rules.create(causes, obj)
            case "rules":
                rules.change(causes, obj, before, subresource)
            case _:
                _look(causes, resource, step, obj, before, name=rules.name, any_finalizer=rules.any_finalizer)


def _look(
    causes: Causes,
    resource: Resource,
    part: str,
    obj: Object,
    before: Object,
    *,
    name: formats.Check,
    any_finalizer: bool,
) -> None:
    """Judge metadata as a whole, or what changed of them."""
    if part == "whole":
        metadata.check(causes, obj, namespaced=resource.namespaced, name=name, any_finalizer=any_finalizer)
    else:
        metadata.check_update(causes, obj, before, any_finalizer=any_finalizer)
