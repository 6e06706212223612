"""The ClusterRoles and the binding that every API server makes for itself (``rbac/bootstrappolicy``).

``bootstrap`` makes them in every cluster, bare or not. All pure.
Leaves to others: deciding by them (authorization).

Simplified: of upstream's roles only those that people bind by hand, with the rules of the kinds the lab serves; the
roles of single controllers and of the node are left out.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_AUTOUPDATE = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_GROUP = "rbac.authorization.k8s.io"

_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_WORKLOADS = {
    "apps": [
        "daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets",
        "statefulsets/scale",
    ],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}  # fmt: skip
_CORE = ["configmaps", "endpoints", "persistentvolumeclaims", "pods", "serviceaccounts", "services"]
_SEEN = [
    "bindings",
    "events",
    "limitranges",
    "namespaces",
    "namespaces/status",
    "pods/log",
    "pods/status",
    "resourcequotas",
]


def roles() -> list[Object]:
    """cluster-admin, admin, edit and view, and the binding of cluster-admin to ``system:masters``."""
    view = [
        _rule("", [*_CORE, *_SEEN], _READ),
        _rule("discovery.k8s.io", ["endpointslices"], _READ),
        *(_rule(group, kinds, _READ) for group, kinds in _WORKLOADS.items()),
    ]
    edit = [
        *view,
        _rule("", ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"], _READ),
        _rule("", ["serviceaccounts"], ["impersonate"]),
        _rule(
            "",
            [
                *_CORE,
                "events",
                "pods/attach",
                "pods/exec",
                "pods/portforward",
                "pods/proxy",
                "secrets",
                "services/proxy",
            ],
            _WRITE,
        ),
        _rule("", ["pods/eviction", "serviceaccounts/token"], ["create"]),
        *(_rule(group, kinds, _WRITE) for group, kinds in _WORKLOADS.items()),
        _rule("coordination.k8s.io", ["leases"], [*_READ, *_WRITE]),
    ]
    admin = [
        *edit,
        _rule(_GROUP, ["rolebindings", "roles"], [*_READ, *_WRITE]),
        _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
    ]
    everything = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    named = (("cluster-admin", everything), ("admin", admin), ("edit", edit), ("view", view))
    return [*(_role(name, rules) for name, rules in named), _masters()]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Object:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _metadata(name: str) -> Object:
    return {"name": name, "labels": dict(_LABEL), "annotations": dict(_AUTOUPDATE)}


def _role(name: str, rules: list[Object]) -> Object:
    return {"apiVersion": f"{_GROUP}/v1", "kind": "ClusterRole", "metadata": _metadata(name), "rules": rules}


def _masters() -> Object:
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _metadata("cluster-admin"),
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": _GROUP, "kind": "Group", "name": "system:masters"}],
    }
