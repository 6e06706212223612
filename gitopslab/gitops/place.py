"""The one URL of the lab's Git server inside a cluster: a Service without a selector, and the endpoint behind it.

``http://git.gitopslab.svc.cluster.local/GROUP/PROJECT.git`` stands in manifests, whatever the cluster and the port of
the forge. Only the EndpointSlice differs from machine to machine; it is the lab's, and not in Git.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

NAMESPACE = "gitopslab"
SERVICE = "git"
OWNED = {"app.kubernetes.io/managed-by": "gitopslab"}
"""The label of every namespace the lab makes on a cluster that is not its own."""


def git_host() -> str:
    """The forge's name for everything in the cluster: Git, and images as well."""
    return f"{SERVICE}.{NAMESPACE}.svc.cluster.local"


def git_url(project: str) -> str:
    """Where a project is for everything in the cluster."""
    return f"http://{git_host()}/{project.strip('/').removesuffix('.git')}.git"


def git_service(port: int, address: str = "localhost") -> list[Object]:
    """The objects that make the URL lead to a forge.

    Args:
        port: Of the forge.
        address: Of its machine: ``localhost`` for the embedded cluster, whose controllers run there, or an IPv4 address
            that the nodes of a cluster reach.
    """
    kind = "IPv4" if address.replace(".", "").isdigit() else "FQDN"
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": port}]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": OWNED}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE, "namespace": NAMESPACE},
            "spec": {"ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{SERVICE}-forge",
                "namespace": NAMESPACE,
                "labels": {
                    "kubernetes.io/service-name": SERVICE,
                    "endpointslice.kubernetes.io/managed-by": "gitopslab",
                },
            },
            "addressType": kind,
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
        },
    ]
