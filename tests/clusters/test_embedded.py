"""The embedded cluster as a process: up, down, and everything that can be in its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gitopslab.background.lock import FolderLock, is_locked
from gitopslab.clusters import Options, State, known, ports
from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.kubectl import Kubectl, is_ready
from gitopslab.errors import ApiError, SetupError
from gitopslab.machinery.objects import name_of

pytestmark = pytest.mark.process


@pytest.fixture
def lab(home: Path) -> Iterator[EmbeddedCluster]:
    """A cluster that is not up yet, and is gone after the test."""
    cluster = EmbeddedCluster("lab")
    yield cluster
    if is_locked(cluster.kubeconfig.parent):
        os.kill(pid_of(cluster), signal.SIGTERM)
        wait_until_ended(cluster)


def pid_of(cluster: EmbeddedCluster) -> int:
    return int(json.loads((cluster.kubeconfig.parent / "daemon.json").read_text())["pid"])


def wait_until_ended(cluster: EmbeddedCluster) -> None:
    ended = threading.Event()
    for _ in range(6000):
        if not is_locked(cluster.kubeconfig.parent):
            return
        ended.wait(0.01)
    raise AssertionError("the process goes on")


def names(cluster: EmbeddedCluster) -> list[str]:
    return [node["metadata"]["name"] for node in Kubectl(cluster.kubeconfig).nodes() or ()]


def test_up_gives_four_ready_nodes_and_down_keeps_them(lab: EmbeddedCluster) -> None:
    said: list[str] = []
    lab.up(said.append, Options(bare=True))
    nodes = Kubectl(lab.kubeconfig).nodes() or []
    assert [is_ready(node) for node in nodes] == [True] * 4
    assert lab.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert lab.status().state is State.RUNNING
    assert [one.name for one in known(print)] == ["lab"]

    before = lab.kubeconfig.read_text()
    Kubectl(lab.kubeconfig).must(["create", "configmap", "kept"])
    lab.down(said.append)
    assert lab.status().state is State.STOPPED
    lab.up(said.append)
    assert lab.kubeconfig.read_text() == before, "the address and the token stay good over a restart"
    assert "kept" in Kubectl(lab.kubeconfig).must(["get", "configmaps", "-o", "name"])


def test_it_returns_to_an_earlier_revision_in_the_same_process(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True))
    process, api = pid_of(lab), Client(lab.kubeconfig)
    earlier = int(api.request("GET", "/api/v1/nodes")["metadata"]["resourceVersion"])
    for name in ("one", "two"):
        api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}})
        lab.return_to(earlier)
        assert not {"one", "two"} & {name_of(obj) for obj in api.list("configmaps", "default")}
    assert pid_of(lab) == process
    assert [is_ready(node) for node in api.list("nodes")] == [True] * 4
    with pytest.raises(ApiError, match="revision 1000000 is asked for"):
        lab.return_to(1000000)
    lab.down()
    lab.return_to(earlier)
    assert lab.status().state is State.RUNNING, "one that is stopped is brought up for it"


def test_up_twice_is_once_and_says_so(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True))
    first = pid_of(lab)
    said: list[str] = []
    lab.up(said.append)
    assert pid_of(lab) == first
    assert said == ["cluster lab is already up"]
    with pytest.raises(SetupError, match="not made with --workers 7"):
        lab.up(options=Options(workers=7))


def test_two_at_the_same_time_start_one_cluster(lab: EmbeddedCluster) -> None:
    command = [sys.executable, "-m", "gitopslab", "up", "--bare"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert {out.strip() for out, _ in answers} == {str(lab.kubeconfig)}
    assert sum("already up" in err for _, err in answers) == 1


def test_a_topology_file_decides_the_nodes(lab: EmbeddedCluster, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text("nodes:\n- {name: one, role: control-plane}\n- {name: two, cpu: '8'}\n")
    lab.up(options=Options(bare=True, config=tmp_path / "two.yaml"))
    assert names(lab) == ["one", "two"]


def test_reset_is_a_new_cluster_at_the_same_address(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True, workers=1))
    before = lab.kubeconfig.read_text()
    Kubectl(lab.kubeconfig).must(["create", "namespace", "mess"])
    lab.reset()
    assert lab.kubeconfig.read_text() == before
    assert "mess" not in Kubectl(lab.kubeconfig).must(["get", "namespaces", "-o", "name"])
    assert len(names(lab)) == 2


def test_a_killed_process_leaves_a_stale_pid_that_is_never_killed(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True))
    os.kill(pid_of(lab), signal.SIGKILL)
    wait_until_ended(lab)
    stranger = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        state = lab.kubeconfig.parent / "daemon.json"
        state.write_text(json.dumps({**json.loads(state.read_text()), "pid": stranger.pid}))
        assert lab.status().state is State.STOPPED
        lab.down()
        lab.up()
        assert pid_of(lab) != stranger.pid
        state.write_text(json.dumps({**json.loads(state.read_text()), "pid": stranger.pid}))
        lab.down()
        assert lab.status().state is State.STOPPED, "the right process is found by what it serves"
        lab.down(delete=True)
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n", timeout=10)


def test_a_port_in_use_is_named_with_its_owner_and_another(lab: EmbeddedCluster) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SetupError, match=rf"Port {port} on 127.0.0.1 is in use by .*process {os.getpid()}"
        ) as raised:
            lab.up(options=Options(bare=True, port=port))
    assert "gitopslab up --name lab --port 1" in raised.value.hint
    assert lab.status().state is State.ABSENT


def test_a_remembered_port_that_is_taken_meanwhile_loses_nothing(lab: EmbeddedCluster) -> None:
    port = ports.free(())
    lab.up(options=Options(bare=True, port=port))
    lab.down()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(SetupError, match=f"Port {port} on 127.0.0.1 is in use"):
            lab.up()
        assert lab.status().state is State.STOPPED
        another = ports.free(())
        lab.up(options=Options(port=another))
    assert lab.status().details["port"] == another
    assert len(names(lab)) == 4


def test_interrupting_the_first_start_leaves_nothing(lab: EmbeddedCluster) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.up(interrupt, Options(bare=True))
    assert not lab.kubeconfig.parent.exists()
    folder = str(lab.kubeconfig.parent)
    assert not [one for one in psutil.Process().children() if folder in one.cmdline()], "no process is left either"


def test_interrupting_a_later_start_keeps_the_state(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True))
    Kubectl(lab.kubeconfig).must(["create", "configmap", "kept"])
    lab.down()

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.up(interrupt)
    assert lab.status().state is State.STOPPED
    lab.up()
    assert "kept" in Kubectl(lab.kubeconfig).must(["get", "configmaps", "-o", "name"])


def test_a_start_that_was_killed_half_way_begins_again(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True, workers=1))
    lab.down()
    record = lab.kubeconfig.parent / "cluster.json"
    record.write_text(record.read_text().replace('"ready"', '"creating"'))
    lab.up(options=Options(bare=True, workers=2))
    assert len(names(lab)) == 3


def test_a_process_that_cannot_start_says_why(lab: EmbeddedCluster) -> None:
    cluster = EmbeddedCluster("lab", {**os.environ, "PYTHONPATH": "", "PYTHONHOME": "/nowhere"})
    with pytest.raises(SetupError, match="ended at once"):
        cluster.up()
    assert lab.status().state is State.ABSENT


def test_a_store_of_another_version_is_not_touched(lab: EmbeddedCluster) -> None:
    lab.up(options=Options(bare=True))
    lab.down()
    store = lab.kubeconfig.parent / "store.db"
    for path in lab.kubeconfig.parent.glob("store.db-*"):
        path.unlink()
    store.write_bytes(b"something else entirely, and it is precious")
    with pytest.raises(SetupError):
        lab.up()
    assert store.read_bytes() == b"something else entirely, and it is precious"


def test_down_with_delete_removes_only_its_own_folder(lab: EmbeddedCluster, home: Path) -> None:
    lab.up(options=Options(bare=True))
    (home / "clusters" / "embedded" / "other").mkdir()
    lab.down(delete=True)
    assert not lab.kubeconfig.parent.exists()
    assert (home / "clusters" / "embedded" / "other").is_dir()
    lab.down(delete=True)


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gitopslab.background.lock import FolderLock\n"
        f"lock = FolderLock(Path({str(tmp_path)!r})); print(lock.acquire(), flush=True); input()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"True\n"
    assert is_locked(tmp_path)
    assert not FolderLock(tmp_path).acquire()
    process.kill()
    process.communicate(timeout=10)
    assert not is_locked(tmp_path)


@pytest.mark.skipif(
    shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"
)
def test_a_really_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("this machine may not mount")
    try:
        monkeypatch.setenv("GITOPSLAB_HOME", str(small / "home"))
        with pytest.raises(SetupError, match="is full"):
            EmbeddedCluster("lab").up(options=Options(bare=True))
        assert not list((small / "home").rglob("cluster.json"))
    finally:
        subprocess.run(["umount", str(small)], check=True)
