"""The resource tree of an Application: what it manages, and all that comes of it. Pure.

Source: ``getResourceTree`` in ``controller/appcontroller.go``, ``gitops-engine/pkg/cache``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.gitops.argocd.glob import matches
from gitopslab.gitops.argocd.nodes import missing_node, node, owners, reference
from gitopslab.gitops.argocd.project import is_kind_permitted
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.machinery.objects import Object, name_of, uid_of

_ALWAYS_THERE = (("", "ServiceAccount", "default"), ("", "ConfigMap", "kube-root-ca.crt"))


# Simplified: no hosts, which tell how much of each node the application's pods take.
def application_tree(resources: Iterable[Object], objects: Iterable[Object]) -> Object:
    """The tree in the words of ``ApplicationTree``: ``nodes``, each managed object before what comes of it.

    Args:
        resources: ``status.resources`` of the Application: group, version, kind, namespace and name.
        objects: What is in the cluster, at least in the Application's namespaces; more does no harm.
    """
    family = _Family(objects)
    found: dict[Key, Object] = {}
    for resource in resources:
        key = Key(*(resource.get(word, "") for word in Key._fields))
        if key not in family.by_key:
            found[key] = missing_node(key, resource.get("version", ""))
        elif key not in found:
            found |= dict(family.descend(key, set(found)))
    return {"nodes": list(found.values())}


def orphans(project: Object, namespace: str, objects: Iterable[Object], owned: Iterable[Key]) -> list[Key]:
    """What nobody owns in an Application's namespace, when its project wants to know (``orphanedResources``).

    Args:
        project: The AppProject.
        namespace: The Application's destination.
        objects: What is in that namespace.
        owned: The keys of what this or another Application manages.
    """
    rules = (project.get("spec") or {}).get("orphanedResources")
    if rules is None:
        return []
    family, known = _Family(objects), set(owned)
    free = (key for key, obj in family.by_key.items() if key.namespace == namespace and not family.parents(obj))
    wanted = (key for key in free if key not in known and not _is_expected(key, rules.get("ignore") or ()))
    return sorted(
        (key for key in wanted if is_kind_permitted(project, key.group, key.kind, key.name, namespaced=True)), key=str
    )


class _Family:
    """Who belongs to whom among objects.

    Args:
        objects: All of them.
    """

    def __init__(self, objects: Iterable[Object]) -> None:
        shown = ((key_of(obj), obj) for obj in objects)
        self.by_key: dict[Key, Object] = {key: obj for key, obj in shown if not is_excluded(key.group, key.kind)}
        self._by_uid = {uid_of(obj): key for key, obj in self.by_key.items() if uid_of(obj)}
        self._claims = _claim_templates(self.by_key)
        self._children: dict[Key, list[Key]] = {}
        for key, obj in self.by_key.items():
            for owner in self.parents(obj):
                parent = self._parent(key, owner)
                if parent is not None:
                    self._children.setdefault(parent, []).append(key)

    def descend(self, key: Key, seen: set[Key]) -> Iterator[tuple[Key, Object]]:
        """An object and all that comes of it, each once."""
        if key in seen:
            return
        seen.add(key)
        obj = self.by_key[key]
        parents = [reference(owner, self._in_namespace(key, owner)) for owner in self.parents(obj)]
        yield key, node(obj, parents)
        for child in sorted(self._children.get(key, ()), key=str):
            if not child.namespace or not key.namespace or child.namespace == key.namespace:
                yield from self.descend(child, seen)

    def parents(self, obj: Object) -> list[Object]:
        """The owner references of an object, inferred ones with the uid of whom they mean."""
        key = key_of(obj)
        found = owners(obj)
        if (key.group, key.kind) == ("", "PersistentVolumeClaim") and not found:
            found = [owner for pattern, owner in self._claims.get(key.namespace, ()) if pattern.search(key.name)]
        return [owner if owner.get("uid") else self._with_uid(key, owner) for owner in found]

    def _with_uid(self, key: Key, owner: Object) -> Object:
        parent = self._in_namespace(key, owner)
        return {**owner, "uid": uid_of(self.by_key[parent])} if parent else owner

    def _parent(self, key: Key, owner: Object) -> Key | None:
        return self._by_uid.get(owner.get("uid", "")) or self._in_namespace(key, owner)

    def _in_namespace(self, key: Key, owner: Object) -> Key | None:
        """The owner, when it is in the same namespace."""
        group = str(owner.get("apiVersion", "")).rpartition("/")[0]
        parent = Key(group, owner.get("kind", ""), key.namespace, owner.get("name", ""))
        return parent if parent in self.by_key else None


_Claims = dict[str, list[tuple[re.Pattern[str], Object]]]


def _claim_templates(by_key: Mapping[Key, Object]) -> _Claims:
    """Which names claims of StatefulSets have, and whose they then are, by namespace."""
    found: _Claims = {}
    for key, obj in by_key.items():
        if (key.group, key.kind) != ("apps", "StatefulSet"):
            continue
        owner = {"apiVersion": obj["apiVersion"], "kind": key.kind, "name": key.name, "uid": uid_of(obj)}
        for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
            pattern = re.compile(rf"{re.escape(name_of(template))}-{re.escape(key.name)}-\d+$")
            found.setdefault(key.namespace, []).append((pattern, owner))
    return found


def _is_expected(key: Key, ignored: Iterable[Object]) -> bool:
    """What is in every namespace, and what the project says not to mind."""
    if (key.group, key.kind, key.name) in _ALWAYS_THERE or key == Key("", "Service", "default", "kubernetes"):
        return True
    return any(
        (not rule.get("kind") or matches(rule["kind"], key.kind))
        and matches(rule.get("group") or "", key.group)
        and (not rule.get("name") or matches(rule["name"], key.name))
        for rule in ignored
    )
