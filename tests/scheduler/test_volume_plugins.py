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
    assert "2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode" in decision.message
    important = explain(pod(volumes=USER, priority=10), NODES, [first], [exclusive, volume("v")])
    assert [victim.name for victim in important.victims] == ["first"]


def disk(sort: str, *, read_only: bool = False, **more: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "d", sort: {**more, **({"readOnly": True} if read_only else {})}}]}


EBS = disk("awsElasticBlockStore", volumeID="vol-1")
GCE, GCE_READ = disk("gcePersistentDisk", pdName="pd-1"), disk("gcePersistentDisk", pdName="pd-1", read_only=True)
RBD = {"pool": "p", "image": "i"}
DISKS: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("the same EBS disk", EBS, EBS, True),
    ("reading does not help an EBS disk", disk("awsElasticBlockStore", volumeID="vol-1", read_only=True), EBS, True),
    ("another EBS disk", EBS, disk("awsElasticBlockStore", volumeID="vol-2"), False),
    ("one writes to a GCE disk", GCE, GCE_READ, True),
    ("both read a GCE disk", GCE_READ, GCE_READ, False),
    ("the same iSCSI name", disk("iscsi", iqn="iqn-1"), disk("iscsi", iqn="iqn-1"), True),
    (
        "an RBD image over one monitor",
        disk("rbd", monitors=["a", "b"], **RBD),
        disk("rbd", monitors=["b"], **RBD),
        True,
    ),
    ("an RBD image elsewhere", disk("rbd", monitors=["a"], **RBD), disk("rbd", monitors=["b"], **RBD), False),
    ("another sort of disk", EBS, GCE, False),
    ("no disk at all", EBS, disk("emptyDir"), False),
]


@pytest.mark.parametrize(("mine", "theirs", "clash"), [row[1:] for row in DISKS], ids=[row[0] for row in DISKS])
def test_a_disk_that_a_pod_names_serves_one_pod_a_node(
    mine: dict[str, Any], theirs: dict[str, Any], clash: bool
) -> None:
    verdicts = explain(pod(**mine), NODES, [pod("o", on="a", **theirs)]).verdicts
    reasons = {verdict.node: verdict.status.reasons for verdict in verdicts}
    assert reasons == {"a": ("node(s) had no available disk",) if clash else (), "b": ()}


OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([claim("gone")], 'persistentvolume "gone" not found'),
        ([claim(storage_class="none")], "pod has unbound immediate PersistentVolumeClaims"),
    ],
    ids=["its volume is gone", "its class is gone"],
)
def test_a_volume_that_cannot_be_found_stops_the_pod_everywhere(others: list[Object], reason: str) -> None:
    assert explain(pod(volumes=USER), NODES, [], others).message == f"0/2 nodes are available: {reason}. not found"


def test_an_old_zone_label_on_the_volume_means_the_new_one() -> None:
    assert explain(pod(volumes=USER), NODES, [], [claim("v"), volume("v", labels={OLD_ZONE: "b"})]).node == "b"


def test_a_node_without_any_zone_takes_every_volume() -> None:
    found = [claim("v"), volume("v", labels={ZONE: "b"})]
    assert explain(pod(volumes=USER), [node("n")], [], found).node == "n"


def test_a_volume_out_of_reach_is_told_with_its_label() -> None:
    verdict = explain(pod(volumes=USER), NODES, [], [claim("v"), volume("v", "b")]).verdicts[0]
    assert verdict.status.detail == f"volume v: {ZONE} must be b, it is a"


def csi_node(name: str, **limits: int) -> Object:
    drivers = [{"name": driver, "nodeID": name, "allocatable": {"count": count}} for driver, count in limits.items()]
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": name},
        "spec": {"drivers": drivers},
    }


def csi(number: int, driver: str = "disks") -> tuple[Object, Object]:
    """A claim with its CSI volume."""
    made = volume(f"v{number}")
    made["spec"]["csi"] = {"driver": driver, "volumeHandle": f"handle-{number}"}
    bound = claim(f"v{number}")
    return {**bound, "metadata": {**bound["metadata"], "name": f"c{number}", "uid": f"uid-{number}"}}, made


def uses(*numbers: int) -> dict[str, Any]:
    volumes = [{"name": f"d{number}", "persistentVolumeClaim": {"claimName": f"c{number}"}} for number in numbers]
    return {"volumes": volumes}


def attached(number: int, where: str) -> Object:
    spec = {"attacher": "disks", "nodeName": where, "source": {"persistentVolumeName": f"v{number}"}}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": f"at{number}"},
        "spec": spec,
    }


STORAGE = [obj for number in range(4) for obj in csi(number)] + list(csi(9, "other"))
LIMITS: list[tuple[str, list[int], list[list[int]], list[Object], bool]] = [
    ("there is room for one more", [0], [[1]], [], True),
    ("there is none", [0], [[1], [2]], [], False),
    ("two are one too many", [0, 3], [[1]], [], False),
    ("a shared volume counts once", [1], [[1], [2]], [], True),
    ("a volume of another driver has no limit", [9], [[1], [2]], [], True),
    ("what is still attached counts", [0], [[1]], [attached(2, "a")], False),
    ("what is attached elsewhere does not", [0], [[1]], [attached(2, "b")], True),
    ("what is attached and used counts once", [0], [[1]], [attached(1, "a")], True),
]


@pytest.mark.parametrize(
    ("wanted", "here", "others", "fits"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS]
)
def test_a_node_attaches_as_many_volumes_of_a_driver_as_it_says(
    wanted: list[int], here: list[list[int]], others: list[Object], fits: bool
) -> None:
    pods = [pod(f"o{index}", on="a", **uses(*numbers)) for index, numbers in enumerate(here)]
    decision = explain(pod(**uses(*wanted)), NODES[:1], pods, [*STORAGE, csi_node("a", disks=2), *others])
    status = decision.verdicts[0].status
    assert (status.reasons == ()) is fits
    if not fits:
        assert status.reasons == ("node(s) exceed max volume count",)
        assert status.detail.startswith("disks: ")


def test_a_claim_that_waits_counts_by_its_class() -> None:
    waits = [claim(), late("disks")]
    full = pod("o", on="a", **uses(1))
    decision = explain(pod(volumes=USER), NODES, [full], [*STORAGE, *waits, csi_node("a", disks=1)])
    assert decision.node == "b"


def capacity(size: str, zone: str, **more: Any) -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIStorageCapacity",
        "metadata": {"name": f"room-{zone}", "namespace": "default"},
        "storageClassName": "late",
        "nodeTopology": {"matchLabels": {ZONE: zone}},
        "capacity": size,
        **more,
    }


DRIVER = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSIDriver",
    "metadata": {"name": "disks"},
    "spec": {"storageCapacity": True},
}


@pytest.mark.parametrize(
    ("rooms", "node_name"),
    [
        ([capacity("1Gi", "b")], "b"),
        ([capacity("9Gi", "b", maximumVolumeSize="1Mi"), capacity("1Gi", "a")], "a"),
        ([capacity("1Mi", "a"), capacity("1Mi", "b")], None),
    ],
    ids=["room in one zone", "room, but not for one so large", "too little everywhere"],
)
def test_a_driver_that_tells_its_room_is_asked_for_it(rooms: list[Object], node_name: str | None) -> None:
    decision = explain(pod(volumes=USER), NODES, [], [claim(), late("disks"), DRIVER, *rooms])
    assert decision.node == node_name
    if node_name is None:
        assert decision.message.startswith("0/2 nodes are available: 2 node(s) did not have enough free storage.")
