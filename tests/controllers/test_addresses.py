"""Addresses from outside: load balancers and Ingresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import config_map

from gitopslab.controlplane.controllers.loadbalancer import chosen, pool_of
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from conftest import Cluster

POOL = {"addresses": "172.18.255.200-172.18.255.201"}


def service(name: str, **spec: Any) -> Object:
    spec = {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def given(cluster: Cluster, name: str) -> Object:
    found: Object = cluster.get("services", name)["status"]["loadBalancer"]
    return found


def test_without_a_pool_a_load_balancer_stays_pending(cluster: Cluster) -> None:
    cluster.create(service("web"))
    cluster.settle()
    assert given(cluster, "web") == {}


def test_each_load_balancer_gets_an_address_of_its_own(cluster: Cluster) -> None:
    for name in ("one", "two", "three"):
        cluster.create(service(name))
    cluster.settle()
    cluster.create(config_map("load-balancer", "kube-system", data=POOL))
    cluster.settle()
    found = [given(cluster, name).get("ingress", [{}])[0].get("ip") for name in ("one", "two", "three")]
    assert found == ["172.18.255.200", "172.18.255.201", None]
    message = 'Failed to allocate IP for "default/three": no available IPs'
    assert ("AllocationFailed", message) in cluster.events("Service")
    assert ("IPAllocated", 'Assigned IP ["172.18.255.200"]') in cluster.events("Service")


def test_an_address_is_given_back_with_the_type(cluster: Cluster) -> None:
    cluster.create(config_map("load-balancer", "kube-system", data=POOL))
    for name in ("one", "two", "three"):
        cluster.create(service(name))
    cluster.settle()
    cluster.patch("services", "one", {"spec": {"type": "ClusterIP"}})
    cluster.patch("services", "three", {"metadata": {"labels": {"asks": "again"}}})
    assert given(cluster, "one") == {}
    assert given(cluster, "three") == {"ingress": [{"ip": "172.18.255.200", "ipMode": "VIP"}]}


@pytest.mark.parametrize(
    ("text", "pool"),
    [
        pytest.param("10.0.0.9-10.0.0.11", ["10.0.0.9", "10.0.0.10", "10.0.0.11"], id="a range"),
        pytest.param("10.0.0.9", ["10.0.0.9"], id="one address"),
        pytest.param("nonsense", [], id="nonsense"),
    ],
)
def test_pools(text: str, pool: list[str]) -> None:
    assert pool_of({"data": {"addresses": text}}) == pool


def test_a_wish_is_granted_or_refused_but_never_replaced() -> None:
    assert chosen(["a", "b"], set(), "b") == "b"
    assert chosen(["a", "b"], {"b"}, "b") == ""


def test_an_ingress_of_the_labs_class_shows_the_nodes(cluster: Cluster) -> None:
    addresses = [{"type": "InternalIP", "address": "172.18.0.3"}]
    cluster.api.patch("nodes", "n1", {"status": {"addresses": addresses}}, subresource="status")
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    for name, controller in (("nginx", "gitopslab.dev/ingress"), ("other", "example.com/ingress")):
        metadata = {"name": name, "namespace": "default"}
        kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}}
        cluster.create({**kind, "spec": {"controller": controller}})
        spec = {"ingressClassName": name, "defaultBackend": backend}
        cluster.create({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec})
    cluster.settle()
    shown = {name: cluster.get("ingresses.networking.k8s.io", name)["status"] for name in ("nginx", "other")}
    assert shown == {
        "nginx": {"loadBalancer": {"ingress": [{"ip": "172.18.0.3"}]}},
        "other": {"loadBalancer": {}},
    }
