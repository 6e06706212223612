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
