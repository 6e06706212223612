"""The cluster is a process of its own: it may be killed at any moment and goes on where it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gitopslab.clusters import Options
from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.waiting import wait_until
from gitopslab.machinery.objects import Object

pytestmark = pytest.mark.process


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedCluster]:
    """A bare cluster that runs."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    made = EmbeddedCluster("killed")
    made.up(options=Options(bare=True))
    yield made
    made.down(delete=True)


def pid_of(cluster: EmbeddedCluster) -> int:
    pid: int = json.loads((cluster.kubeconfig.parent / "daemon.json").read_text())["pid"]
    return pid


def kill(cluster: EmbeddedCluster) -> None:
    """End the process as ``kill -9`` does, and wait until the system has taken it away."""
    process = psutil.Process(pid_of(cluster))
    process.kill()
    process.wait(10)


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def pod_state(pod: Object) -> tuple[object, ...]:
    status = pod["status"]
    return pod["spec"]["nodeName"], status["podIP"], status["containerStatuses"][0]["restartCount"], status["startTime"]


def test_killed_in_the_middle_of_writing_it_loses_no_acknowledged_write(cluster: EmbeddedCluster) -> None:
    acknowledged: list[str] = []
    enough = threading.Event()

    def write() -> None:
        client = Client(cluster.kubeconfig)
        for number in range(100_000):
            try:
                client.create(config_map(f"c-{number:05}"))
            except Exception:
                return  # killed while this one was on its way: it was not acknowledged
            acknowledged.append(f"c-{number:05}")
            if number == 150:
                enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(60)
    kill(cluster)
    writer.join(60)
    cluster.up()
    kept = {item["metadata"]["name"] for item in Client(cluster.kubeconfig).list("configmaps", "default")}
    assert [name for name in acknowledged if name not in kept] == []
    assert len(acknowledged) > 150


def test_a_restart_keeps_address_credentials_and_running_pods(cluster: EmbeddedCluster) -> None:
    client = Client(cluster.kubeconfig)
    client.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]},
        }
    )
    came, (web,) = wait_until(lambda: [client.get("pods", "web")], "ready", 30)
    assert came
    before, kubeconfig = pod_state(web), cluster.kubeconfig.read_text()
    kill(cluster)
    cluster.up()
    assert cluster.kubeconfig.read_text() == kubeconfig
    assert pod_state(client.get("pods", "web")) == before
    cluster.down()
    cluster.up()
    assert pod_state(client.get("pods", "web")) == before


def test_bringing_up_what_is_up_changes_nothing(cluster: EmbeddedCluster) -> None:
    pid = pid_of(cluster)
    cluster.up()
    assert pid_of(cluster) == pid
