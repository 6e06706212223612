"""What played containers wrote and found is there after a restart of the process, until what holds it is deleted."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from builders import config_map
from exchange import play
from kubelet_nodes import Nodes

from gitopslab.controlplane.kubelet.inside.layers import Volume
from gitopslab.controlplane.kubelet.inside.shelf import Found, Shelf
from gitopslab.controlplane.runtime.streams import Place
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

CLAIM = {"persistentVolumeClaim": {"claimName": "data"}}
EMPTY: Object = {"emptyDir": {}}
FOREVER = "while true; do sleep 60; done"


@pytest.fixture
def kept(clock: JumpableClock, tmp_path: Path) -> Iterator[Nodes]:
    built = Nodes(clock, file=tmp_path / "played.db")
    yield built
    built.store.close()


def container(name: str, script: str, **fields: Any) -> Object:
    mount = {"name": "data", "mountPath": "/data"}
    return {"name": name, "image": "busybox:1.36", "command": ["sh", "-c", script], "volumeMounts": [mount], **fields}


def run(nodes: Nodes, name: str, volume: Object, script: str = FOREVER, **spec: Any) -> None:
    fields = {"containers": [container("c", script)], "volumes": [{"name": "data", **volume}], **spec}
    nodes.run(name, spec=fields)
    nodes.advance(5)


def claim(nodes: Nodes, name: str = "data") -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": name, "namespace": "default"}
    nodes.api.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


def execute(nodes: Nodes, name: str, script: str) -> str:
    """What a script prints in the container ``c`` of a pod."""
    found = []

    async def visit() -> None:
        process = await nodes.kubelets.exec.start(
            Place("default", name, "c"), ["sh", "-c", script], stdin=False, tty=False
        )
        while (piece := await process.read()) is not None:
            found.append(piece.data.decode())
        await process.wait()
        await asyncio.sleep(0)

    play(visit)
    return "".join(found)


def state(nodes: Nodes, name: str = "web") -> Object:
    found: Object = nodes.pod(name)["status"]["containerStatuses"][0]["state"]
    return found


def in_memory(identity: str) -> bool:
    gc.collect()
    return any(type(one) is Volume and one.identity == identity for one in gc.get_objects())


def lines(nodes: Nodes, name: str = "web", of: str = "c") -> list[str]:
    return [text for _, text in nodes.kubelets.logs.read("default", name, of) or []]


def test_container_goes_on_that_needs_what_an_init_container_wrote(kept: Nodes) -> None:
    init = container("prepare", "echo hello > /data/greeting")
    run(kept, "web", EMPTY, f"cat /data/greeting || exit 1; {FOREVER}", initContainers=[init])
    kept.advance(30)
    again = kept.restarted()
    again.advance(30)
    assert "running" in state(again)
    assert (lines(again), execute(again, "web", "cat /data/greeting")) == (["hello"], "hello\n")


def test_program_does_not_find_what_it_wrote_itself(kept: Nodes) -> None:
    run(kept, "web", EMPTY, f"[ -f /data/mark ] && exit 3; echo x >> /data/mark; {FOREVER}")
    again = kept.restarted()
    again.advance(30)
    assert "running" in state(again)
    assert execute(again, "web", "cat /data/mark") == "x\n"


def test_outcome_of_a_program_stays_as_it_was_though_others_have_written_since(kept: Nodes) -> None:
    other = container("other", f"sleep 20; touch /data/late; {FOREVER}")
    spec = {"containers": [container("c", f"[ -f /data/late ] && exit 3; {FOREVER}"), other]}
    run(kept, "web", EMPTY, **spec)
    kept.advance(30)
    again = kept.restarted()
    again.advance(5)
    assert ("running" in state(again), execute(again, "web", "ls /data")) == (True, "late\n")


def test_program_writes_what_it_had_still_to_write(kept: Nodes) -> None:
    run(kept, "web", EMPTY, f"sleep 20; echo late > /data/late; {FOREVER}")
    again = kept.restarted()
    assert execute(again, "web", "ls /data") == ""
    again.advance(20)
    assert execute(again, "web", "cat /data/late") == "late\n"


def test_what_a_visitor_wrote_and_removed_stays_so(kept: Nodes) -> None:
    run(kept, "web", EMPTY, f"echo one > /data/one; {FOREVER}")
    execute(kept, "web", "rm /data/one /etc/hostname; echo two > /data/two; echo three > /tmp/three")
    again = kept.restarted()
    again.advance(5)
    seen = execute(again, "web", "ls /data; cat /data/two /tmp/three; ls /etc/hostname")
    assert seen == "two\ntwo\nthree\nls: /etc/hostname: No such file or directory\n"


def test_claim_keeps_its_files_without_any_pod(kept: Nodes) -> None:
    claim(kept)
    run(kept, "first", CLAIM)
    execute(kept, "first", "echo kept > /data/file")
    kept.api.delete("pods", "first", "default")
    kept.advance(40)
    again = kept.restarted()
    run(again, "second", CLAIM)
    assert execute(again, "second", "cat /data/file") == "kept\n"


def test_files_of_a_deleted_claim_are_gone_with_it(kept: Nodes) -> None:
    claim(kept)
    uid = kept.api.get("persistentvolumeclaims", "data", "default")["metadata"]["uid"]
    run(kept, "first", CLAIM, f"echo x > /data/file; {FOREVER}")
    assert execute(kept, "first", "ls /data") == "file\n"
    assert list(kept.shelf.rows(f"volume {uid}"))
    kept.api.delete("pods", "first", "default")
    kept.advance(40)
    found = kept.api.get("persistentvolumeclaims", "data", "default")
    kept.api.update({**found, "metadata": {**found["metadata"], "finalizers": []}})
    kept.api.delete("persistentvolumeclaims", "data", "default")
    kept.manager.settle()
    assert not list(kept.shelf.rows(f"volume {uid}"))


def test_nothing_is_kept_of_a_pod_that_is_gone(kept: Nodes) -> None:
    run(kept, "web", EMPTY, f"echo x > /data/file; {FOREVER}")
    execute(kept, "web", "echo y > /tmp/file")
    key = (kept.pod("web")["metadata"]["uid"], "c", 0)
    layers = [*kept.shelf.layers("pod "), *kept.shelf.layers("run ")]
    assert (len(layers), kept.shelf.found(key) is None) == (2, False)
    kept.api.delete("pods", "web", "default")
    kept.advance(40)
    assert not [*kept.shelf.layers("pod "), *kept.shelf.layers("run ")]
    assert kept.shelf.found(key) is None


def test_no_volume_is_in_memory_of_a_pod_that_is_gone(kept: Nodes) -> None:
    run(kept, "web", EMPTY)
    execute(kept, "web", "ls /data")
    identity = f"pod {kept.pod('web')['metadata']['uid']}/data"
    assert in_memory(identity)
    kept.api.delete("pods", "web", "default")
    kept.advance(40)
    assert not in_memory(identity)


def test_environment_is_that_of_the_start(kept: Nodes) -> None:
    kept.api.create(config_map("settings", data={"COLOUR": "blue"}))
    spec = {"containers": [container("c", FOREVER, envFrom=[{"configMapRef": {"name": "settings"}}])]}
    run(kept, "web", EMPTY, **spec)
    kept.api.update({**kept.api.get("configmaps", "settings", "default"), "data": {"COLOUR": "red"}})
    assert execute(kept, "web", "echo $COLOUR") == "blue\n"
    assert execute(kept.restarted(), "web", "echo $COLOUR") == "blue\n"


def test_what_is_of_a_future_that_somebody_returned_from_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "played.db", 100.0)
    for at in (90.0, 110.0):
        shelf.add("volume v", at, None, f"/{at}", b"x")
    shelf.close()
    assert [row.path for row in Shelf(tmp_path / "played.db", 100.0).rows("volume v")] == ["/90.0"]


def test_nothing_of_a_future_is_in_a_container(kept: Nodes) -> None:
    run(kept, "web", EMPTY)
    execute(kept, "web", "echo then > /tmp/then; rm /etc/hostname")
    (layer,), before = kept.shelf.layers("run "), kept.clock.now()
    kept.advance(10)
    execute(kept, "web", "echo later > /tmp/later; rm /etc/hosts")
    kept.shelf.close()
    rows = Shelf(kept.file, before).rows(layer)
    assert {row.path: row.contents for row in rows} == {"/tmp/then": b"then\n", "/etc/hostname": None}


def test_run_writes_again_what_it_wrote_in_the_future(tmp_path: Path) -> None:
    key, file = ("uid", "c", 0), tmp_path / "played.db"
    shelf = Shelf(file, 100.0)
    shelf.begin(key, Found(80.0, {}, {}, {}))
    shelf.add("volume v", 100.0, key, "/a", b"x")
    shelf.close()
    assert Shelf(file, 90.0).written(key) == 90.0


def test_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "played.db"
    file.write_bytes(b"not a database" * 100)
    shelf = Shelf(file, 100.0)
    shelf.add("volume v", 90.0, None, "/a", b"x")
    assert [row.contents for row in shelf.rows("volume v")] == [b"x"]


def test_names_of_files_are_any_bytes(tmp_path: Path) -> None:
    path = "/bad\udcff"
    shelf = Shelf(tmp_path / "played.db", 100.0)
    for _ in range(2):
        number = shelf.add("volume v", 90.0, None, path, b"x")
    shelf.fold(number)
    assert [row.path for row in shelf.rows("volume v")] == [path, path]


def test_locked_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "played.db"
    shelf = Shelf(file, 100.0)
    shelf.add("volume v", 90.0, None, "/a", b"x")
    shelf.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Shelf(file, 100.0)
    assert [row.contents for row in Shelf(file, 100.0).rows("volume v")] == [b"x"]


def test_file_is_its_owners_alone(tmp_path: Path) -> None:
    Shelf(tmp_path / "played.db", 100.0).add("volume v", 90.0, None, "/a", b"x")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_host_path_is_one_directory_however_it_is_written(kept: Nodes) -> None:
    run(kept, "one", {"hostPath": {"path": "/srv/h/"}}, f"echo x > /data/file; {FOREVER}")
    run(kept, "two", {"hostPath": {"path": "//srv/h"}})
    run(kept, "above", {"hostPath": {"path": "/srv"}})
    assert execute(kept, "two", "cat /data/file") == "x\n"
    assert execute(kept, "above", "cat /data/h/file; ls /data") == "x\nh\n"


def test_sub_path_is_a_directory_of_its_volume(kept: Nodes) -> None:
    mount = {"name": "data", "mountPath": "/html", "subPathExpr": "$(WHO)/html"}
    inner = container("c", FOREVER, volumeMounts=[mount], env=[{"name": "WHO", "value": "me"}])
    outer = container("outer", f"mkdir -p /data/me/html; echo hi > /data/me/html/index; {FOREVER}")
    run(kept, "web", EMPTY, **{"containers": [inner, outer]})
    assert execute(kept, "web", "cat /html/index") == "hi\n"
