"""Who stands with whom: a root with all it made, and the Services and Ingresses that lead to it.

Called by ``graph.layout``. A family is a function of owners and labels alone, so no object changes place because
another one came or changed its state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from gitopslab.machinery.objects import labels_of
from gitopslab.machinery.selectors import from_map
from gitopslab.views.board import natural
from gitopslab.views.relations import Edge, Inventory, Ref

WORKLOADS = ("CronJob", "Deployment", "StatefulSet", "DaemonSet")
MIDDLE = ("ReplicaSet", "Job")
_BODY = (*WORKLOADS, *MIDDLE, "Pod")
_TEMPLATED = (*WORKLOADS, *MIDDLE)


@dataclass(slots=True)
class Family:
    """A root and what belongs to it, by the column it stands in.

    Attributes:
        root: The workload, or a lone ReplicaSet, Job, pod, Service or Ingress.
        groups: The pods by who made them, directly: a ReplicaSet, a Job, the root itself, or nobody.
    """

    root: Ref
    ingresses: list[Ref] = field(default_factory=list)
    services: list[Ref] = field(default_factory=list)
    groups: dict[Ref, list[Ref]] = field(default_factory=dict)

    @property
    def refs(self) -> Iterable[Ref]:
        """All of it."""
        yield from self.ingresses
        yield from self.services
        if self.root.kind in _BODY:
            yield self.root
        for maker, pods in self.groups.items():
            if maker != self.root:
                yield maker
            yield from pods


def families(inventory: Inventory, edges: Iterable[Edge], namespace: str) -> list[Family]:
    """The families of a namespace, by the name of their roots."""
    made_by = {edge.target: edge.source for edge in edges if edge.kind == "owns"}
    found: dict[Ref, Family] = {}
    for ref in inventory.refs(*_BODY):
        if ref.namespace == namespace:
            _join(found, ref, made_by)
    here = list(found.values())
    for ref in inventory.refs("Service"):
        if ref.namespace == namespace:
            _home_of_service(inventory, ref, here, found).services.append(ref)
    routed = defaultdict(list)
    for edge in edges:
        if edge.kind == "routes":
            routed[edge.source].append(edge.target)
    for ref in inventory.refs("Ingress"):
        if ref.namespace == namespace:
            known = [family for family in found.values() if any(to in family.services for to in routed[ref])]
            (known[0] if known else found.setdefault(ref, Family(ref))).ingresses.append(ref)
    return sorted(found.values(), key=lambda family: (natural(family.root.name), family.root.kind))


def _join(found: dict[Ref, Family], ref: Ref, made_by: dict[Ref, Ref]) -> None:
    line = [ref]
    while line[-1] in made_by and made_by[line[-1]] not in line:
        line.append(made_by[line[-1]])
    root = line[-1]
    family = found.setdefault(root, Family(root))
    if ref.kind in MIDDLE:
        family.groups.setdefault(ref, [])
    elif ref.kind == "Pod":
        maker = line[1] if len(line) > 1 else ref
        family.groups.setdefault(maker, []).append(ref)


def _home_of_service(inventory: Inventory, ref: Ref, here: list[Family], found: dict[Ref, Family]) -> Family:
    """The first family whose pods the Service selects, also while it has none: its template tells their labels."""
    wanted = inventory[ref].get("spec", {}).get("selector") or {}
    for family in sorted(here, key=lambda each: natural(each.root.name)) if wanted else ():
        if any(from_map(wanted).matches(labels) for labels in _pod_labels(inventory, family)):
            return family
    return found.setdefault(ref, Family(ref))


def _pod_labels(inventory: Inventory, family: Family) -> Iterable[dict[str, str]]:
    for ref in (family.root, *family.groups):
        if ref.kind in _TEMPLATED:
            spec = inventory[ref].get("spec", {})
            of_jobs = (spec.get("jobTemplate") or {}).get("spec") or {}
            yield labels_of(spec.get("template") or of_jobs.get("template") or {})
    for pods in family.groups.values():
        yield from (labels_of(inventory[pod]) for pod in pods)
