"""A generic ephemeral volume brings a claim that lives and dies with its pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import pod

from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from conftest import Cluster

CLAIMS = "persistentvolumeclaims"


def with_scratch(name: str) -> Object:
    claim = {
        "metadata": {"labels": {"of": name}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    return pod(name, spec={"volumes": [{"name": "s", "ephemeral": {"volumeClaimTemplate": claim}}]})


def test_a_pod_gets_the_claim_of_its_template_and_owns_it(cluster: Cluster) -> None:
    made = cluster.create(with_scratch("web"))
    cluster.settle()
    claim = cluster.get(CLAIMS, "web-s")
    assert claim["metadata"]["labels"] == {"of": "web"}
    assert claim["spec"]["resources"]["requests"] == {"storage": "1Gi"}
    owner = claim["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Pod", made["metadata"]["uid"], True)


def test_the_claim_goes_with_its_pod(cluster: Cluster) -> None:
    cluster.create(with_scratch("web"))
    cluster.settle()
    cluster.api.delete("pods", "web", "default", grace_seconds=0)
    cluster.settle()
    assert cluster.list(CLAIMS) == []


def test_a_claim_of_somebody_else_is_left_alone_and_told_of(cluster: Cluster) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": "web-s", "namespace": "default"}
    cluster.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    cluster.create(with_scratch("web"))
    cluster.settle()
    told = {event["message"] for event in cluster.list("events") if event["reason"] == "FailedBinding"}
    assert "ephemeral volume s: PVC default/web-s was not created for pod default/web (pod is not owner)" in told
    assert "ownerReferences" not in cluster.get(CLAIMS, "web-s")["metadata"]
