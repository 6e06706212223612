"""All host paths of a node are parts of one volume: who mounts another part has nothing to do with what is written."""

from __future__ import annotations

import pytest
from builders import pod

from gitopslab.controlplane.kubelet.inside.filesystem import Disk
from gitopslab.controlplane.kubelet.inside.shelf import Shelf
from gitopslab.controlplane.kubelet.inside.volumes import Volumes
from gitopslab.controlplane.kubelet.mounts import Mounted
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.simulated import SimulatedRuntime
from gitopslab.machinery.clock import JumpableClock

WAIT = "until [ -f /data/ready ]; do sleep 2; done"
PARTS = [
    pytest.param("/a", True, id="the same"),
    pytest.param("", True, id="above"),
    pytest.param("/a/deep", False, id="below"),
    pytest.param("/b", False, id="beside"),
    pytest.param("/ab", False, id="a longer name"),
]


def task(name: str, within: str, script: str, clock: JumpableClock) -> Task:
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    mounts = {"/data": Mounted("node one", within)}
    made = pod(name, metadata={"uid": name}, spec={"containers": [container]})
    return Task(made, container, 0, clock.now(), lambda: ({}, {}), volumes=lambda: mounts)


@pytest.mark.parametrize(("within", "concerned"), PARTS)
def test_those_who_wait_are_woken_by_what_is_written_in_their_part(
    within: str, concerned: bool, clock: JumpableClock
) -> None:
    runtime, woken = SimulatedRuntime(clock), set[str]()
    runtime.begin(task("waits", within, WAIT, clock))
    runtime.on_visit(lambda pod: woken.add(pod["metadata"]["name"]))
    runtime.begin(task("writes", "/a", "sleep 9; echo x > /data/ready", clock))
    assert woken == ({"waits"} if concerned else set())


@pytest.mark.parametrize(("within", "concerned"), PARTS)
def test_revision_grows_with_what_is_written_in_the_part(within: str, concerned: bool, clock: JumpableClock) -> None:
    volumes = Volumes(clock, Disk(10_000), Shelf(), lambda *told: None)
    waits, writes = task("waits", within, WAIT, clock), task("writes", "/a", "", clock)
    before = volumes.revision(waits)
    volumes.expect(writes, ((9.0, "/data/ready", "x"),))
    assert (volumes.revision(waits) > before) is concerned
