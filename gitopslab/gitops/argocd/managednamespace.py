"""``managedNamespaceMetadata``: an Application that looks after the labels of its namespace.

Source: ``CompareAppState`` in ``controller/state.go``, ``controller/sync_namespace.go``.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.gitops.argocd.kinds import SYNC_OPTIONS
from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.objects import Object


def managed_namespace(app: Object, there: Mapping[Key, Object]) -> dict[Key, Object]:
    """The namespace whose metadata the Application manages, where it has come to belong to it: it is not too many."""
    managed = (app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata")
    key = Key("", "Namespace", "", app["spec"]["destination"].get("namespace", ""))
    if managed is None or key not in there:
        return {}
    annotations = {**(managed.get("annotations") or {}), SYNC_OPTIONS: "ServerSideApply=true"}
    metadata = {"name": key.name, "labels": dict(managed.get("labels") or {}), "annotations": annotations}
    return {key: {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}}


def has_changed_namespace_metadata(app: Object) -> bool:
    """Whether ``managedNamespaceMetadata`` is not what the last sync gave the namespace."""
    wanted = (app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata")
    result = ((app.get("status") or {}).get("operationState") or {}).get("syncResult")
    return wanted is not None and result is not None and result.get("managedNamespaceMetadata") != wanted
