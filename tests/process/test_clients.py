"""A terminal and a Python client on one cluster: they see the same, and are told the same when it is down."""

from __future__ import annotations

import json

import pytest

from gitopslab.clusters import State
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.errors import SetupError

from .conftest import Running

pytestmark = pytest.mark.process


def test_a_terminal_and_a_python_client_see_the_same_cluster(running: Running) -> None:
    client, kubectl = running.client(), Kubectl(running.cluster.kubeconfig)
    kubectl.must(["create", "configmap", "shared", "--from-literal=from=kubectl"])
    assert client.get("configmaps", "shared")["data"] == {"from": "kubectl"}
    client.patch("configmaps", "shared", {"data": {"from": "python"}})
    assert json.loads(kubectl.must(["get", "configmap", "shared", "-o", "json"]))["data"] == {"from": "python"}


def test_while_it_is_down_both_are_told_and_up_mends_it_for_both(running: Running) -> None:
    client, kubectl = running.client(), Kubectl(running.cluster.kubeconfig)
    assert client.list("namespaces")
    running.kill()
    assert running.cluster.status().state is State.STOPPED
    with pytest.raises(SetupError, match="does not answer: nothing listens there") as raised:
        client.list("namespaces")
    assert "gitopslab up" in raised.value.hint
    with pytest.raises(SetupError, match="was refused"):
        kubectl.must(["get", "namespaces"])
    running.cluster.up()
    assert len(client.list("namespaces")) == 4
    assert "namespace/default" in kubectl.must(["get", "namespaces", "-o", "name"])
