"""Down and up again: state, address, credentials and running pods are as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.waiting import wait_until
from gitopslab.machinery.objects import Object, name_of

from .conftest import Running

pytestmark = pytest.mark.process

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx"}]},
        },
    },
}


def facts(pod: Object) -> tuple[Any, ...]:
    status = pod["status"]["containerStatuses"][0]
    return (name_of(pod), pod["metadata"]["uid"], pod["status"]["podIP"], status["restartCount"], status["state"])


def test_running_pods_go_on_with_the_same_addresses_and_no_restart(running: Running) -> None:
    client = running.client()
    client.apply(WEB)
    assert wait_until(lambda: [client.get("deployments.apps", "web")], "ready", 30)[0]
    before = sorted(map(facts, client.list("pods", "default")))
    kubeconfig, server = running.cluster.kubeconfig.read_bytes(), client.server
    running.cluster.down()
    running.cluster.up()
    assert running.cluster.kubeconfig.read_bytes() == kubeconfig
    again = running.client()
    assert again.server == server
    assert wait_until(lambda: [again.get("deployments.apps", "web")], "ready", 30)[0]
    assert sorted(map(facts, again.list("pods", "default"))) == before


def test_a_terminal_and_a_python_client_see_the_same_cluster(running: Running) -> None:
    client, kubectl = running.client(), Kubectl(running.cluster.kubeconfig)
    kubectl.must(["create", "configmap", "terminal", "--from-literal=from=kubectl"])
    assert client.get("configmaps", "terminal")["data"] == {"from": "kubectl"}
    client.patch("configmaps", "terminal", {"data": {"from": "python"}})
    assert json.loads(kubectl.must(["get", "configmap", "terminal", "-o", "json"]))["data"] == {"from": "python"}


def test_up_twice_is_a_no_op(running: Running) -> None:
    before, said = (running.pid, running.cluster.kubeconfig.read_bytes()), list[str]()
    running.cluster.up(said.append)
    assert (running.pid, running.cluster.kubeconfig.read_bytes()) == before
    assert said == ["cluster lab is already up"]
