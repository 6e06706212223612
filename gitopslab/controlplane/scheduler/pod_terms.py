"""Terms of pod affinity and anti-affinity: which other pods a pod wants near or far.

``podinfo`` compiles them once a pod; InterPodAffinity asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitopslab.machinery.objects import Object
from gitopslab.machinery.selectors import Selector, from_label_selector

NamespaceLabels = Callable[[str], Mapping[str, str]]
"""Gives the labels of a namespace by its name."""


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """Pods of some namespaces with some labels, compared by one topology key."""

    namespaces: frozenset[str]
    namespace_selector: Selector | None
    selector: Selector | None
    topology_key: str

    def matches(self, namespace: str, labels: Mapping[str, str], namespace_labels: NamespaceLabels) -> bool:
        """Whether a pod in this namespace with these labels is meant."""
        if self.selector is None or not self.selector.matches(labels):
            return False
        if namespace in self.namespaces:
            return True
        return self.namespace_selector is not None and self.namespace_selector.matches(namespace_labels(namespace))


WeightedTerm = tuple[int, AffinityTerm]


@dataclass(frozen=True, slots=True)
class PodTerms:
    """One direction (affinity or anti-affinity) of a pod's terms."""

    required: tuple[AffinityTerm, ...] = ()
    preferred: tuple[WeightedTerm, ...] = ()


NO_TERMS = PodTerms()


def pod_terms(affinity: Object | None, namespace: str) -> PodTerms:
    """Compile a ``v1.PodAffinity`` or ``v1.PodAntiAffinity`` of a pod in ``namespace``."""
    if not affinity:
        return NO_TERMS
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return PodTerms(
        tuple(_term(term, namespace) for term in required),
        tuple((int(item["weight"]), _term(item["podAffinityTerm"], namespace)) for item in preferred),
    )


def _term(term: Object, namespace: str) -> AffinityTerm:
    names = term.get("namespaces") or ()
    namespaces = from_label_selector(term.get("namespaceSelector"))
    if not names and namespaces is None:
        names = (namespace,)
    return AffinityTerm(
        frozenset(names), namespaces, from_label_selector(term.get("labelSelector")), term["topologyKey"]
    )
