"""How the forge calls a controller of the cluster when something was pushed, as GitLab calls it by its webhook.

The embedded cluster listens for such calls itself. On any other the API server's proxy leads to the controller, however
the cluster's network is made; for it the forge gets a key of its own, which opens that one Service and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.gitops.place import OWNED
from gitopslab.lab.answers import say
from gitopslab.machinery.objects import Object

_NAME = "gitopslab-push"
_SECONDS = 365 * 24 * 3600
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Listener:
    """A controller that hears of pushes.

    Attributes:
        namespace: Where it runs.
        service: As the API server's proxy takes it: ``NAME:PORT``, or ``https:NAME:PORT``.
        path: Where it listens.
    """

    namespace: str
    service: str
    path: str


def have_called(client: Client, cluster: Cluster, project: str, token: str, listener: Listener) -> None:
    """Have the forge tell of every push to a project.

    Args:
        client: The cluster's API.
        cluster: Which one.
        project: ``group/project``.
        token: Goes with every call; the controller compares it.
        listener: Who is told; on the embedded cluster its path alone counts.
    """
    url, key = f"{client.server}{listener.path}", ""
    if cluster.kind != "embedded":
        key = _key(client, listener)
        services = f"{client.server}/api/v1/namespaces/{listener.namespace}/services"
        url = f"{services}/{listener.service}/proxy{listener.path}"
    forge = PipelineClient(Forge.of(cluster).up(say))
    forge.set_hook(project, url, token, authority=client.connection.authority, bearer=key)


def _key(client: Client, listener: Listener) -> str:
    """The token of a service account that may call the listener, made for a year."""
    for obj in _account(listener):
        client.apply(obj)
    path = f"/api/v1/namespaces/{listener.namespace}/serviceaccounts/{_NAME}/token"
    made: Object = client.request("POST", path, {"spec": {"expirationSeconds": _SECONDS}})
    return str(made["status"]["token"])


def _account(listener: Listener) -> list[Object]:
    metadata = {"name": _NAME, "namespace": listener.namespace, "labels": OWNED}
    rule = {
        "apiGroups": [""],
        "resources": ["services/proxy"],
        "resourceNames": [listener.service],
        "verbs": ["create"],
    }
    role = {"apiGroup": _RBAC, "kind": "Role", "name": _NAME}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": listener.namespace}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": role,
            "subjects": [subject],
        },
    ]
