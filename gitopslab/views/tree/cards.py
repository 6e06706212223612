"""One card: of an object, and of the source that everything comes from. Pure; called by ``tree``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitopslab.machinery.objects import Object, annotations_of, created_of, group_of, name_of, namespace_of
from gitopslab.views.news import newest
from gitopslab.views.pods import readiness_of
from gitopslab.views.reconciler import ARGO, Reconciler, argo_source, commit_of
from gitopslab.views.tree.marks import health
from gitopslab.views.tree.model import Card, Mark

_REVISION = "deployment.kubernetes.io/revision"


def card_of(
    tool: str, obj: Object, parent: str, depth: int, *, events: Sequence[Object] = (), is_there: bool = True
) -> Card:
    """An object, judged as a tool judges it; its sync is left open."""
    kind, name, namespace = obj["kind"], name_of(obj), namespace_of(obj)
    place = f" -n {namespace}" if namespace else ""
    return Card(
        key="/".join(filter(None, (kind, namespace, name))),
        parent=parent,
        kind=kind,
        name=name,
        short=_short(name, parent),
        namespace=namespace,
        health=health(tool, obj if is_there else None),
        count=_count(obj) if is_there else "",
        depth=depth,
        since=created_of(obj),
        events=newest(events),
        command=f"kubectl describe {_spoken(obj)} {name}{place}",
    )


def source_card(one: Reconciler) -> Card:
    """Where it all comes from: a source of Flux, or the repository that an Application names."""
    if one.tool == ARGO:
        return _repository(argo_source(one.object))
    if one.source is None:
        reference = one.object["spec"]["sourceRef"]
        missing = Mark("failed", "NotFound", "the Kustomization's source is not there")
        return Card("source", "", reference["kind"], reference["name"], reference["name"], "", health=missing)
    revision = ((one.source.get("status") or {}).get("artifact") or {}).get("revision") or ""
    found = card_of(one.tool, one.source, "", 0)
    return replace(found, count=commit_of(revision)[:8], sync=Mark("", revision.partition("@")[0]))


def _repository(source: Object) -> Card:
    url, path = str(source.get("repoURL", "")), str(source.get("path") or source.get("chart") or ".")
    name = url.rstrip("/").removesuffix(".git").rpartition("/")[2]
    revision = str(source.get("targetRevision") or "HEAD")
    return Card(f"Git/{url}", "", "Git repository", name, name, "", sync=Mark("", f"{revision}, path {path}", url))


def _short(name: str, parent: str) -> str:
    """The end of a name that begins with its owner's, as a pod's does."""
    owner = parent.rpartition("/")[2]
    return f"…{name.removeprefix(owner)}" if name.startswith(f"{owner}-") else name


def _count(obj: Object) -> str:
    status, kind = obj.get("status") or {}, obj["kind"]
    if kind == "Pod":
        ready, of = readiness_of(obj)
        return f"{ready}/{of}"
    if kind in ("Deployment", "StatefulSet", "ReplicaSet"):
        told = f"{status.get('readyReplicas') or 0}/{(obj.get('spec') or {}).get('replicas') or 0}"
        revision = annotations_of(obj).get(_REVISION) if kind == "ReplicaSet" else None
        return f"Rev:{revision} {told}" if revision else told
    return ""


def _spoken(obj: Object) -> str:
    group = group_of(str(obj.get("apiVersion", "")))
    return f"{obj['kind'].lower()}.{group}" if "." in group else obj["kind"].lower()
