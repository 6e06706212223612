"""The Api protocol for somebody who may not do everything: each call is authorized first, as a request would be.

``daemon`` hands one to controllers that act for a service account. Watches are not among what such an account is for.
"""

from __future__ import annotations

import builtins
from typing import Any

from gitopslab.controlplane.runtime.api import PatchType, Propagation
from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.machinery.objects import Object, name_of, namespace_of


class GuardedApi(LocalApi):
    """The Api for one identity, with that identity's rights."""

    def get(self, resource: str, name: str, namespace: str = "", *, subresource: str = "") -> Object:
        """One object, or its Scale."""
        self._check("get", resource, namespace, name, subresource)
        return super().get(resource, name, namespace, subresource=subresource)

    def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """All objects that pass the selectors."""
        self._check("list", resource, namespace)
        return super().list(resource, namespace, labels=labels, fields=fields)

    def create(self, obj: Object) -> Object:
        """Store a new object."""
        self._check("create", self._resource_of(obj).key, namespace_of(obj))
        return super().create(obj)

    def update(self, obj: Object, subresource: str = "") -> Object:
        """Replace an object, or only a part."""
        self._check("update", self._resource_of(obj).key, namespace_of(obj), name_of(obj), subresource)
        return super().update(obj, subresource)

    def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        manager: str = "",
    ) -> Object:
        """Change part of an object; applying what is not there takes the right to create it, too."""
        self._check("patch", resource, namespace, name, subresource)
        kept = self._resource(resource).storage_key
        if type == "apply" and not subresource and self._verbs.reader.find(kept, namespace, name) is None:
            self._check("create", resource, namespace, name)
        return super().patch(
            resource, name, patch, namespace, type=type, subresource=subresource, dry_run=dry_run, manager=manager
        )

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        propagation: Propagation | None = None,
        grace_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Ask for deletion."""
        self._check("delete", resource, namespace, name)
        super().delete(
            resource, name, namespace, propagation=propagation, grace_seconds=grace_seconds, uid=uid,
            resource_version=resource_version,
        )  # fmt: skip

    def _check(self, verb: str, key: str, namespace: str, name: str = "", subresource: str = "") -> None:
        resource = self._resource(key)
        where = namespace if resource.namespaced else ""
        access = Access(verb, resource.group, resource.plural, subresource, where, name)
        self._verbs.authorizer.check(self._caller, access)
