"""Which nodes a pod asks for: ``nodeSelector`` and node affinity (``component-helpers/scheduling/corev1``).

The scheduler compiles these once a pod, the DaemonSet controller once a template; both then ask them node by node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.machinery.selectors import Requirement, Selector, from_map

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


def _requirements(expressions: Any) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(item["key"], _OPERATORS[item["operator"]], tuple(item.get("values") or ()))
        for item in expressions or ()
    )


@dataclass(frozen=True, slots=True)
class NodeSelectorTerm:
    """One alternative: label expressions and fields that must all hold; without any it selects nothing."""

    labels: Selector
    fields: Selector

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node with these labels and this name meets the term."""
        if not self.labels.requirements and not self.fields.requirements:
            return False
        return self.labels.matches(labels) and self.fields.matches({"metadata.name": name})

    @property
    def names(self) -> set[str] | None:
        """The node names this term is limited to, or None when it is not."""
        sets = [set(field.values) for field in self.fields.requirements if field.operator == "in"]
        return set.intersection(*sets) if sets else None


def term_of(term: Object) -> NodeSelectorTerm:
    """Compile a ``v1.NodeSelectorTerm``."""
    return NodeSelectorTerm(
        Selector(_requirements(term.get("matchExpressions"))), Selector(_requirements(term.get("matchFields")))
    )


@dataclass(frozen=True, slots=True)
class RequiredNodes:
    """What ``nodeSelector`` and required node affinity together demand.

    Attributes:
        selector: From ``spec.nodeSelector``.
        terms: Alternatives of the node affinity; None when there is no affinity, empty selects nothing.
    """

    selector: Selector
    terms: tuple[NodeSelectorTerm, ...] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is demanded."""
        return not self.selector.requirements and self.terms is None

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node with these labels and this name will do."""
        if not self.selector.matches(labels):
            return False
        return self.terms is None or any(term.matches(labels, name) for term in self.terms)


def unmet(terms: Iterable[NodeSelectorTerm], labels: Mapping[str, str], name: str) -> str:
    """What keeps a node from meeting any of some alternatives, in words: the first shortcoming of each."""
    told = [shortcoming(term.labels, labels) or shortcoming(term.fields, {"metadata.name": name}) for term in terms]
    return "; or ".join(dict.fromkeys(filter(None, told))) or "its node affinity selects no node"


def shortcoming(selector: Selector, labels: Mapping[str, str]) -> str:
    """The first requirement that labels do not meet, in words; empty when they meet all."""
    for requirement in selector.requirements:
        if not requirement.matches(labels):
            return _told(requirement, labels.get(requirement.key))
    return ""


def _told(requirement: Requirement, has: str | None) -> str:
    key, values = requirement.key, " or ".join(requirement.values)
    found = f"it is {has}" if has is not None else "the node has no such label"
    match requirement.operator:
        case "in":
            return f"{key} must be {values}, {found}"
        case "notin":
            return f"{key} must not be {values}"
        case "exists":
            return f"the node has no label {key}"
        case "!":
            return f"the node must not have label {key}, which is {has}"
    return f"{key} must be {'more' if requirement.operator == 'gt' else 'less'} than {values}, {found}"


def required_nodes(spec: Object) -> RequiredNodes:
    """Compile the demands of a pod's spec."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return RequiredNodes(from_map(spec.get("nodeSelector")), None if required is None else selector_terms(required))


def selector_terms(selector: Object) -> tuple[NodeSelectorTerm, ...]:
    """Compile a ``v1.NodeSelector``: alternatives of which one must hold."""
    return tuple(term_of(term) for term in selector.get("nodeSelectorTerms") or ())


def preferred_nodes(spec: Object) -> tuple[tuple[int, NodeSelectorTerm], ...]:
    """Compile the preferred terms with their weights; empty terms select nothing and are left out."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple((int(term["weight"]), term_of(term["preference"])) for term in terms)
