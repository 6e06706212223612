"""``kill -9`` of the cluster's process loses nothing that was acknowledged, and ``up`` goes on where it was."""

from __future__ import annotations

import threading

import pytest

from gitopslab.clusters import State
from gitopslab.errors import LabError, SetupError

from .conftest import Running, eventually

pytestmark = pytest.mark.process


def write_until_refused(running: Running, acknowledged: list[str], name: str) -> None:
    """Create objects one after the other, noting each only once the server has answered."""
    client = running.client()
    for number in range(100_000):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-{number}"}}
        try:
            client.create(made, "default")
        except LabError:
            return
        acknowledged.append(f"{name}-{number}")


@pytest.mark.parametrize("after", [1, 60, 300])
def test_every_acknowledged_write_outlives_a_kill(running: Running, after: int) -> None:
    acknowledged: list[str] = []
    writers = [
        threading.Thread(target=write_until_refused, args=(running, acknowledged, name), daemon=True)
        for name in ("a", "b")
    ]
    for writer in writers:
        writer.start()
    eventually(lambda: len(acknowledged) >= after, "the writers are too slow")
    running.kill()
    for writer in writers:
        writer.join(timeout=30)
    assert not any(writer.is_alive() for writer in writers)

    running.cluster.up()
    found = {obj["metadata"]["name"] for obj in running.client().list("configmaps", "default")}
    assert set(acknowledged) - found == set()
    assert len(acknowledged) >= after


def test_while_it_is_down_everything_says_so_and_up_mends_it(running: Running) -> None:
    client = running.client()
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}})
    before = running.cluster.kubeconfig.read_bytes()
    running.kill()
    assert running.cluster.status().state is State.STOPPED
    with pytest.raises(SetupError, match="does not answer: nothing listens there") as raised:
        client.list("pods")
    assert "gitopslab up" in raised.value.hint
    running.cluster.up()
    assert running.cluster.kubeconfig.read_bytes() == before
    assert client.get("namespaces", "kept")["metadata"]["name"] == "kept", "the same client goes on"
