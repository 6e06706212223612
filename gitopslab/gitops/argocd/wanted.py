"""What Git says of an Application, resource by resource. Source: ``CompareAppState`` in ``controller/state.go``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.gitops.argocd import conditions, hooks
from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.machinery.objects import Object


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Git says.

    Attributes:
        objects: The manifests as they would be applied, by key.
        hooks: The hooks among them.
        conditions: What is odd about them.
    """

    objects: dict[Key, Object]
    hooks: dict[Key, Object]
    conditions: list[Object]


def wanted(manifests: Iterable[Object]) -> Wanted:
    """What Git says; the last manifest of a resource counts.

    Args:
        manifests: As they would be applied.
    """
    found: dict[Key, list[Object]] = {}
    odd: list[Object] = []
    for at, obj in enumerate(manifests):
        key = key_of(obj)
        if not key.name:
            key = key._replace(name=f"{obj['metadata'].get('generateName', '')}{at}")
        if is_excluded(key.group, key.kind):
            odd.append(conditions.excluded(key))
        else:
            found.setdefault(key, []).append(obj)
    odd += [conditions.repeated(key, len(many)) for key, many in found.items() if len(many) > 1]
    last = {key: many[-1] for key, many in found.items() if not hooks.is_ignored(many[-1])}
    hooked = {key: obj for key, obj in last.items() if hooks.is_hook(obj)}
    return Wanted({key: obj for key, obj in last.items() if key not in hooked}, hooked, odd)
