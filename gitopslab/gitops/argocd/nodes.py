"""An object as a node of the resource tree: what Argo CD notes of it besides its name. Pure.

Source: ``controller/cache/info.go``, ``util/resource/revision.go``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.gitops.argocd.podinfo import pod_info
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.gitops.health.argocd import Status, health_of
from gitopslab.machinery.objects import Object, annotations_of, labels_of, namespace_of, owners_of, uid_of

_LINK = "link.argocd.argoproj.io/"
_NO_LINKS = "argocd.argoproj.io/ignore-default-links"
_REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
_SAFE = ("http://", "https://")


def node(obj: Object, parents: list[Object]) -> Object:
    """A live object in the words of ``ApplicationTree``.

    Args:
        obj: As it is.
        parents: References to those it belongs to.
    """
    health = health_of(obj)
    found = {
        **_named(key_of(obj), str(obj.get("apiVersion", "")).rpartition("/")[2]),
        "uid": uid_of(obj),
        "parentRefs": parents,
        "info": _info(obj),
        "networkingInfo": networking_of(obj),
        "resourceVersion": obj["metadata"].get("resourceVersion", ""),
        "images": images_of(obj),
        "health": {"status": str(health.status), "message": health.message} if health else None,
        "createdAt": obj["metadata"].get("creationTimestamp", ""),
    }
    if health and not health.message:
        del found["health"]["message"]
    return _filled(found)


def missing_node(key: Key, version: str) -> Object:
    """What Git has and the cluster not."""
    return {**_filled(_named(key, version)), "health": {"status": str(Status.MISSING)}}


def reference(owner: Object, parent: Key | None) -> Object:
    """A reference to a parent, in the words of ``ResourceRef``.

    Args:
        owner: The owner reference.
        parent: The parent, when it is in the same namespace; else it belongs to the cluster.
    """
    group, _, version = str(owner.get("apiVersion", "")).rpartition("/")
    key = Key(group, owner.get("kind", ""), parent.namespace if parent else "", owner.get("name", ""))
    return _filled({**_named(key, version), "uid": owner.get("uid", "")})


def owners(obj: Object) -> list[Object]:
    """The owner references of an object, with those that Argo CD infers.

    A token belongs to its service account, and Endpoints to the Service of the same name. Which claims belong to a
    StatefulSet is ``claims_of``'s business.
    """
    group, kind, annotations = *key_of(obj)[:2], annotations_of(obj)
    known = list(owners_of(obj))
    if (group, kind) == ("", "Endpoints") and not known:
        return [{"apiVersion": "v1", "kind": "Service", "name": obj["metadata"]["name"]}]
    if (group, kind) == ("", "Secret") and obj.get("type") == "kubernetes.io/service-account-token":
        name, uid = (annotations.get(f"kubernetes.io/service-account.{part}") for part in ("name", "uid"))
        if name and uid:
            known.append({"apiVersion": "v1", "kind": "ServiceAccount", "name": name, "uid": uid})
    return known


def images_of(obj: Object) -> list[str]:
    """The images of a pod; other kinds have none of their own."""
    if obj.get("kind") != "Pod":
        return []
    spec = obj.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return sorted({container["image"] for container in containers if container.get("image")})


def networking_of(obj: Object) -> Object:
    """Labels a Service looks for, Services an Ingress leads to, addresses and URLs."""
    key = key_of(obj)
    urls = [text for name, text in sorted(annotations_of(obj).items()) if name.startswith(_LINK) and _is_safe(text)]
    found: Object = {}
    if (key.group, key.kind) == ("", "Pod"):
        found = {"labels": labels_of(obj)}
    elif (key.group, key.kind) == ("", "Service"):
        spec = obj.get("spec") or {}
        balanced = spec.get("type") == "LoadBalancer"
        found = {"targetLabels": spec.get("selector"), "ingress": _addresses(obj) if balanced else []}
    elif key.kind == "Ingress" and key.group in ("networking.k8s.io", "extensions"):
        urls += [] if annotations_of(obj).get(_NO_LINKS) == "true" else sorted(set(_urls(obj)))
        targets = sorted({name for name in _services(obj) if name})
        references = [{"kind": "Service", "namespace": namespace_of(obj), "name": name} for name in targets]
        found = {"targetRefs": references, "ingress": _addresses(obj)}
    return _filled({**found, "externalURLs": urls})


def _info(obj: Object) -> list[Object]:
    rows: list[tuple[str, str]] = []
    revision = next((text for name in _REVISIONS if (text := annotations_of(obj).get(name))), None)
    revision = revision or obj.get("revision")
    if revision:
        rows.append(("Revision", f"Rev:{revision}"))
    if obj.get("kind") == "Pod":
        rows += pod_info(obj)
    return [{"name": name, "value": value} for name, value in rows]


def _named(key: Key, version: str) -> Object:
    return {**dict(zip(key._fields, key, strict=True)), "version": version}


def _filled(found: Object) -> Object:
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _is_safe(text: str) -> bool:
    return text.rpartition("|")[2].lower().startswith(_SAFE)


def _addresses(obj: Object) -> list[Object]:
    given = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [{"hostname": each["hostname"]} if each.get("hostname") else {"ip": each.get("ip", "")} for each in given]


def _paths(obj: Object) -> Iterator[tuple[str, Any]]:
    for rule in (obj.get("spec") or {}).get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            yield rule.get("host") or "", path


def _services(obj: Object) -> Iterator[str]:
    spec = obj.get("spec") or {}
    for backend in (spec.get("defaultBackend"), *(path.get("backend") for _, path in _paths(obj))):
        yield ((backend or {}).get("service") or {}).get("name", "")


def _urls(obj: Object) -> Iterator[str]:
    first = next((each.get("hostname") or each.get("ip", "") for each in _addresses(obj)), "")
    secured = (obj.get("spec") or {}).get("tls") or []
    for rule_host, path in _paths(obj):
        host = rule_host or first
        if host:
            scheme = "https" if any(tls.get("secretName") for tls in secured) else "http"
            yield f"{scheme}://{host}{(path.get('path') or '').removesuffix('*')}"
