"""Endpoints follow their Service's pods, and those written by hand are copied to EndpointSlices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import deployment, merged, pod

from gitopslab.controlplane.controllers.subsets import MOST, repacked, truncated
from gitopslab.machinery.objects import Object, annotations_of, labels_of

if TYPE_CHECKING:
    from conftest import Cluster

SLICES = "endpointslices.discovery.k8s.io"
MIRROR = "endpointslicemirroring-controller.k8s.io"


def service(name: str = "web", **overrides: Any) -> Object:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000}]}
    base = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    return merged(base, overrides)


def by_hand(name: str, *subsets: Object, **metadata: Any) -> Object:
    metadata = {"name": name, "namespace": "default", **metadata}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": list(subsets)}


def subset(*ips: str, port: int = 5432, waiting: tuple[str, ...] = ()) -> Object:
    found: Object = {"addresses": [{"ip": ip} for ip in ips], "ports": [{"name": "db", "port": port}]}
    return {**found, "notReadyAddresses": [{"ip": ip} for ip in waiting]} if waiting else found


def mirrored(cluster: Cluster) -> list[Object]:
    return cluster.list(SLICES, labels=f"endpointslice.kubernetes.io/managed-by={MIRROR}")


def test_endpoints_bear_the_name_and_labels_of_their_service(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.create(service(metadata={"labels": {"tier": "front"}}))
    cluster.settle()
    found = cluster.get("endpoints", "web")
    assert labels_of(found) == {"tier": "front", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    assert "endpoints.kubernetes.io/last-change-trigger-time" in annotations_of(found)
    (packed,) = found["subsets"]
    assert packed["ports"] == [{"port": 8000, "protocol": "TCP"}]
    assert {address["targetRef"]["name"] for address in packed["addresses"]} == set(cluster.names("pods"))
    assert all(address["nodeName"] for address in packed["addresses"])


def test_a_service_without_pods_has_endpoints_without_subsets(cluster: Cluster) -> None:
    cluster.create(service())
    cluster.settle()
    assert "subsets" not in cluster.get("endpoints", "web")


def test_named_ports_that_pods_serve_differently_make_several_subsets(cluster: Cluster) -> None:
    for name, number in (("one", 8080), ("two", 8081)):
        ports = [{"name": "http", "containerPort": number}]
        container = {"name": "c", "image": "nginx", "ports": ports}
        cluster.create(pod(name, metadata={"labels": {"app": "web"}}, spec={"containers": [container]}))
    cluster.create(service(spec={"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}))
    cluster.settle()
    subsets = cluster.get("endpoints", "web")["subsets"]
    assert sorted(found["ports"][0]["port"] for found in subsets) == [8080, 8081]


def test_a_pod_that_is_not_ready_is_kept_apart_unless_published(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.create(service())
    cluster.create(service("all", spec={"publishNotReadyAddresses": True}))
    cluster.settle()
    (name,) = cluster.names("pods")
    cluster.api.patch(
        "pods",
        name,
        {"status": {"conditions": [{"type": "Ready", "status": "False"}]}},
        "default",
        subresource="status",
    )
    cluster.settle()
    assert list(cluster.get("endpoints", "web")["subsets"][0]) == ["notReadyAddresses", "ports"]
    assert "addresses" in cluster.get("endpoints", "all")["subsets"][0]


def test_endpoints_go_with_their_service_and_come_back_when_deleted(cluster: Cluster) -> None:
    cluster.create(service())
    cluster.settle()
    cluster.delete("endpoints", "web")
    assert cluster.has("endpoints", "web")
    cluster.delete("services", "web")
    assert not cluster.has("endpoints", "web")


def test_a_headless_service_says_so_on_its_endpoints(cluster: Cluster) -> None:
    cluster.create(service(spec={"clusterIP": "None"}))
    cluster.settle()
    assert labels_of(cluster.get("endpoints", "web"))["service.kubernetes.io/headless"] == ""


def test_endpoints_by_hand_are_copied_to_a_slice(cluster: Cluster) -> None:
    cluster.create(service("ext", spec={"selector": None}))
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "x"}
    made = cluster.create(by_hand("ext", subset("192.0.2.1", waiting=("192.0.2.2",)), annotations=applied))
    cluster.settle()
    (found,) = mirrored(cluster)
    assert annotations_of(found) == {"note": "x"}
    assert found["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert found["endpoints"] == [
        {"addresses": ["192.0.2.1"], "conditions": {"ready": True}},
        {"addresses": ["192.0.2.2"], "conditions": {"ready": False}},
    ]
    assert found["ports"] == [{"name": "db", "port": 5432, "protocol": "TCP"}]


def test_the_copy_is_changed_in_place_and_goes_with_the_endpoints(cluster: Cluster) -> None:
    cluster.create(service("ext", spec={"selector": None}))
    cluster.create(by_hand("ext", subset("192.0.2.1")))
    cluster.settle()
    (before,) = mirrored(cluster)
    cluster.patch("endpoints", "ext", {"subsets": [subset("192.0.2.9", port=5433)]})
    (after,) = mirrored(cluster)
    assert (after["metadata"]["name"], after["ports"][0]["port"]) == (before["metadata"]["name"], 5433)
    cluster.delete("endpoints", "ext")
    assert mirrored(cluster) == []


@pytest.mark.parametrize(
    ("labels", "selector"),
    [
        pytest.param({"endpointslice.kubernetes.io/skip-mirror": "true"}, None, id="that ask not to be"),
        pytest.param({}, {"app": "web"}, id="of a service with a selector"),
    ],
)
def test_some_endpoints_are_not_copied(cluster: Cluster, labels: Object, selector: Object | None) -> None:
    cluster.create(service("ext", spec={"selector": selector}))
    cluster.create(by_hand("ext", subset("192.0.2.1"), labels=labels))
    cluster.settle()
    assert mirrored(cluster) == []


def test_addresses_that_serve_the_same_ports_share_a_subset() -> None:
    port = {"name": "a", "port": 1, "protocol": "TCP"}
    other = {"name": "b", "port": 2, "protocol": "TCP"}
    apart = [{"addresses": [{"ip": ip}], "ports": [one]} for ip in ("10.0.0.2", "10.0.0.1") for one in (port, other)]
    (packed,) = repacked(apart)
    assert packed["addresses"] == [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]
    assert sorted(found["name"] for found in packed["ports"]) == ["a", "b"]


def test_of_too_many_addresses_a_fair_share_is_kept() -> None:
    many = [{"addresses": [{"ip": f"10.0.{index // 250}.{index % 250}"} for index in range(900)]}] * 2
    kept, is_truncated = truncated(many)
    assert (is_truncated, [len(found["addresses"]) for found in kept]) == (True, [MOST // 2, MOST // 2])


def test_a_terminating_pod_leaves_the_endpoints_unless_published(cluster: Cluster) -> None:
    cluster.create(pod("one", metadata={"labels": {"app": "web"}}))
    cluster.create(service())
    cluster.create(service("all", spec={"publishNotReadyAddresses": True}))
    cluster.settle()
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.delete("pods", "one")
    assert "subsets" not in cluster.get("endpoints", "web")
    assert cluster.get("endpoints", "all")["subsets"][0]["addresses"][0]["targetRef"]["name"] == "one"
