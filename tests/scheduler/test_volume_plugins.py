"""Where a pod may run because of its volumes, and what is written before it can be bound."""

from __future__ import annotations

from typing import Any

import pytest
from scheduling_objects import ZONE, node, pod

from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.machinery.objects import Object, annotations_of, name_of

NODES = [node("a", zone="a"), node("b", zone="b")]
USER = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]


def claim(volume: str = "", *, storage: str = "1Gi", storage_class: str = "late", **more: Any) -> Object:
    bound = {"pv.kubernetes.io/bind-completed": "yes"} if volume else {}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": storage}},
        **({"volumeName": volume} if volume else {}),
        **more,
    }
    metadata = {"name": "data", "namespace": "default", "uid": "claim", "annotations": bound}
    status = {"phase": "Bound" if volume else "Pending"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status}


def volume(name: str, zone: str = "", *, storage: str = "1Gi", labels: dict[str, str] | None = None) -> Object:
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "capacity": {"storage": storage},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "late",
            **({"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}} if zone else {}),
        },
        "status": {"phase": "Available"},
    }


def late(provisioner: str = "kubernetes.io/no-provisioner", **more: Any) -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "late"},
        "provisioner": provisioner,
        "volumeBindingMode": "WaitForFirstConsumer",
        **more,
    }


LOST = {**claim("gone"), "status": {"phase": "Lost"}}
LEAVING = {**claim("v"), "metadata": {**claim("v")["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
NOT_READY: list[tuple[str, list[Object], str]] = [
    ("there is no claim", [], 'persistentvolumeclaim "data" not found'),
    ("it is not bound yet", [claim(storage_class="now")], "pod has unbound immediate PersistentVolumeClaims"),
    ("its volume is lost", [LOST], 'persistentvolumeclaim "data" bound to non-existent persistentvolume "gone"'),
    ("it is being deleted", [LEAVING], 'persistentvolumeclaim "data" is being deleted'),
]


@pytest.mark.parametrize(("others", "reason"), [row[1:] for row in NOT_READY], ids=[row[0] for row in NOT_READY])
def test_a_claim_that_is_not_ready_stops_the_pod_everywhere(others: list[Object], reason: str) -> None:
    decision = explain(pod(volumes=USER), NODES, [], others)
    assert decision.message == f"0/2 nodes are available: {reason}. not found"


def test_an_ephemeral_claim_is_awaited() -> None:
    decision = explain(pod("web", volumes=[{"name": "d", "ephemeral": {}}]), NODES, [])
    assert decision.message == (
        "0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "
        '"web-d". not found'
    )


def test_a_bound_volume_decides_the_node() -> None:
    assert explain(pod(volumes=USER), NODES, [], [claim("v"), volume("v", "b")]).node == "b"


def test_a_bound_volume_that_no_node_reaches() -> None:
    decision = explain(pod(volumes=USER), NODES, [], [claim("v"), volume("v", "c")])
    assert decision.message.startswith(
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."
    )


def test_a_zone_label_on_the_volume_decides_the_node() -> None:
    found = [claim("v"), volume("v", labels={ZONE: "b__c"})]
    assert explain(pod(volumes=USER), NODES, [], found).node == "b"


def test_a_waiting_claim_gets_the_smallest_volume_near_the_chosen_node() -> None:
    volumes = [
        volume("big", "b", storage="9Gi"),
        volume("fits", "b", storage="2Gi"),
        volume("small", "a", storage="1Mi"),
    ]
    decision = explain(pod(volumes=USER), NODES, [], [claim(), late(), *volumes])
    assert decision.node == "b"
    assert [name_of(changed) for changed in decision.changes] == ["fits"]
    assert decision.changes[0]["spec"]["claimRef"]["uid"] == "claim"


def test_a_waiting_claim_without_a_volume_stops_the_pod() -> None:
    decision = explain(pod(volumes=USER), NODES, [], [claim(), late()])
    assert decision.message.startswith(
        "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."
    )


def test_a_provisioner_is_told_the_chosen_node() -> None:
    topology = [{"matchLabelExpressions": [{"key": ZONE, "values": ["a"]}]}]
    decision = explain(pod(volumes=USER), NODES, [], [claim(), late("lab/disk", allowedTopologies=topology)])
    assert decision.node == "a"
    assert annotations_of(decision.changes[0])["volume.kubernetes.io/selected-node"] == "a"


def test_one_volume_does_not_serve_two_claims() -> None:
    second = claim()
    second["metadata"] = {**second["metadata"], "name": "more", "uid": "second"}
    both = [*USER, {"name": "e", "persistentVolumeClaim": {"claimName": "more"}}]
    assert explain(pod(volumes=both), NODES, [], [claim(), second, late(), volume("v")]).node is None
    assert explain(pod(volumes=both), NODES, [], [claim(), second, late(), volume("v"), volume("w")]).node is not None


def test_an_exclusive_claim_serves_one_pod() -> None:
    exclusive = claim("v", accessModes=["ReadWriteOncePod"])
    first = pod("first", on="a", volumes=USER)
    decision = explain(pod(volumes=USER), NODES, [first], [exclusive, volume("v")])
    assert "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod" in decision.message
    important = explain(pod(volumes=USER, priority=10), NODES, [first], [exclusive, volume("v")])
    assert [victim.name for victim in important.victims] == ["first"]
