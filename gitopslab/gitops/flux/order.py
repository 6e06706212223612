"""In which order Flux applies, and in which stages it waits.

Source: ``fluxcd/pkg/ssa/sort.go`` and ``kustomize-controller``'s staged apply. Deletion goes the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of

_FIRST = (
    "CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterClass", "RuntimeClass", "PriorityClass",
    "StorageClass", "VolumeSnapshotClass", "IngressClass", "GatewayClass", "ClusterRoleBinding", "ResourceQuota",
    "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret", "Service", "LimitRange", "Deployment",
    "StatefulSet", "CronJob", "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_DEFINITIONS = ("CustomResourceDefinition", "Namespace", "ClusterRole")


def in_order(objects: Iterable[Object]) -> list[Object]:
    """Objects in the order of applying."""
    return sorted(objects, key=_rank)


def stages(objects: Iterable[Object]) -> list[list[Object]]:
    """What is applied together: definitions and namespaces, then classes, then the rest; empty stages are left out."""
    found: list[list[Object]] = [[], [], []]
    for obj in in_order(objects):
        kind = str(obj.get("kind", ""))
        found[0 if kind in _DEFINITIONS else 1 if kind.endswith("Class") else 2].append(obj)
    return [stage for stage in found if stage]


def _rank(obj: Object) -> tuple[int, int, str, str, str, str]:
    kind, group = str(obj.get("kind", "")), group_of(str(obj.get("apiVersion", "")))
    if kind in _FIRST:
        place = (0, _FIRST.index(kind), "", "")
    elif kind in _LAST:
        place = (2, _LAST.index(kind), "", "")
    else:
        place = (1, 0, group, kind)
    return (*place, namespace_of(obj), name_of(obj))
