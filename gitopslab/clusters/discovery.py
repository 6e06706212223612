"""What a cluster serves, read from the cluster itself.

Called by ``client`` once a connection, and again when a kind is unknown (a CustomResourceDefinition may be new). The
answer is a ``machinery.kinds.Catalog``, so every spelling kubectl accepts works on every cluster.
Which spelling means what is left to the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gitopslab.machinery.kinds import Catalog, Resource, Subresource
from gitopslab.machinery.objects import Object

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The ``Accept`` value for the whole of discovery in two answers; older servers ignore it."""

Read = Callable[[str, str], Any]
"""``read(path, accept)``: the JSON at a path."""


def discover(read: Read) -> Catalog:
    """Everything an API server serves, core first and preferred versions before others."""
    catalog = Catalog(())
    for root in ("/api", "/apis"):
        answer = read(root, f"{AGGREGATED},application/json")
        found = _aggregated(answer) if answer.get("kind") == "APIGroupDiscoveryList" else _legacy(root, answer, read)
        for resource in found:
            catalog.add(resource)
    return catalog


def _aggregated(answer: Object) -> Iterator[Resource]:
    for group in answer.get("items") or []:
        name = group.get("metadata", {}).get("name") or ""
        for version in group.get("versions") or []:
            for entry in version.get("resources") or []:
                yield Resource(
                    name,
                    version["version"],
                    entry["responseKind"]["kind"],
                    entry["resource"],
                    namespaced=entry.get("scope") == "Namespaced",
                    short_names=tuple(entry.get("shortNames") or ()),
                    categories=tuple(entry.get("categories") or ()),
                    verbs=tuple(entry.get("verbs") or ()),
                    subresources=tuple(_subresource(sub) for sub in entry.get("subresources") or ()),
                    singular=entry.get("singularResource") or "",
                )


def _subresource(entry: Object) -> Subresource:
    kind = entry.get("responseKind") or {}
    return Subresource(
        entry["subresource"],
        tuple(entry.get("verbs") or ()),
        kind.get("group") or "",
        kind.get("version") or "",
        kind.get("kind") or "",
    )


def _legacy(root: str, answer: Object, read: Read) -> Iterator[Resource]:
    """The older form: a list of versions, and one document a version."""
    if root == "/api":
        versions = [("", version) for version in answer.get("versions") or []]
    else:
        versions = [
            (group["name"], entry["version"])
            for group in answer.get("groups") or []
            for entry in sorted(group["versions"], key=lambda each: each != group.get("preferredVersion"))
        ]
    for group, version in versions:
        path = f"{root}/{group}/{version}" if group else f"{root}/{version}"
        entries = read(path, "application/json").get("resources") or []
        for entry in entries:
            if "/" not in entry["name"]:
                yield _from_legacy(group, version, entry, entries)


def _from_legacy(group: str, version: str, entry: Object, entries: list[Object]) -> Resource:
    prefix = entry["name"] + "/"
    below = [sub for sub in entries if sub["name"].startswith(prefix)]
    return Resource(
        group,
        version,
        entry["kind"],
        entry["name"],
        namespaced=bool(entry.get("namespaced")),
        short_names=tuple(entry.get("shortNames") or ()),
        categories=tuple(entry.get("categories") or ()),
        verbs=tuple(entry.get("verbs") or ()),
        subresources=tuple(
            Subresource(
                sub["name"].removeprefix(prefix),
                tuple(sub.get("verbs") or ()),
                sub.get("group") or "",
                sub.get("version") or "",
                sub.get("kind") or "",
            )
            for sub in below
        ),
        singular=entry.get("singularName") or "",
    )
