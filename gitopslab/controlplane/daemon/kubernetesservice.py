"""The Service ``kubernetes``, through which pods find the API: what it is, and that it comes back when deleted.

``bootstrap`` makes it in a new cluster; the manager calls the controller when somebody deletes it, as
``kubectl delete all --all`` does. It has no selector, so its endpoints are written here and not by their controller.

Upstream: ``pkg/controlplane/controller/kubernetesservice``. Simplified: it comes back at once and is not looked at
otherwise; the real one looks every ten seconds and mends its ports too.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.daemon.topology import ROLE_LABEL
from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import NotFoundError
from gitopslab.machinery.objects import Object, key_of, labels_of

_KEY = ("default", "kubernetes")


def kubernetes_service(nodes: list[Object]) -> list[Object]:
    """The Service, its EndpointSlice and its Endpoints.

    Simplified: the API server of the lab listens on the loopback address of the machine, where the service proxy leads;
    the endpoint shown here is where one would listen on the control plane's node.
    """
    namespace, name = _KEY
    labels = {"component": "apiserver", "provider": "kubernetes"}
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    address = internal_ip(control_node(nodes))  # none of a node that somebody made by hand and no kubelet runs on
    mirrored = {"endpointslice.kubernetes.io/skip-mirror": "true"}  # the slice is there already
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP", "ports": [port]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}] if address else [],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        },
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": namespace, "labels": mirrored},
            "subsets": [{"addresses": [{"ip": address}], "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]}]
            if address
            else [],
        },
    ]


def missing(api: Api, objects: list[Object]) -> list[Object]:
    """Those of the three that are not there; creating the others again is refused, for their address is taken."""
    keys = {"Service": "services", "EndpointSlice": "endpointslices.discovery.k8s.io", "Endpoints": "endpoints"}
    namespace, name = _KEY
    return [obj for obj in objects if not exists(api, keys[obj["kind"]], name, namespace)]


def exists(api: Api, resource: str, name: str, namespace: str) -> bool:
    """Whether an object is there."""
    try:
        api.get(resource, name, namespace)
    except NotFoundError:
        return False
    return True


def control_node(nodes: list[Object]) -> Object:
    """The node that shows the control plane: the first of that role, else the first."""
    return next((node for node in nodes if ROLE_LABEL in labels_of(node)), nodes[0])


class KubernetesServiceController:
    """Makes the Service, its EndpointSlice and its Endpoints again."""

    name = "kubernetes-service-controller"

    def __init__(self, api: Api, manager: Manager) -> None:
        self._api = api
        self._nodes = manager.informer("nodes")
        self.sources: tuple[Source, ...] = (
            Source("services", _deletion),
            Source("endpointslices.discovery.k8s.io", _deletion),
            Source("endpoints", _deletion),
        )

    def reconcile(self, request: Request) -> Result:
        """Create what is missing; without any node there is nowhere to point at."""
        nodes = sorted(self._nodes, key=key_of)
        for obj in missing(self._api, kubernetes_service(nodes)) if nodes else ():
            self._api.create(obj)
        return DONE


def _deletion(event: WatchEvent) -> Iterable[Request]:
    return (Request(*_KEY),) if event.type == "DELETED" and key_of(event.object) == _KEY else ()
