"""What belongs to an Application, gathered from the cluster: Argo CD keeps its resource tree in memory alone.

It keeps the health of single resources there, too. ``lab.argocd.tree`` and ``get`` use it; who belongs to whom is the
business of ``gitops.argocd.tree``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitopslab.clusters.client import Client
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.tree import application_tree
from gitopslab.gitops.health.argocd import Status, health_of
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of


def resource_tree(client: Client, app: Object) -> Object:
    """The tree of an Application as the cluster is now."""
    resources = (app.get("status") or {}).get("resources") or []
    namespaces = sorted({entry["namespace"] for entry in resources if entry.get("namespace")})
    whole = {(entry.get("group", ""), entry["kind"]) for entry in resources if not entry.get("namespace")}
    objects = [obj for kind in _kinds(client) for obj in _objects(client, kind, namespaces, whole)]
    return application_tree(resources, objects)


def _kinds(client: Client) -> Iterator[Resource]:
    """Every kind that Argo CD follows, in its preferred version."""
    seen = set()
    for resource in client.discovery():
        kind = (resource.group, resource.kind)
        follows = {"list", "watch"} <= set(resource.verbs) and not is_excluded(*kind)
        if follows and kind not in seen:
            seen.add(kind)
            yield resource


def _objects(client: Client, kind: Resource, namespaces: list[str], whole: set[tuple[str, str]]) -> Iterator[Object]:
    """The objects of a kind in some namespaces; of one that belongs to the cluster only where something manages it."""
    if not kind.namespaced and (kind.group, kind.kind) not in whole:
        return
    for namespace in namespaces if kind.namespaced else [""]:
        try:
            found = client.list(kind.key, namespace)
        except ApiError:  # a kind that may not be read has no place in the tree
            continue
        for obj in found:
            yield {"apiVersion": kind.api_version, "kind": kind.kind, **obj}


def health_of_resources(client: Client, app: Object) -> dict[Key, str]:
    """The health of what an application has, as its resources are now; kinds without health are left out."""
    found: dict[Key, str] = {}
    for (group, version, kind, namespace), keys in _by_kind(app).items():
        live = _live(client, {"apiVersion": f"{group}/{version}" if group else version, "kind": kind}, namespace)
        for key in keys:
            health = health_of(live[key.name]) if key.name in live else None
            word = health.status if health else "" if key.name in live else Status.MISSING
            if word:
                found[key] = str(word)
    return found


def _by_kind(app: Object) -> dict[tuple[str, str, str, str], list[Key]]:
    found: dict[tuple[str, str, str, str], list[Key]] = {}
    for entry in (app.get("status") or {}).get("resources") or []:
        key = Key(entry.get("group", ""), entry["kind"], entry.get("namespace", ""), entry["name"])
        found.setdefault((key.group, entry.get("version", "v1"), key.kind, key.namespace), []).append(key)
    return found


def _live(client: Client, kind: Object, namespace: str) -> Mapping[str, Object]:
    try:
        resource = client.resource(kind)
    except NotFoundError:
        return {}
    found = client.list(resource.key, namespace)
    return {name_of(obj): {**kind, **obj} for obj in found}
