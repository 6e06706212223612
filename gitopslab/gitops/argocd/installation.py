"""What installing Argo CD makes: the 59 objects of its ``install.yaml``, and what it makes itself when it starts.

Names, labels and ports as the real manifest has them; the pods are simulated in the embedded cluster, where the daemon
does the reconciling.
"""

from __future__ import annotations

import base64

from gitopslab.gitops.argocd import exclusions
from gitopslab.gitops.argocd.definitions import definitions
from gitopslab.gitops.argocd.kinds import NAMESPACE, SECRET_TYPE
from gitopslab.gitops.argocd.project import default_project
from gitopslab.gitops.shipped import shipped
from gitopslab.machinery.objects import Object, copy_of

NAME_LABEL = "app.kubernetes.io/name"
CREDENTIALS = "gitopslab"
"""The Secret with which repositories of the lab's Git server are read."""

_RBAC = "rbac.authorization.k8s.io"


def namespace() -> Object:
    """Where it all goes; the manifest does not make it."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def manifest() -> list[Object]:
    """The 59 objects of ``install.yaml``, in its order."""
    rows: list[Object] = shipped(__package__, "installation.yaml")["components"]
    return [
        *definitions(),
        *(_named("v1", "ServiceAccount", row["name"], row) for row in rows),
        *(_role("Role", row, row["rules"]) for row in rows if "rules" in row),
        *(_role("ClusterRole", row, row["cluster"]) for row in rows if "cluster" in row),
        *(_binding("Role", row) for row in rows if "rules" in row),
        *(_binding("ClusterRole", row) for row in rows if "cluster" in row),
        *_settings(),
        *(obj for row in rows for obj in _services(row)),
        *(_workload(row) for row in rows),
        *(_policy(row) for row in rows),
    ]


def at_start(password: str, auth: str) -> list[Object]:
    """What ``argocd-server`` and the others make when they start: passwords, and the first project.

    Args:
        password: Of the user ``admin``.
        auth: Of Redis.
    """
    return [
        _secret("argocd-initial-admin-secret", {"password": password}),
        _secret("argocd-redis", {"auth": auth}),
        default_project(),
    ]


def repository_credentials(url: str, user: str, token: str) -> Object:
    """The Secret that lets every repository below a URL be read.

    Args:
        url: What the repositories' URLs begin with.
        user: Who reads.
        token: The password.
    """
    secret = _secret(CREDENTIALS, {"type": "git", "url": url, "username": user, "password": token})
    secret["metadata"]["labels"] = {SECRET_TYPE: "repo-creds"}
    return secret


def _secret(name: str, values: dict[str, str]) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def _labels(row: Object) -> dict[str, str]:
    component = row["name"].removeprefix("argocd-")
    return {"app.kubernetes.io/component": component, NAME_LABEL: row["name"], "app.kubernetes.io/part-of": "argocd"}


def _named(version: str, kind: str, name: str, row: Object, **rest: object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": _labels(row)}
    if kind.startswith("Cluster"):
        del metadata["namespace"]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **copy_of(rest)}


def _role(kind: str, row: Object, rules: list[Object]) -> Object:
    return _named(f"{_RBAC}/v1", kind, row["name"], row, rules=rules)


def _binding(kind: str, row: Object) -> Object:
    subject = {"kind": "ServiceAccount", "name": row["name"], "namespace": NAMESPACE}
    reference = {"apiGroup": _RBAC, "kind": kind, "name": row["name"]}
    return _named(f"{_RBAC}/v1", f"{kind}Binding", row["name"], row, roleRef=reference, subjects=[subject])


def _settings() -> list[Object]:
    notifying = {"name": "argocd-notifications-controller"}
    found = []
    for name in shipped(__package__, "installation.yaml")["settings"]:
        labels = _labels(notifying) if "notifications" in name else _plain(name)
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(name, labels)})
    found[0]["data"] = {"resource.exclusions": exclusions.text()}
    for name, labels in (
        ("argocd-notifications-secret", _labels(notifying)),
        ("argocd-secret", _plain("argocd-secret")),
    ):
        found.append({"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(name, labels), "type": "Opaque"})
    return found


def _plain(name: str) -> dict[str, str]:
    return {NAME_LABEL: name, "app.kubernetes.io/part-of": "argocd"}


def _metadata(name: str, labels: dict[str, str]) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": labels}


def _services(row: Object) -> list[Object]:
    found = []
    for name, service in row["services"].items():
        ports = [{"protocol": "TCP", "targetPort": port["port"], **port} for port in service["ports"]]
        made = _named("v1", "Service", name, row, spec={"ports": ports, "selector": {NAME_LABEL: row["name"]}})
        made["metadata"]["labels"][NAME_LABEL] = name
        if "component" in service:
            made["metadata"]["labels"]["app.kubernetes.io/component"] = service["component"]
        found.append(made)
    return found


# Simplified: no probes, volumes, variables and init containers, which play no part where pods are simulated.
def _workload(row: Object) -> Object:
    container = {"name": row.get("container", row["name"]), "image": row["image"], "args": row["args"]}
    if "ports" in row:
        container["ports"] = row["ports"]
    labels = {NAME_LABEL: row["name"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "serviceAccountName": row["name"]}}
    spec: Object = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    if row.get("stateful"):
        return _named("apps/v1", "StatefulSet", row["name"], row, spec={**spec, "serviceName": row["name"]})
    return _named("apps/v1", "Deployment", row["name"], row, spec=spec)


def _policy(row: Object) -> Object:
    ingress = []
    for rule in row.get("callers") or ():
        peers = [{"podSelector": {"matchLabels": {NAME_LABEL: name}}} for name in rule["from"]]
        ports = [{"port": port, "protocol": "TCP"} for port in rule["ports"]]
        ingress.append({"from": peers or [{"namespaceSelector": {}}], "ports": ports})
    spec = {
        "podSelector": {"matchLabels": {NAME_LABEL: row["name"]}},
        "policyTypes": ["Ingress"],
        "ingress": ingress or [{}],
    }
    return _named("networking.k8s.io/v1", "NetworkPolicy", f"{row['name']}-network-policy", row, spec=spec)
