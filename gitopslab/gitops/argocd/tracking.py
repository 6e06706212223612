"""Which Application an object belongs to: Argo CD's tracking id, an annotation on everything that it applies.

``<app>:<group>/<Kind>:<namespace>/<name>``. An object whose id describes another object was copied by somebody, and one
with an owner was made by a controller that copies annotations; neither is the Application's own. Before Argo CD 3 there
was a label instead, which ``argocd-cm`` can still ask for. Source: ``util/argo/resource_tracking.go``,
``controller/cache/cache.go``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from gitopslab.gitops.argocd.kinds import INSTANCE_LABEL, NAMESPACE, TRACKING_ID
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.machinery.objects import Object, annotations_of, copy_of, labels_of, name_of, namespace_of, owners_of

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Method:
    """How objects are marked.

    Attributes:
        annotates: With the tracking id.
        labels: With the instance as a label; where both are there, the id counts.
        label: Its name.
    """

    annotates: bool = True
    labels: bool = False
    label: str = INSTANCE_LABEL

    @staticmethod
    def named(name: str, label: str) -> Method:
        """The method that ``application.resourceTrackingMethod`` names; the annotation for any other word."""
        by_label = name in ("label", "annotation+label")
        return Method(name != "label", by_label, label or INSTANCE_LABEL)


ANNOTATION = Method()
"""How Argo CD marks objects since version 3."""


def instance_of(app: Object) -> str:
    """How an Application is named in tracking ids: with its namespace where that is not Argo CD's own."""
    namespace, name = namespace_of(app), name_of(app)
    return name if namespace == NAMESPACE else f"{namespace}_{name}"


def stamp(obj: Object, instance: str, namespace: str, method: Method = ANNOTATION) -> None:
    """Mark an object; definitions are not marked.

    Args:
        obj: Changed in place.
        instance: Of the Application.
        namespace: Its destination, for objects that name none.
        method: How.
    """
    key = key_of(obj)
    if (key.group, key.kind) == _DEFINITION:
        return
    metadata = obj.setdefault("metadata", {})
    if method.annotates:
        said = f"{instance}:{key.group}/{key.kind}:{key.namespace or namespace}/{key.name}"
        metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING_ID: said}
    if method.labels:
        value = _short(instance) if method.annotates else instance
        metadata["labels"] = {**(metadata.get("labels") or {}), method.label: value}


def _short(instance: str) -> str:
    """As much of an instance as a label holds, without signs at its end."""
    return re.sub(r"[^A-Za-z0-9]+$", "", instance[:_LONGEST_LABEL]) if len(instance) > _LONGEST_LABEL else instance


def placed(app: Object, obj: Object, *, namespaced: bool, method: Method = ANNOTATION) -> Object:
    """A copy of a manifest as an Application applies it: with the namespace it goes to, and its tracking id.

    Args:
        app: The Application.
        obj: As it stands in Git.
        namespaced: Whether its kind belongs to namespaces.
        method: How it is marked.
    """
    namespace = app["spec"]["destination"].get("namespace", "")
    ready: Object = copy_of(obj)
    metadata = ready.get("metadata")
    if not isinstance(metadata, dict):
        metadata = ready["metadata"] = {}
    if not namespaced:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace") and namespace:
        metadata["namespace"] = namespace
    stamp(ready, instance_of(app), namespace, method)
    return ready


def tracked(obj: Object) -> tuple[str, Key] | None:
    """The Application that an object's id names, and the object that it describes; None for no readable id."""
    parts = annotations_of(obj).get(TRACKING_ID, "").split(":", 2)
    if len(parts) != 3:
        return None
    kind, place = parts[1].split("/"), parts[2].split("/")
    if len(kind) != 2 or len(place) != 2:
        return None
    return parts[0], Key(kind[0], kind[1], place[0], place[1])


def application_of(obj: Object, method: Method = ANNOTATION) -> str:
    """The instance that an object is marked with; empty for none."""
    if not method.annotates:
        return labels_of(obj).get(method.label, "")
    found = tracked(obj)
    return found[0] if found is not None else ""


@lru_cache(maxsize=16)
def by_application(method: Method) -> Callable[[Object], Iterable[str]]:
    """The index of what Applications manage, by instance; the same one for the same method."""

    def instances(obj: Object) -> Iterable[str]:
        instance = "" if owners_of(obj) else application_of(obj, method)
        return (instance,) if instance else ()

    return instances


def aligned(live: Object, target: Object, method: Method) -> Object:
    """A live object as if it had been marked by the method of today; changing it is no difference of its own.

    Args:
        live: With the label of earlier days, and without an id.
        target: As Git has it, marked.
        method: Of today.
    """
    key = key_of(live)
    if not method.annotates or method.label not in labels_of(live) or (key.group, key.kind) == _DEFINITION:
        return live
    metadata = dict(live["metadata"])
    if TRACKING_ID not in annotations_of(live) and TRACKING_ID in annotations_of(target):
        metadata["annotations"] = {**annotations_of(live), TRACKING_ID: annotations_of(target)[TRACKING_ID]}
    if method.label not in labels_of(target):
        labels = {name: value for name, value in labels_of(live).items() if name != method.label}
        metadata = {**metadata, "labels": labels} if labels else {k: v for k, v in metadata.items() if k != "labels"}
    return {**live, "metadata": metadata}


def describes_itself(live: Object | None, target: Object | None, method: Method = ANNOTATION) -> bool:
    """Whether an object is what its id says, judged by Git where Git has it."""
    if live is None or not method.annotates:
        return True
    key = key_of(live)
    if target is not None:
        said = key_of(target)
    else:
        found = tracked(live)
        if found is None:
            return True
        said = found[1]
    is_there = not key.namespace or key.namespace == said.namespace
    return is_there and (key.group, key.kind, key.name) == (said.group, said.kind, said.name)
