"""What an AppProject permits: sources, destinations and kinds. Pure.

Source: ``pkg/apis/application/v1alpha1/app_project_types.go``, ``util/argo/argo.go``, ``controller/sync.go``.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from typing import Any

from gitopslab.gitops.argocd.clusters import Cluster, DestinationError, destination
from gitopslab.gitops.argocd.glob import is_allowed, is_denial, is_listed
from gitopslab.gitops.argocd.kinds import GROUP, NAMESPACE
from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of

DEFAULT = "default"
"""The project of an Application that names none."""


def default_project(namespace: str = NAMESPACE) -> Object:
    """The project that permits everything; ``argocd-server`` makes it when it starts."""
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": DEFAULT, "namespace": namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }


def project_of(app: Object) -> str:
    """The name of an Application's project."""
    return (app.get("spec") or {}).get("project") or DEFAULT


def invalid_spec(app: Object, project: Object | None, known: Sequence[Cluster]) -> list[str]:
    """What is wrong with an Application before Git is asked: the messages of its ``InvalidSpecError`` conditions.

    Args:
        app: The Application.
        project: Its project; None when there is none of that name.
        known: All clusters.
    """
    if project is None:
        return [f"Application referencing project {app['spec'].get('project', '')} which does not exist"]
    spec = app["spec"]
    sources = spec.get("sources") or [spec.get("source") or {}]
    found: list[str] = []
    for source in sources:
        lacking = _lacking(source, several=bool(spec.get("sources")))
        if lacking:
            return [*found, lacking]
        if not is_source_permitted(project, source["repoURL"]):
            found.append(f"application repo {source['repoURL']} is not permitted in project '{name_of(project)}'")
    return found + _wrong_destination(spec.get("destination") or {}, project, known)


def is_source_permitted(project: Object, url: str) -> bool:
    """Whether a project may take manifests from a repository."""
    wanted, found = _normal(url), False
    for pattern in _spec(project).get("sourceRepos") or ():
        denies = is_denial(pattern)
        normal = "!" + _normal(pattern[1:]) if denies else _normal(pattern)
        if is_allowed(normal, wanted, "/"):
            found = True
        elif denies:
            return False
    return found


def is_namespace_permitted(project: Object, namespace: str) -> bool:
    """Whether Applications in a namespace may use a project; those in Argo CD's own always may."""
    return namespace == NAMESPACE or is_listed(namespace, _spec(project).get("sourceNamespaces") or ())


def is_destination_permitted(project: Object, cluster: Cluster, namespace: str) -> bool:
    """Whether a project may put objects into a namespace of a cluster."""
    found = False
    for item in _spec(project).get("destinations") or ():
        name, server, space = (item.get(key) or "" for key in ("name", "server", "namespace"))
        by_name = bool(cluster.name) and is_allowed(name, cluster.name)
        by_server = bool(cluster.server) and is_allowed(server, cluster.server)
        by_namespace = is_allowed(space, namespace)
        if (by_name or by_server) and by_namespace:
            found = True
            continue
        of_name, of_server = not by_name and is_denial(name), not by_server and is_denial(server)
        of_namespace = not by_namespace and is_denial(space)
        if of_name or (of_server and by_namespace) or (of_namespace and by_server):
            return False
    return found


def is_kind_permitted(project: Object, group: str, kind: str, name: str, *, namespaced: bool) -> bool:
    """Whether a project may hold objects of a kind.

    Without a list, every kind in namespaces is permitted and no kind of the cluster: the surprise of a new project.
    """
    spec = _spec(project)
    what = (group, kind, name)
    if namespaced:
        allowed = spec.get("namespaceResourceWhitelist")
        listed = allowed is None or _is_in(what, allowed)
        return listed and not _is_in(what, spec.get("namespaceResourceBlacklist") or ())
    listed = _is_in(what, spec.get("clusterResourceWhitelist") or ())
    return listed and not _is_in(what, spec.get("clusterResourceBlacklist") or ())


def refusal(project: Object, obj: Object, cluster: Cluster, *, namespaced: bool) -> str:
    """Why a sync may not apply an object; empty when it may.

    Args:
        project: The Application's.
        obj: As it would be applied.
        cluster: Where.
        namespaced: Whether its kind belongs to namespaces.
    """
    group, kind = group_of(obj["apiVersion"]), obj["kind"]
    if not is_kind_permitted(project, group, kind, name_of(obj), namespaced=namespaced):
        return f"resource {group}:{kind} is not permitted in project {name_of(project)}"
    if namespaced and not is_destination_permitted(project, cluster, namespace_of(obj)):
        return f"namespace {namespace_of(obj)} is not permitted in project '{name_of(project)}'"
    return ""


def is_live_permitted(project: Object, obj: Object, cluster: Cluster) -> bool:
    """Whether an Application may see, and prune, an object that is there."""
    return not refusal(project, obj, cluster, namespaced=bool(namespace_of(obj)))


# Simplified: a project has nothing but its own spec; repositories and clusters that Secrets give to it, and global
# projects that it inherits from, are not looked at.
def _spec(project: Object) -> Object:
    return project.get("spec") or {}


def _wrong_destination(wanted: Object, project: Object, known: Sequence[Cluster]) -> list[str]:
    try:
        cluster = destination(wanted, known)
    except DestinationError as error:
        return [str(error)]
    namespace = wanted.get("namespace") or ""
    if is_destination_permitted(project, cluster, namespace):
        return []
    where = f"server '{cluster.name if wanted.get('name') else cluster.server}' and namespace '{namespace}'"
    rule = f"do not match any of the allowed destinations in project '{name_of(project)}'"
    return [f"application destination {where} {rule}"]


def _lacking(source: Object, *, several: bool) -> str:
    """What a source has to say and does not."""
    has_what = source.get("path") or source.get("chart") or (several and source.get("ref"))
    if not source.get("repoURL") or not has_what:
        if several:
            words = "spec.source.repoURL and either source.path, source.chart, or source.ref are required for source"
            return f"{words} {_printed(source)}"
        return "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
    if source.get("chart") and not source.get("targetRevision"):
        return "spec.source.targetRevision is required if the manifest source is a helm chart"
    return ""


def _printed(source: Object) -> str:
    """A source as Go prints it. Simplified: of the options of a tool only that there are some."""
    tools = ["&{...}" if source.get(tool) else "nil" for tool in ("helm", "kustomize", "directory", "plugin")]
    before = [source.get(field) or "" for field in ("repoURL", "path", "targetRevision")]
    after = [source.get(field) or "" for field in ("chart", "ref", "name", "tagPrefix")]
    return "{" + " ".join([*before, *tools, *after]) + "}"


def _normal(url: str) -> str:
    """A repository's URL as it is compared: lower case, without ``.git`` and without ``ssh://``."""
    url = url.strip().lower().removesuffix(".git")
    user, at, rest = url.partition("@")
    if at and "://" not in url:
        url = f"{user}@{rest.replace(':', '/', 1)}"
    return url.removeprefix("ssh://")


def _is_in(what: tuple[str, str, str], items: Iterable[Any]) -> bool:
    group, kind, name = what
    return any(
        fnmatch.fnmatchcase(kind, item.get("kind") or "")
        and fnmatch.fnmatchcase(group, item.get("group") or "")
        and (not item.get("name") or fnmatch.fnmatchcase(name, item["name"]))
        for item in items
    )
