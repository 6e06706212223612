"""Played programs that wait for what others write into their volumes: other containers, other pods, visitors."""

from __future__ import annotations

import asyncio
from typing import Any

from builders import pod
from exchange import play

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.runtime.streams import Place
from gitopslab.machinery.objects import Object

WAIT = "until [ -f /data/ready ]; do echo waiting; sleep 2; done; echo $(cat /data/ready)"
EMPTY = {"emptyDir": {}}


def run(plane: ControlPlane, name: str, volume: Object, *scripts: str, **spec: Any) -> None:
    """Create a pod with a container for each script, all with the same volume at ``/data``."""
    mount = {"name": "data", "mountPath": "/data"}
    containers = [
        {"name": f"c{number}", "image": "busybox:1.36", "command": ["sh", "-c", text], "volumeMounts": [mount]}
        for number, text in enumerate(scripts)
    ]
    volumes = [{"name": "data", **volume}]
    plane.api.create(pod(name, spec={"containers": containers, "volumes": volumes, "restartPolicy": "Never", **spec}))
    plane.settle()


def ended(plane: ControlPlane, name: str, container: str = "c0") -> bool:
    entries = plane.api.get("pods", name, "default")["status"]["containerStatuses"]
    return any(entry["name"] == container and "terminated" in entry["state"] for entry in entries)


def lines(plane: ControlPlane, name: str, container: str = "c0") -> list[str]:
    return [text for _, text in plane.kubelets.logs.read("default", name, container) or []]


def test_container_waits_for_a_file_of_another_one(plane: ControlPlane) -> None:
    run(plane, "web", EMPTY, WAIT, "sleep 9; echo hello > /data/ready; sleep 1000")
    plane.advance(8)
    assert not ended(plane, "web")
    plane.advance(4)
    assert ended(plane, "web")
    assert lines(plane, "web") == ["waiting"] * 5 + ["hello"]


def test_container_sees_what_others_write_where_it_can_only_read(plane: ControlPlane) -> None:
    scripts = [f"{WAIT}; echo no > /data/mine; ls /data", "sleep 9; echo hello > /data/ready; sleep 1000"]
    mount = {"name": "data", "mountPath": "/data"}
    containers = [
        {"name": f"c{number}", "image": "busybox:1.36", "command": ["sh", "-c", text], "volumeMounts": [one]}
        for number, (text, one) in enumerate(zip(scripts, [{**mount, "readOnly": True}, mount], strict=True))
    ]
    spec = {"containers": containers, "volumes": [{"name": "data", **EMPTY}], "restartPolicy": "Never"}
    plane.api.create(pod("web", spec=spec))
    plane.settle()
    plane.advance(12)
    assert ended(plane, "web")
    refused = "sh: can't create /data/mine: Read-only file system"
    assert lines(plane, "web")[-3:] == ["hello", refused, "ready"]


def test_two_containers_wait_for_each_other_in_turn(plane: ControlPlane) -> None:
    first = "sleep 3; touch /data/ping; until [ -f /data/pong ]; do sleep 1; done; touch /data/end"
    second = "until [ -f /data/ping ]; do sleep 1; done; touch /data/pong; until [ -f /data/end ]; do sleep 1; done"
    run(plane, "web", EMPTY, first, second)
    plane.advance(15)
    assert plane.api.get("pods", "web", "default")["status"]["phase"] == "Succeeded"


def test_pod_waits_for_a_file_of_another_pod(plane: ControlPlane) -> None:
    volume = {"hostPath": {"path": "/tmp/shared"}}
    run(plane, "reader", volume, WAIT, nodeName="lab-worker")
    run(plane, "elsewhere", volume, WAIT, nodeName="lab-worker2")
    plane.advance(60)
    run(plane, "writer", volume, "sleep 5; echo hello > /data/ready", nodeName="lab-worker")
    plane.advance(10)
    assert (ended(plane, "reader"), ended(plane, "elsewhere")) == (True, False)
    assert lines(plane, "reader")[-1] == "hello"


def test_container_waits_for_a_visitor(plane: ControlPlane) -> None:
    run(plane, "web", EMPTY, WAIT)
    plane.advance(300)
    assert not ended(plane, "web")

    async def visit() -> None:
        process = await plane.kubelets.exec.start(
            Place("default", "web", "c0"), ["sh", "-c", "echo hi > /data/ready"], stdin=False, tty=False
        )
        assert await process.wait() == 0
        await asyncio.sleep(0)

    play(visit)
    plane.advance(3)
    assert ended(plane, "web")


def test_log_shows_what_others_write(plane: ControlPlane) -> None:
    reader = "while true; do cat /data/log; echo --; sleep 10; done"
    run(plane, "web", EMPTY, "for i in 1 2 3; do sleep 8; echo $i >> /data/log; done; sleep 1000", reader)
    plane.advance(25)
    assert lines(plane, "web", "c1")[1:] == ["--", "1", "--", "1", "2", "--"]


def test_programs_that_contradict_each_other_come_to_rest(plane: ControlPlane) -> None:
    first = "sleep 5; [ -f /data/b ] && touch /data/a; until [ -f /data/never ]; do sleep 1; done"
    second = "sleep 5; [ -f /data/a ] || touch /data/b; until [ -f /data/never ]; do sleep 1; done"
    run(plane, "web", EMPTY, first, second)
    plane.advance(30)
    assert (ended(plane, "web", "c0"), ended(plane, "web", "c1")) == (False, False)
