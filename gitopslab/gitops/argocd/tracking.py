"""Which Application an object belongs to: Argo CD's tracking id, an annotation on everything that it applies.

``<app>:<group>/<Kind>:<namespace>/<name>``. An object whose id describes another object was copied by somebody, and one
with an owner was made by a controller that copies annotations; neither is the Application's own. Source:
``util/argo/resource_tracking.go``, ``controller/cache/cache.go``.

Simplified: of the tracking methods there is ``annotation``, the default; not ``label`` or ``annotation+label``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.gitops.argocd.kinds import NAMESPACE, TRACKING_ID
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.machinery.objects import Object, annotations_of, copy_of, name_of, namespace_of, owners_of

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")


def instance_of(app: Object) -> str:
    """How an Application is named in tracking ids: with its namespace where that is not Argo CD's own."""
    namespace, name = namespace_of(app), name_of(app)
    return name if namespace == NAMESPACE else f"{namespace}_{name}"


def stamp(obj: Object, instance: str, namespace: str) -> None:
    """Write the tracking id into an object; definitions get none.

    Args:
        obj: Changed in place.
        instance: Of the Application.
        namespace: Its destination, for objects that name none.
    """
    key = key_of(obj)
    if (key.group, key.kind) == _DEFINITION:
        return
    metadata = obj.setdefault("metadata", {})
    said = f"{instance}:{key.group}/{key.kind}:{key.namespace or namespace}/{key.name}"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING_ID: said}


def placed(app: Object, obj: Object, *, namespaced: bool) -> Object:
    """A copy of a manifest as an Application applies it: with the namespace it goes to, and its tracking id.

    Args:
        app: The Application.
        obj: As it stands in Git.
        namespaced: Whether its kind belongs to namespaces.
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
    stamp(ready, instance_of(app), namespace)
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


def application_of(obj: Object) -> str:
    """The instance whose id an object carries; empty for none."""
    found = tracked(obj)
    return found[0] if found is not None else ""


def by_application(obj: Object) -> Iterable[str]:
    """The index of what Applications manage, by instance."""
    if owners_of(obj):
        return ()
    instance = application_of(obj)
    return (instance,) if instance else ()


def describes_itself(live: Object | None, target: Object | None) -> bool:
    """Whether an object is what its id says, judged by Git where Git has it."""
    if live is None:
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
