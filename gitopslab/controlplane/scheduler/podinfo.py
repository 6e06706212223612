"""A pod as the scheduler sees it: parsed once, asked many times.

Made by ``snapshot`` and ``queue`` from pods; read by every plugin. It interprets the spec and decides nothing.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from gitopslab.controlplane.scheduler.pod_terms import PodTerms, pod_terms
from gitopslab.controlplane.scheduler.resources import Counts, Resources, counts, shape_of
from gitopslab.machinery.hostports import HostPort, host_ports
from gitopslab.machinery.node_selector import (
    NodeSelectorTerm,
    RequiredNodes,
    preferred_nodes,
    required_nodes,
)
from gitopslab.machinery.objects import Object


class Appearance(NamedTuple):
    """What a selector can see of a pod. Pods of one ReplicaSet look alike, so nodes count appearances, not pods."""

    namespace: str
    labels: frozenset[tuple[str, str]]
    is_terminating: bool


class PodInfo:
    """One pod, with everything parsed that scheduling reads.

    Args:
        pod: The pod object; shared, never changed.
    """

    def __init__(self, pod: Object) -> None:
        self.pod = pod
        self.spec: Object = pod.get("spec") or {}
        # Read at once and not word by word: an explanation begins with thousands of pods.
        metadata: Object = pod.get("metadata") or {}
        self.name: str = metadata.get("name") or ""
        self.namespace: str = metadata.get("namespace") or ""
        self.key = self.namespace, self.name
        self.uid: str = metadata.get("uid") or ""
        self.labels: dict[str, str] = metadata.get("labels") or {}
        self.node_name: str = self.spec.get("nodeName") or ""
        self.priority = int(self.spec.get("priority") or 0)
        self.is_terminating = bool(metadata.get("deletionTimestamp"))
        self.tolerations: list[Object] = self.spec.get("tolerations") or []

    def __repr__(self) -> str:
        return f"PodInfo({self.namespace}/{self.name})"

    @property
    def nominated_node(self) -> str:
        """``status.nominatedNodeName``: where preemption is making room for this pod."""
        node: str = (self.pod.get("status") or {}).get("nominatedNodeName") or ""
        return node

    @cached_property
    def counts(self) -> Counts:
        """What it counts for: on its node, in scores, while it is being scored."""
        return counts(shape_of(self.pod))

    @property
    def requests(self) -> Resources:
        """What it holds of its node."""
        return self.counts.held

    @cached_property
    def appearance(self) -> Appearance:
        """What selectors can see of the pod."""
        return Appearance(self.namespace, frozenset(self.labels.items()), self.is_terminating)

    @cached_property
    def host_ports(self) -> tuple[HostPort, ...]:
        """The node ports that it claims."""
        return host_ports(self.spec)

    @cached_property
    def required_nodes(self) -> RequiredNodes:
        """``nodeSelector`` and required node affinity."""
        return required_nodes(self.spec)

    @cached_property
    def preferred_nodes(self) -> tuple[tuple[int, NodeSelectorTerm], ...]:
        """Preferred node affinity, with weights."""
        return preferred_nodes(self.spec)

    @cached_property
    def affinity(self) -> PodTerms:
        """Pods it wants to be near to."""
        return pod_terms((self.spec.get("affinity") or {}).get("podAffinity"), self.namespace)

    @cached_property
    def anti_affinity(self) -> PodTerms:
        """Pods it wants to be away from."""
        return pod_terms((self.spec.get("affinity") or {}).get("podAntiAffinity"), self.namespace)

    @property
    def has_pod_terms(self) -> bool:
        """Whether it has any pod affinity or anti-affinity."""
        affinity = self.spec.get("affinity") or {}
        return bool(affinity.get("podAffinity") or affinity.get("podAntiAffinity"))

    @cached_property
    def named_claims(self) -> tuple[str, ...]:
        """The PersistentVolumeClaims that its volumes name."""
        volumes = self.spec.get("volumes") or ()
        return tuple(v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v)

    @cached_property
    def generated_claims(self) -> tuple[str, ...]:
        """The claims made for its generic ephemeral volumes: ``POD-VOLUME``."""
        return tuple(f"{self.name}-{v['name']}" for v in self.spec.get("volumes") or () if "ephemeral" in v)

    @property
    def claim_names(self) -> tuple[str, ...]:
        """All its claims."""
        return self.named_claims + self.generated_claims
