"""How the roles that every API server makes are written down: one row of a table is one rule.

A row has verbs, groups (``core`` is the nameless one), resources, and names where it is about single objects. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.authorization.attributes import RBAC
from gitopslab.machinery.objects import Object

Row = tuple[str, ...]

READ = "get list watch"
EVENTS = ("create patch update", "core events.k8s.io", "events")

_LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATION = {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def rules_of(rows: Iterable[Row]) -> list[Object]:
    """The rules of a role."""
    return [_rule(*row) for row in rows]


def _rule(verbs: str, groups: str, resources: str, names: str = "") -> Object:
    """One rule, its values in the order upstream's builder sorts them into."""
    if groups == "/":
        return {"verbs": sorted(verbs.split()), "nonResourceURLs": resources.split()}
    spelled = sorted("" if group == "core" else group for group in groups.split())
    rule = {"verbs": sorted(verbs.split()), "apiGroups": spelled, "resources": sorted(resources.split())}
    return {**rule, "resourceNames": names.split()} if names else rule


def made(kind: str, name: str, *, labels: dict[str, str] | None = None, **fields: object) -> Object:
    """An object of RBAC that the server keeps as it is."""
    metadata = {"name": name, "labels": {**_LABEL, **(labels or {})}, "annotations": dict(_ANNOTATION)}
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, **fields}


def bound(kind: str, role: str, subjects: Iterable[Object], *, name: str = "") -> Object:
    """The binding of a role, a ``Role`` or a ``ClusterRole``, which has its name unless it has one of its own."""
    reference = {"apiGroup": RBAC, "kind": kind, "name": role}
    binding = made(f"{kind}Binding", name or role, roleRef=reference)
    found = list(subjects)
    return {**binding, "subjects": found} if found else binding


def subject(kind: str, name: str) -> Object:
    """Who is bound; a service account is one of kube-system."""
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": "kube-system"}
    return {"apiGroup": RBAC, "kind": kind, "name": name}
