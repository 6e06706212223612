"""Claims and volumes: binding, waiting, provisioning, release, protection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import merged, pod

from gitopslab.controlplane.controllers.volume import mismatch
from gitopslab.machinery.objects import Object, annotations_of

if TYPE_CHECKING:
    from conftest import Cluster

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
ATTRIBUTES = "volumeattributesclasses.storage.k8s.io"


def volume(name: str, size: str = "2Gi", **spec: Any) -> Object:
    base = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": f"/data/{name}"},
        "storageClassName": "manual",
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": merged(base, spec)}


def claim(name: str = "foto", size: str = "1Gi", **spec: Any) -> Object:
    base = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "manual",
        "resources": {"requests": {"storage": size}},
    }
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": merged(base, spec)}


def storage_class(name: str, provisioner: str, mode: str = "Immediate", **rest: Any) -> Object:
    base = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    return {**base, "provisioner": provisioner, "volumeBindingMode": mode, **rest}


def user(name: str = "user", claim_name: str = "foto") -> Object:
    return pod(name, spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": claim_name}}]})


def phase(cluster: Cluster, resource: str, name: str) -> str:
    namespace = "default" if resource == CLAIMS else ""
    found: str = cluster.get(resource, name, namespace)["status"]["phase"]
    return found


def test_a_volume_for_a_claim_without_a_name_waits_for_nobody(cluster: Cluster) -> None:
    cluster.create(volume("empty", "10Gi", claimRef={}))
    cluster.create(volume("bare", "10Gi", claimRef={"uid": "1"}))
    cluster.create(volume("free", "10Gi"))
    cluster.create(claim("foto"))
    cluster.settle()
    assert cluster.get(CLAIMS, "foto")["spec"]["volumeName"] == "free"
    assert phase(cluster, VOLUMES, "empty") == "Available"
    assert phase(cluster, VOLUMES, "bare") == "Released"


def test_a_claim_gets_the_smallest_volume_that_fits(cluster: Cluster) -> None:
    for made in (volume("big", "10Gi"), volume("small", "2Gi"), volume("tiny", "500Mi"), claim()):
        cluster.create(made)
    cluster.settle()
    bound = cluster.get(CLAIMS, "foto")
    assert bound["spec"]["volumeName"] == "small"
    assert bound["status"] == {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}, "phase": "Bound"}
    assert annotations_of(bound) == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    taken = cluster.get(VOLUMES, "small", "")
    assert annotations_of(taken) == {"pv.kubernetes.io/bound-by-controller": "yes"}
    reference = taken["spec"]["claimRef"]
    assert (reference["kind"], reference["namespace"], reference["name"], reference["uid"]) == (
        "PersistentVolumeClaim",
        "default",
        "foto",
        bound["metadata"]["uid"],
    )
    assert (phase(cluster, VOLUMES, "small"), phase(cluster, VOLUMES, "big")) == ("Bound", "Available")


def test_a_claim_waits_for_a_volume_that_comes_later(cluster: Cluster) -> None:
    cluster.create(claim(storageClassName=""))
    cluster.settle()
    message = "no persistent volumes available for this claim and no storage class is set"
    assert cluster.events("PersistentVolumeClaim") == [("FailedBinding", message)]
    cluster.create(volume("late", storageClassName=""))
    cluster.settle()
    assert (phase(cluster, VOLUMES, "late"), phase(cluster, CLAIMS, "foto")) == ("Available", "Pending")
    cluster.advance(15)
    assert phase(cluster, CLAIMS, "foto") == "Bound"


def test_a_claim_for_a_volume_that_is_not_there_looks_again(cluster: Cluster) -> None:
    cluster.create(claim(volumeName="late"))
    cluster.settle()
    cluster.create(volume("late"))
    cluster.advance(15)
    assert phase(cluster, CLAIMS, "foto") == "Bound"


@pytest.mark.parametrize("spec", [{"volumeName": "absent"}, {"storageClassName": "nosuch"}])
def test_a_claim_that_waits_is_pending_whatever_somebody_wrote(cluster: Cluster, spec: Object) -> None:
    cluster.create(claim(**spec))
    cluster.settle()
    cluster.api.update({**cluster.get(CLAIMS, "foto"), "status": {"phase": "Bound"}}, "status")
    cluster.settle()
    assert phase(cluster, CLAIMS, "foto") == "Pending"


def test_a_quick_binder_looks_at_once(cluster: Cluster) -> None:
    quick = type(cluster)(cluster.clock, quick=True)
    quick.create(claim(storageClassName=""))
    quick.settle()
    quick.create(volume("late", storageClassName=""))
    quick.settle()
    assert phase(quick, CLAIMS, "foto") == "Bound"


def test_a_class_nobody_knows(cluster: Cluster) -> None:
    cluster.create(claim())
    cluster.settle()
    message = 'storageclass.storage.k8s.io "manual" not found'
    assert cluster.events("PersistentVolumeClaim") == [("ProvisioningFailed", message)]
    assert phase(cluster, CLAIMS, "foto") == "Pending"


def test_a_class_that_waits_for_its_first_consumer(cluster: Cluster) -> None:
    cluster.create(storage_class("manual", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"))
    cluster.create(volume("ready"))
    cluster.create(claim())
    cluster.settle()
    message = "waiting for first consumer to be created before binding"
    assert cluster.events("PersistentVolumeClaim") == [("WaitForFirstConsumer", message)]
    assert phase(cluster, CLAIMS, "foto") == "Pending"


def test_a_volume_can_be_asked_for_by_name(cluster: Cluster) -> None:
    for made in (volume("small"), volume("wanted", "10Gi"), claim(volumeName="wanted")):
        cluster.create(made)
    cluster.settle()
    assert phase(cluster, CLAIMS, "foto") == "Bound"
    assert annotations_of(cluster.get(CLAIMS, "foto")) == {"pv.kubernetes.io/bind-completed": "yes"}


def test_a_volume_can_be_reserved_for_a_claim(cluster: Cluster) -> None:
    cluster.create(volume("reserved", "10Gi", claimRef={"namespace": "default", "name": "foto"}))
    cluster.create(volume("small"))
    cluster.settle()
    assert phase(cluster, VOLUMES, "reserved") == "Available"
    cluster.create(claim())
    cluster.settle()
    assert cluster.get(CLAIMS, "foto")["spec"]["volumeName"] == "reserved"


def test_a_volume_of_another_claim_is_not_given_twice(cluster: Cluster) -> None:
    for made in (volume("one"), claim("first")):
        cluster.create(made)
    cluster.settle()
    cluster.create(claim("second", volumeName="one"))
    cluster.settle()
    assert phase(cluster, CLAIMS, "second") == "Pending"
    assert ("FailedBinding", 'volume "one" already bound to a different claim.') in cluster.events(
        "PersistentVolumeClaim"
    )


def test_a_claim_whose_volume_went_waits_in_peace(cluster: Cluster) -> None:
    cluster.create(volume("one", claimRef={"namespace": "default", "name": "another", "uid": "1"}))
    cluster.create(claim(volumeName="one"))
    cluster.settle()
    cluster.patch(VOLUMES, "one", {"metadata": {"finalizers": None}}, "")
    cluster.delete(VOLUMES, "one", "")
    cluster.advance(60)  # it would find no rest, were its last word to count for ever
    assert phase(cluster, CLAIMS, "foto") == "Pending"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({}, "", id="it fits"),
        pytest.param({"resources": {"requests": {"storage": "5Gi"}}}, "requested PV is too small", id="size"),
        pytest.param({"storageClassName": "other"}, "storageClassName does not match", id="class"),
        pytest.param({"volumeMode": "Block"}, "incompatible volumeMode", id="mode"),
        pytest.param({"accessModes": ["ReadWriteMany"]}, "incompatible accessMode", id="access"),
    ],
)
def test_why_a_named_volume_cannot_be_had(spec: Object, why: str) -> None:
    assert mismatch(volume("one"), claim(**spec)) == why


def test_a_claim_in_use_stays_until_its_pod_is_gone(cluster: Cluster) -> None:
    for made in (volume("small"), claim(), user()):
        cluster.create(made)
    cluster.settle()
    cluster.delete(CLAIMS, "foto")
    assert cluster.get(CLAIMS, "foto")["metadata"]["deletionTimestamp"]
    cluster.delete("pods", "user")
    assert not cluster.has(CLAIMS, "foto")
    assert phase(cluster, VOLUMES, "small") == "Released"


def test_a_released_volume_is_not_given_to_the_next(cluster: Cluster) -> None:
    for made in (volume("small"), claim()):
        cluster.create(made)
    cluster.settle()
    cluster.delete(CLAIMS, "foto")
    cluster.create(claim())
    cluster.settle()
    assert phase(cluster, CLAIMS, "foto") == "Pending"


def test_a_volume_that_cannot_be_deleted_has_failed(cluster: Cluster) -> None:
    for made in (volume("small", persistentVolumeReclaimPolicy="Delete"), claim()):
        cluster.create(made)
    cluster.settle()
    cluster.delete(CLAIMS, "foto")
    message = "host_path deleter only supports /tmp/.+ but received provided /data/small"
    status = cluster.get(VOLUMES, "small", "")["status"]
    assert (status["phase"], status["message"]) == ("Failed", message)
    assert cluster.events("PersistentVolume") == [("VolumeFailedDelete", message)]


def test_a_bound_volume_stays_until_its_claim_is_gone(cluster: Cluster) -> None:
    for made in (volume("small"), claim()):
        cluster.create(made)
    cluster.settle()
    cluster.delete(VOLUMES, "small", "")
    assert cluster.get(VOLUMES, "small", "")["metadata"]["deletionTimestamp"]
    cluster.delete(CLAIMS, "foto")
    assert not cluster.has(VOLUMES, "small", "")


def test_a_claim_whose_volume_is_gone_is_lost(cluster: Cluster) -> None:
    for made in (volume("small"), claim()):
        cluster.create(made)
    cluster.settle()
    cluster.patch(VOLUMES, "small", {"metadata": {"finalizers": None}}, "")
    cluster.delete(VOLUMES, "small", "")
    assert phase(cluster, CLAIMS, "foto") == "Lost"
    message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    assert ("ClaimLost", message) in cluster.events("PersistentVolumeClaim")


def test_a_class_of_attributes_stays_until_no_claim_names_it(cluster: Cluster) -> None:
    fast: Object = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": {"name": "fast"}}
    cluster.create({**fast, "driverName": "csi.test", "parameters": {"iops": "10"}})
    cluster.create(claim(volumeAttributesClassName="fast"))
    cluster.settle()
    assert cluster.get(ATTRIBUTES, "fast", "")["metadata"]["finalizers"] == ["kubernetes.io/vac-protection"]
    cluster.delete(ATTRIBUTES, "fast", "")
    cluster.settle()
    assert "deletionTimestamp" in cluster.get(ATTRIBUTES, "fast", "")["metadata"]
    cluster.delete(CLAIMS, "foto")
    cluster.settle()
    assert not cluster.has(ATTRIBUTES, "fast", "")


def test_the_labs_own_class_makes_volumes_and_deletes_them(cluster: Cluster) -> None:
    local = storage_class("standard", "rancher.io/local-path", "WaitForFirstConsumer", allowVolumeExpansion=True)
    cluster.create(local)
    cluster.create(claim(storageClassName="standard"))
    cluster.settle()
    chosen = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "n2"}}}
    cluster.patch(CLAIMS, "foto", chosen)
    bound = cluster.get(CLAIMS, "foto")
    name = f"pvc-{bound['metadata']['uid']}"
    assert (bound["status"]["phase"], bound["spec"]["volumeName"]) == ("Bound", name)
    assert [reason for reason, _ in cluster.events("PersistentVolumeClaim")] == [
        "WaitForFirstConsumer",
        "ExternalProvisioning",
        "Provisioning",
        "ProvisioningSucceeded",
    ]
    cluster.patch(CLAIMS, "foto", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    assert cluster.get(CLAIMS, "foto")["status"]["capacity"] == {"storage": "3Gi"}
    cluster.delete(CLAIMS, "foto")
    assert not cluster.has(VOLUMES, name, "")


def test_a_claim_says_again_every_fifteen_seconds_why_it_waits(cluster: Cluster) -> None:
    cluster.create(claim("c", storageClassName="nosuch"))
    cluster.settle()
    cluster.advance(31)
    (event,) = [found for found in cluster.list("events") if found["involvedObject"]["kind"] == "PersistentVolumeClaim"]
    assert (event["reason"], event["count"]) == ("ProvisioningFailed", 3)


def test_a_claim_without_a_class_gets_the_default_that_comes_later(cluster: Cluster) -> None:
    silent = claim("c")
    del silent["spec"]["storageClassName"]
    cluster.create(silent)
    cluster.create(claim("none", storageClassName=""))
    cluster.settle()
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "example.com/p"}
    cluster.create({**made, "metadata": {"name": "fast", "annotations": marked}})
    cluster.advance(15)
    assert cluster.get("persistentvolumeclaims", "c")["spec"]["storageClassName"] == "fast"
    assert cluster.get("persistentvolumeclaims", "none")["spec"]["storageClassName"] == ""


def test_a_claim_that_grows_waits_for_somebody_who_can_do_it(cluster: Cluster) -> None:
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "example.com/p"}
    cluster.create({**made, "metadata": {"name": "fast"}, "allowVolumeExpansion": True})
    cluster.create(volume("v", storageClassName="fast"))
    cluster.create(claim("c", storageClassName="fast"))
    cluster.settle()
    cluster.patch("persistentvolumeclaims", "c", {"spec": {"resources": {"requests": {"storage": "9Gi"}}}})
    message = "waiting for an external controller to expand this PVC"
    assert cluster.events("PersistentVolumeClaim")[-1] == ("ExternalExpanding", message)
