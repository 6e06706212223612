"""EndpointSlices follow their Service's pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import deployment, merged, pod

from gitopslab.controlplane.controllers.slicing import endpoint_of, ports_of
from gitopslab.machinery.objects import Object, annotations_of, labels_of, name_of, uid_of

if TYPE_CHECKING:
    from conftest import Cluster

SLICES = "endpointslices.discovery.k8s.io"


def service(name: str = "web", **overrides: Any) -> Object:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000}]}
    base = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    return merged(base, overrides)


def endpoints(cluster: Cluster) -> list[Object]:
    return [endpoint for found in cluster.list(SLICES) for endpoint in found["endpoints"] or ()]


def test_a_slice_lists_the_ready_pods(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    made = cluster.create(service(metadata={"labels": {"tier": "front"}}))
    cluster.settle()
    (found,) = cluster.list(SLICES)
    assert found["metadata"]["generateName"] == "web-"
    assert found["metadata"]["ownerReferences"][0]["uid"] == uid_of(made)
    assert labels_of(found) == {
        "tier": "front",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert (found["addressType"], found["ports"]) == ("IPv4", [{"name": "", "port": 8000, "protocol": "TCP"}])
    assert "endpoints.kubernetes.io/last-change-trigger-time" in annotations_of(found)
    assert {each["targetRef"]["name"] for each in found["endpoints"]} == set(cluster.names("pods"))
    for each in found["endpoints"]:
        assert each["conditions"] == {"ready": True, "serving": True, "terminating": False}
        assert each["zone"] == f"zone-{'abc'[int(each['nodeName'][1:]) - 1]}"


def test_a_service_without_pods_has_an_empty_slice(cluster: Cluster) -> None:
    cluster.create(service())
    cluster.settle()
    (found,) = cluster.list(SLICES)
    assert (found["endpoints"], found["ports"]) == (None, None)


def test_a_selector_that_matches_nothing_empties_the_slice_in_place(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.create(service())
    cluster.settle()
    before = cluster.names(SLICES)
    cluster.patch("services", "web", {"spec": {"selector": {"app": "typo"}}})
    assert endpoints(cluster) == []
    assert cluster.names(SLICES) == before


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"selector": None}, id="without a selector"),
        pytest.param({"type": "ExternalName", "externalName": "example.com"}, id="an external name"),
    ],
)
def test_some_services_get_no_slices(cluster: Cluster, spec: Object) -> None:
    cluster.create(service(spec=spec))
    cluster.settle()
    assert cluster.list(SLICES) == []


def test_a_headless_service_says_so(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.create(service(spec={"clusterIP": "None", "ports": None}))
    cluster.settle()
    (found,) = cluster.list(SLICES)
    assert labels_of(found)["service.kubernetes.io/headless"] == ""
    assert found["ports"] is None
    assert len(found["endpoints"]) == 1


def test_a_terminating_pod_is_served_but_not_ready(cluster: Cluster) -> None:
    cluster.create(pod("one", metadata={"labels": {"app": "web"}}))
    cluster.create(service())
    cluster.settle()
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.delete("pods", "one")
    (found,) = endpoints(cluster)
    assert found["conditions"] == {"ready": False, "serving": True, "terminating": True}


def test_slices_hold_a_hundred_endpoints_each(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=110))
    cluster.create(service())
    cluster.settle()
    sizes = [len(found["endpoints"]) for found in cluster.list(SLICES)]
    assert (len(sizes), sum(sizes), max(sizes) <= 100) == (2, 110, True)
    cluster.patch("deployments.apps", "web", {"spec": {"replicas": 10}})
    assert len(endpoints(cluster)) == 10


def test_slices_go_with_their_service(cluster: Cluster) -> None:
    cluster.create(service())
    cluster.settle()
    cluster.delete("services", "web")
    assert cluster.list(SLICES) == []


def test_a_deleted_slice_comes_back(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.create(service())
    cluster.settle()
    (name,) = cluster.names(SLICES)
    cluster.delete(SLICES, name)
    assert len(endpoints(cluster)) == 1


def test_pods_with_different_named_ports_get_slices_of_their_own(cluster: Cluster) -> None:
    for name, number in (("one", 8001), ("two", 8002)):
        ports = [{"name": "http", "containerPort": number}]
        spec = {"containers": [{"name": "c", "image": "nginx", "ports": ports}]}
        cluster.create(pod(name, metadata={"labels": {"app": "web"}}, spec=spec))
    cluster.create(service(spec={"ports": [{"port": 80, "targetPort": "http"}]}))
    cluster.settle()
    found = {each["ports"][0]["port"]: each["endpoints"][0]["targetRef"]["name"] for each in cluster.list(SLICES)}
    assert found == {8001: "one", 8002: "two"}


def test_labels_of_the_service_reach_its_slices(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.create(service())
    cluster.settle()
    cluster.patch("services", "web", {"metadata": {"labels": {"tier": "front"}}})
    (found,) = cluster.list(SLICES)
    assert labels_of(found)["tier"] == "front"


def ready_pod(**overrides: Any) -> Object:
    status = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    return merged(pod("one", spec={"nodeName": "n1"}, status=status), overrides)


def test_not_ready_addresses_are_published_on_request() -> None:
    waiting = ready_pod(status={"conditions": []})
    found = endpoint_of(waiting, service(spec={"publishNotReadyAddresses": True}), None, "IPv4")
    assert found is not None
    assert found["conditions"] == {"ready": True, "serving": False, "terminating": False}


def test_a_pod_in_the_subdomain_of_its_service_has_a_hostname() -> None:
    found = endpoint_of(ready_pod(spec={"hostname": "db-0", "subdomain": "web"}), service(), None, "IPv4")
    assert found is not None
    assert found["hostname"] == "db-0"


def test_an_address_of_another_family_is_no_endpoint() -> None:
    assert endpoint_of(ready_pod(), service(), None, "IPv6") is None


def test_hints_keep_traffic_in_its_zone() -> None:
    node = {"metadata": {"labels": {"topology.kubernetes.io/zone": "zone-a"}}}
    found = endpoint_of(ready_pod(), service(spec={"trafficDistribution": "PreferSameNode"}), node, "IPv4")
    assert found is not None
    assert found["hints"] == {"forZones": [{"name": "zone-a"}], "forNodes": [{"name": "n1"}]}


def test_a_named_port_the_pod_lacks_is_left_out() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "admin", "port": 81, "targetPort": 9000}]
    assert [name_of({"metadata": port}) for port in ports_of(service(spec={"ports": ports}), ready_pod())] == ["admin"]


def test_several_ports_are_in_the_order_of_their_hashes(cluster: Cluster) -> None:
    """As recorded from a real control plane."""
    ports: list[Object] = [
        {"name": "a", "port": 80},
        {"name": "b", "port": 81, "protocol": "UDP"},
        {"name": "cc", "port": 82, "appProtocol": "http"},
        {"name": "d", "port": 83},
        {"name": "e", "port": 84},
        {"name": "f", "port": 85, "targetPort": 9000},
        {"name": "g", "port": 86, "protocol": "SCTP"},
    ]
    cluster.create(deployment("web"))
    cluster.create(service(spec={"ports": ports}))
    cluster.settle()
    (found,) = cluster.list(SLICES)
    assert [port["name"] for port in found["ports"]] == ["cc", "d", "b", "a", "g", "f", "e"]
