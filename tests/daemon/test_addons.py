"""What a cluster has beyond Kubernetes itself: addresses from outside, an ingress class, metrics."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, name_of

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
}
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
}


def seen(bare: bool, clock: JumpableClock) -> tuple[Object, Object, list[Object] | None]:
    """The addresses of a load balancer and of an Ingress, and the metrics of nodes."""
    plane = ControlPlane(clock, bare=bare)
    for obj in (SERVICE, INGRESS):
        plane.api.create(obj)
    plane.advance(30)
    service = plane.api.get("services", "web", "default")["status"]["loadBalancer"]
    ingress = plane.api.get("ingresses.networking.k8s.io", "web", "default")["status"]["loadBalancer"]
    try:
        metrics = plane.api.list("nodes.metrics.k8s.io")
    except NotFoundError:
        metrics = None
    plane.close()
    return service, ingress, metrics


def test_a_furnished_cluster_gives_addresses_and_metrics(clock: JumpableClock) -> None:
    service, ingress, metrics = seen(False, clock)
    assert service == {"ingress": [{"ip": "172.18.255.200", "ipMode": "VIP"}]}
    assert ingress == {"ingress": [{"ip": f"172.18.0.{number}"} for number in (3, 4, 5)]}
    assert [name_of(one) for one in metrics or ()] == ["lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3"]


def test_a_bare_cluster_gives_neither(clock: JumpableClock) -> None:
    assert seen(True, clock) == ({}, {}, None)


@pytest.mark.parametrize("role", ["admin", "edit", "view"])
def test_the_usual_roles_may_read_metrics(clock: JumpableClock, role: str) -> None:
    plane = ControlPlane(clock)
    plane.settle()
    rules = plane.api.get("clusterroles.rbac.authorization.k8s.io", role)["rules"]
    assert any(rule["apiGroups"] == ["metrics.k8s.io"] and "list" in rule["verbs"] for rule in rules)
    plane.close()
