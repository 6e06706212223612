"""The objects at hand, found by reference; and what a relation is.

Made by ``relations.inventory``, read by the modules that find relations and by ``graph``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gitopslab.machinery.objects import Object, created_of, name_of, namespace_of
from gitopslab.views.board import SYSTEM_NAMESPACES
from gitopslab.views.message import Message

KINDS = {
    "namespaces": "Namespace", "ingresses": "Ingress", "services": "Service", "cronjobs": "CronJob",
    "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet", "jobs": "Job", "pods": "Pod", "nodes": "Node", "configmaps": "ConfigMap",
    "secrets": "Secret", "persistentvolumeclaims": "PersistentVolumeClaim", "persistentvolumes": "PersistentVolume",
    "storageclasses": "StorageClass",
}  # fmt: skip
"""What relations are among, by plural: the fifteen kinds of the course, and nodes."""

ROOT_CERTIFICATE = "kube-root-ca.crt"
"""A ConfigMap that every namespace has and every pod reads: drawn, it would only hide the others."""


class Ref(NamedTuple):
    """Which object: its kind, its name and its namespace (empty for what is cluster-wide)."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Edge(Message):
    """One relation.

    Attributes:
        kind: A key of ``relations.MEANINGS``.
        label: What it goes by, such as the text of a selector.
        since: When both ends were there, in seconds since the epoch.
    """

    kind: str
    source: Ref
    target: Ref
    label: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        label = f" ({self.label})" if self.label else ""
        return f"{self.source} {self.kind} {self.target}{label}"


@dataclass(frozen=True, slots=True)
class Missing(Message):
    """A relation that somebody asks for and that is not there.

    Attributes:
        kind: A key of ``relations.MEANINGS``.
        wanted: What it would lead to; its name is empty when no name is asked for.
        reason: Why it is not there, as a part of a sentence.
        is_broken: Whether something has to be done; else it may come by itself.
    """

    kind: str
    source: Ref
    wanted: Ref
    reason: str
    is_broken: bool = True

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


class Inventory:
    """Objects by reference, and by kind in the order of their names."""

    def __init__(self, objects: Mapping[Ref, Object]) -> None:
        self._objects = dict(objects)
        self._by_kind: dict[str, list[Ref]] = {}
        for ref in sorted(self._objects, key=lambda ref: (ref.namespace, ref.name)):
            self._by_kind.setdefault(ref.kind, []).append(ref)

    @classmethod
    def of(cls, objects: Mapping[str, Iterable[Object]], *, namespace: str = "", system: bool = False) -> Inventory:
        """What is to be seen of all objects, by plural."""
        found: dict[Ref, Object] = {}
        for plural, several in objects.items():
            for obj in several:
                ref = Ref(KINDS[plural], name_of(obj), namespace_of(obj))
                if _is_shown(ref, namespace, system):
                    found[ref] = obj
        return cls(found)

    def __contains__(self, ref: Ref) -> bool:
        return ref in self._objects

    def __getitem__(self, ref: Ref) -> Object:
        return self._objects[ref]

    def refs(self, *kinds: str) -> list[Ref]:
        """All of some kinds, or simply all."""
        return [ref for kind in kinds or self._by_kind for ref in self._by_kind.get(kind, ())]

    def items(self, *kinds: str) -> list[tuple[Ref, Object]]:
        """The same, each with its object."""
        return [(ref, self._objects[ref]) for ref in self.refs(*kinds)]

    def edge(self, kind: str, source: Ref, target: Ref, label: str = "") -> Edge:
        """A relation that has been there since its younger end came."""
        since = max(created_of(self._objects[ref]) for ref in (source, target))
        return Edge(kind, source, target, label, since)


def _is_shown(ref: Ref, namespace: str, system: bool) -> bool:
    home = ref.name if ref.kind == "Namespace" else ref.namespace
    if not system and ref.kind == "ConfigMap" and ref.name == ROOT_CERTIFICATE:
        return False
    if namespace:
        return not home or home == namespace
    return system or home not in SYSTEM_NAMESPACES
