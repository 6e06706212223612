"""ReplicationControllers: the count, by a selector that is a plain map and defaults to the template's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import pod

from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object, owners_of

if TYPE_CHECKING:
    from conftest import Cluster

RESOURCE = "replicationcontrollers"


def controller(**spec: object) -> Object:
    template = {"metadata": {"labels": {"app": "rc"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    metadata = {"name": "rc", "namespace": "default"}
    whole = {"replicas": 2, "template": template, **spec}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata, "spec": whole}


def test_it_keeps_as_many_pods_as_it_asks_for(cluster: Cluster) -> None:
    cluster.create(controller())
    cluster.settle()
    assert [owners_of(found)[0]["kind"] for found in cluster.list("pods")] == ["ReplicationController"] * 2
    kept = cluster.get(RESOURCE, "rc")
    assert kept["spec"]["selector"] == kept["metadata"]["labels"] == {"app": "rc"}
    assert kept["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
    }


def test_it_adopts_what_it_selects(cluster: Cluster) -> None:
    cluster.create(pod("stray", metadata={"labels": {"app": "rc"}}))
    cluster.create(controller())
    cluster.settle()
    assert len(cluster.names("pods")) == 2
    assert owners_of(cluster.get("pods", "stray"))[0]["name"] == "rc"


def test_its_template_must_have_the_labels_it_selects(cluster: Cluster) -> None:
    with pytest.raises(InvalidError, match="`selector` does not match template `labels`"):
        cluster.create(controller(selector={"app": "other"}))
