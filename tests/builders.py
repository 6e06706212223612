"""Objects for tests: each builder shows only what matters and takes the rest as overrides."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.options import Caller
from gitopslab.machinery.objects import Object

ADMIN = Caller("kubernetes-admin", ("system:masters",), "test")


def merged(base: Object, overrides: dict[str, Any]) -> Object:
    """A copy of ``base`` with nested overrides laid over it."""
    result = dict(base)
    for key, value in overrides.items():
        known = result.get(key)
        result[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def config_map(name: str, namespace: str = "default", **overrides: Any) -> Object:
    """A ConfigMap."""
    base = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {}}
    return merged(base, overrides)


def pod(name: str, namespace: str = "default", **overrides: Any) -> Object:
    """A pod with one container named ``c``."""
    base = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
    }
    return merged(base, overrides)


def deployment(name: str, namespace: str = "default", replicas: int = 1, **overrides: Any) -> Object:
    """A Deployment whose pods carry the label ``app=NAME``."""
    base = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
            },
        },
    }
    return merged(base, overrides)


RBAC = "rbac.authorization.k8s.io"


def role(name: str, *rules: Object, namespace: str = "default") -> Object:
    """A Role."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": list(rules)}


def cluster_role(name: str, *rules: Object, **labels: str) -> Object:
    """A ClusterRole."""
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": list(rules)}


def role_binding(
    name: str, to: str, *, kind: str = "Role", namespace: str = "default", user: str = "", group: str = ""
) -> Object:
    """A RoleBinding to one user or group."""
    binding = cluster_role_binding(name, to, user=user, group=group)
    binding["kind"], binding["roleRef"]["kind"] = "RoleBinding", kind
    binding["metadata"]["namespace"] = namespace
    return binding


def cluster_role_binding(name: str, to: str, *, user: str = "", group: str = "") -> Object:
    """A ClusterRoleBinding to one user or group."""
    subject = {"kind": "User", "name": user} if user else {"kind": "Group", "name": group}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": to},
        "subjects": [{"apiGroup": RBAC, **subject}],
    }
