"""NamespaceLifecycle: nothing is made in a namespace that is missing or going, and three namespaces stay for ever."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.errors import not_found

_IMMORTAL = ("default", "kube-system", "kube-public")


def check_exists(attributes: Attributes, reader: Reader) -> None:
    """Refuse a create in a namespace that does not exist (404) or is being deleted (403)."""
    if attributes.operation != "CREATE" or not attributes.namespace or attributes.resource.key == "namespaces":
        return
    namespace = reader.find("namespaces", "", attributes.namespace)
    if namespace is None:
        raise not_found("namespaces", attributes.namespace)
    if namespace.get("status", {}).get("phase") == "Terminating":
        name = attributes.namespace
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        raise attributes.refusal(
            f"unable to create new content in namespace {name} because it is being terminated", [cause]
        )


def check_deletable(attributes: Attributes) -> None:
    """Refuse to delete ``default``, ``kube-system`` and ``kube-public``."""
    if attributes.resource.key == "namespaces" and attributes.name in _IMMORTAL:
        raise attributes.refusal("this namespace may not be deleted")
