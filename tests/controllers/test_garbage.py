"""Garbage collection: background, foreground, orphan, absent owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import config_map, deployment

from gitopslab.machinery.objects import Object, name_of, owners_of, uid_of

if TYPE_CHECKING:
    from conftest import Cluster


def owned_by(*owners: Object, block: bool = False) -> list[Object]:
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": name_of(owner),
            "uid": uid_of(owner),
            "blockOwnerDeletion": block,
        }
        for owner in owners
    ]


def child(name: str, *owners: Object, block: bool = False) -> Object:
    return config_map(name, metadata={"ownerReferences": owned_by(*owners, block=block)})


def test_dependents_go_with_their_owner(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.create(child("child", owner))
    cluster.delete("configmaps", "owner")
    assert cluster.names("configmaps") == ["kube-root-ca.crt"]


def test_chains_of_owners_go_link_by_link(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    cluster.delete("deployments.apps", "web")
    assert (cluster.names("replicasets.apps"), cluster.names("pods")) == ([], [])


def test_an_owner_that_never_was_is_as_good_as_gone(cluster: Cluster) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "0"}}
    cluster.create(child("stray", ghost))
    cluster.settle()
    assert not cluster.has("configmaps", "stray")


def test_a_namesake_of_the_owner_does_not_count(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.manager.stop("garbage-collector-controller")
    cluster.create(child("child", owner))
    cluster.api.delete("configmaps", "owner", "default")
    cluster.create(config_map("owner"))
    cluster.manager.start("garbage-collector-controller")
    cluster.settle()
    assert not cluster.has("configmaps", "child")


def test_one_remaining_owner_keeps_an_object(cluster: Cluster) -> None:
    one, two = cluster.create(config_map("one")), cluster.create(config_map("two"))
    cluster.create(child("child", one, two))
    cluster.delete("configmaps", "one")
    assert [owner["name"] for owner in owners_of(cluster.get("configmaps", "child"))] == ["two"]


def test_foreground_deletion_waits_for_blocking_dependents(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.create(child("child", owner, block=True))
    cluster.patch("configmaps", "child", {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.delete("configmaps", "owner", propagation="Foreground")
    assert cluster.get("configmaps", "owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert cluster.get("configmaps", "child")["metadata"]["deletionTimestamp"]
    cluster.patch("configmaps", "child", {"metadata": {"finalizers": None}})
    assert cluster.names("configmaps") == ["kube-root-ca.crt"]


def test_foreground_deletion_does_not_wait_for_others(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.create(child("child", owner))
    cluster.patch("configmaps", "child", {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.delete("configmaps", "owner", propagation="Foreground")
    assert not cluster.has("configmaps", "owner")


def test_foreground_deletion_reaches_through_the_whole_tree(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.delete("deployments.apps", "web", propagation="Foreground")
    assert cluster.has("deployments.apps", "web")
    assert all(pod["metadata"].get("deletionTimestamp") for pod in cluster.list("pods"))
    for name in cluster.names("pods"):
        cluster.api.delete("pods", name, "default", grace_seconds=0)
    cluster.settle()
    assert not cluster.has("deployments.apps", "web")


def test_orphans_lose_their_owner_and_stay(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    cluster.create(child("child", owner))
    cluster.delete("configmaps", "owner", propagation="Orphan")
    assert not cluster.has("configmaps", "owner")
    assert owners_of(cluster.get("configmaps", "child")) == []


def test_objects_that_own_each_other_can_be_deleted(cluster: Cluster) -> None:
    first = cluster.create(config_map("first"))
    second = cluster.create(child("second", first, block=True))
    cluster.patch("configmaps", "first", {"metadata": {"ownerReferences": owned_by(second, block=True)}})
    cluster.delete("configmaps", "first", propagation="Foreground")
    assert cluster.names("configmaps") == ["kube-root-ca.crt"]


def test_an_owner_in_another_namespace_is_not_there(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner", namespace="kube-system"))
    made = cluster.create(child("child", owner))
    cluster.settle()
    assert not cluster.has("configmaps", "child")
    reference = f"[v1/ConfigMap, namespace: default, name: owner, uid: {uid_of(owner)}]"
    told = f'ownerRef {reference} does not exist in namespace "default"'
    assert cluster.events("ConfigMap") == [("OwnerRefInvalidNamespace", told)]
    assert made["metadata"]["namespace"] == "default"


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        pytest.param("v1", "ConfigMap", id="a namespaced owner of a cluster-scoped object"),
        pytest.param("example.com/v1", "Widget", id="an owner of an unknown kind"),
    ],
)
def test_what_cannot_be_known_to_be_gone_keeps_an_object(cluster: Cluster, api_version: str, kind: str) -> None:
    owner = {"apiVersion": api_version, "kind": kind, "name": "x", "uid": "0"}
    metadata = {"name": "low", "ownerReferences": [owner]}
    cluster.create({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": 1})
    cluster.settle()
    assert cluster.has("priorityclasses.scheduling.k8s.io", "low", "")


def test_an_owner_of_an_unknown_kind_keeps_what_goes_with_its_other_owners(cluster: Cluster) -> None:
    owner = cluster.create(config_map("owner"))
    unknown = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": uid_of(owner)}
    cluster.create(config_map("kept", metadata={"ownerReferences": [unknown]}))
    cluster.create(config_map("both", metadata={"ownerReferences": [*owned_by(owner), {**unknown, "uid": "0"}]}))
    cluster.api.delete("configmaps", "owner", "default", propagation="Foreground")
    cluster.settle()
    assert cluster.names("configmaps") == ["both", "kept", "kube-root-ca.crt"]


def test_a_node_takes_its_lease_with_it(cluster: Cluster) -> None:
    node = cluster.get("nodes", "n1", "")
    cluster.patch(
        "leases.coordination.k8s.io", "n1", {"metadata": {"ownerReferences": owned_by(node)}}, "kube-node-lease"
    )
    cluster.heartbeat.silent.add("n1")
    cluster.delete("nodes", "n1", "")
    assert not cluster.has("leases.coordination.k8s.io", "n1", "kube-node-lease")
