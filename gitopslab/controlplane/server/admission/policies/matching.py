"""Which writes a policy or binding is about.

Upstream: ``apiserver/pkg/admission/plugin/policy/matching`` and ``webhook/predicates``.

Simplified: ``matchPolicy`` makes no difference, since a kind is asked about in the version in which it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery.objects import Object, labels_of
from gitopslab.machinery.selectors import from_label_selector

_NAMESPACES = "namespaces"


def matches(wanted: Object | None, attributes: Attributes, reader: Reader) -> bool:
    """Whether a write is one that ``matchConstraints`` or ``matchResources`` describe; nothing describes all."""
    if wanted is None:
        return True
    if any(_fits(rule, attributes) for rule in wanted.get("excludeResourceRules") or ()):
        return False
    rules = wanted.get("resourceRules") or ()
    if rules and not any(_fits(rule, attributes) for rule in rules):
        return False
    objects = [obj for obj in (attributes.object, attributes.before) if obj is not None]
    return _selects(wanted.get("namespaceSelector"), _namespaces(attributes, reader)) and _selects(
        wanted.get("objectSelector"), objects
    )


def _namespaces(attributes: Attributes, reader: Reader) -> list[Object]:
    """Whose labels a ``namespaceSelector`` looks at: none for what lies outside of namespaces."""
    if attributes.resource.key == _NAMESPACES:
        found = attributes.object if attributes.object is not None else attributes.before
    else:
        found = reader.find(_NAMESPACES, "", attributes.namespace) if attributes.namespace else None
    return [] if found is None else [found]


def _selects(selector: Object | None, objects: Iterable[Object]) -> bool:
    """Whether a selector selects one of these; an empty one, or one with nothing to look at, does."""
    if not selector or not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return True
    found = from_label_selector(selector)
    looked_at = list(objects)
    return not looked_at or (found is not None and any(found.matches(labels_of(obj)) for obj in looked_at))


def _fits(rule: Object, attributes: Attributes) -> bool:
    resource = attributes.resource
    names = rule.get("resourceNames") or ()
    return (
        _in_scope(rule.get("scope"), attributes)
        and _holds(rule.get("operations"), attributes.operation)
        and _holds(rule.get("apiGroups"), resource.group)
        and _holds(rule.get("apiVersions"), resource.version)
        and any(_is_named(text, resource.plural, attributes.subresource) for text in rule.get("resources") or ())
        and (not names or attributes.name in names)
    )


def _in_scope(scope: str | None, attributes: Attributes) -> bool:
    is_namespaced = bool(attributes.namespace) and attributes.resource.key != _NAMESPACES
    return {"Namespaced": is_namespaced, "Cluster": not is_namespaced}.get(scope or "*", True)


def _holds(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in ("*", wanted) for value in values or ())


def _is_named(text: str, plural: str, subresource: str) -> bool:
    """``pods``, ``pods/status``, ``pods/*``, ``*/scale`` or ``*``; without a slash it means no subresource."""
    resource, _, sub = text.partition("/")
    return resource in ("*", plural) and sub in ("*", subresource)
