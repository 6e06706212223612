"""Programs that go on for long are played on from where they were, however long that takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exchange import play
from kubelet_nodes import Nodes

from gitopslab.controlplane.kubelet.place import Place
from gitopslab.controlplane.kubelet.playing import Playing
from gitopslab.controlplane.kubelet.programs import program_of
from gitopslab.controlplane.runtime.streams import Place as Where
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

CLOCK = "while true; do date +%s > /data/now; sleep 5; done"
WAIT = "until nslookup db; do sleep 2; done"


@pytest.fixture
def kept(clock: JumpableClock, tmp_path: Path) -> Iterator[Nodes]:
    built = Nodes(clock, file=tmp_path / "played.db")
    yield built
    built.store.close()


def run(nodes: Nodes, script: str, **spec: Any) -> None:
    mount = {"name": "data", "mountPath": "/data"}
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script], "volumeMounts": [mount]}
    nodes.run("web", spec={"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}], **spec})
    nodes.advance(5)


def execute(nodes: Nodes, script: str) -> str:
    found = []

    async def visit() -> None:
        process = await nodes.kubelets.exec.start(
            Where("default", "web", "c"), ["sh", "-c", script], stdin=False, tty=False
        )
        while (piece := await process.read()) is not None:
            found.append(piece.data.decode())
        await process.wait()

    play(visit)
    return "".join(found)


def test_loop_that_never_ends_writes_as_long_as_it_runs(kept: Nodes) -> None:
    run(kept, CLOCK)
    kept.advance(3600)
    assert kept.clock.now() - int(execute(kept, "cat /data/now")) <= 6
    again = kept.restarted()
    again.advance(3600)
    assert again.clock.now() - int(execute(again, "cat /data/now")) <= 6


def test_all_that_a_program_writes_is_seen(kept: Nodes) -> None:
    run(kept, "for i in $(seq 300); do echo $i > /data/$i; done; sleep 1000")
    assert execute(kept, "ls /data").split() == sorted(str(number) for number in range(1, 301))


def test_log_that_grows_is_whole_for_others(kept: Nodes) -> None:
    run(kept, "for i in $(seq 900); do echo line $i >> /data/log; done; sleep 1000")
    assert execute(kept, "wc -l /data/log; grep -c 'line 900' /data/log") == "900 /data/log\n1\n"


def test_of_all_that_was_ever_written_the_newest_is_remembered() -> None:
    loop = "x=$(seq 3000); i=0; while [ $i -lt 200 ]; do echo $x > /tmp/$i; echo $i > /tmp/last; "
    command = ["sh", "-c", loop + "i=$((i+1)); sleep 100; done"]
    program = program_of({}, {"image": "busybox", "command": command}, Place(), 0.0)
    while program.exit is None:
        program = program.further(program.again or 0.0)
    written = program.made_by(program.exit.after)
    assert (written["/tmp/last"], "/tmp/199" in written, "/tmp/0" in written) == ("199\n", True, False)
    assert len(program.history) < 150


def test_who_waits_for_a_name_asks_for_it_once_a_round() -> None:
    asked: list[float] = []

    def names(name: str, moment: float) -> str:
        asked.append(moment)
        return "10.96.0.7" if moment >= 40_000 else ""

    playing = Playing(Place(names=names), ["sh", "-c", WAIT], attended=False)
    now = 0.0
    playing.on(now)
    while (at := playing.again(now)) is not None:
        now = at
        playing.on(now)
    assert (playing.is_over, playing.at, playing.code) == (True, 40_000.0, 0)
    assert asked == [2.0 * number for number in range(20_001)]


def test_what_was_asked_ahead_of_the_time_may_turn_out_otherwise() -> None:
    playing = Playing(Place(), ["sh", "-c", "sleep 60; nslookup db"], attended=False)
    playing.on(0.0)
    assert (playing.is_over, playing.may_change) == (True, True)


def test_long_count_goes_on_after_what_can_be_played_at_once(kept: Nodes) -> None:
    run(kept, "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); sleep 1; done; exit 7", restartPolicy="Never")
    kept.advance(1900)
    assert "running" in state(kept)
    kept.advance(120)
    assert state(kept)["terminated"]["exitCode"] == 7


def state(nodes: Nodes) -> Object:
    found: Object = nodes.pod()["status"]["containerStatuses"][0]["state"]
    return found


def test_what_is_still_to_come_is_written_though_much_has_been(kept: Nodes) -> None:
    run(kept, "while true; do echo $(seq 400) >> /data/log; date +%s > /data/now; sleep 1; done")
    kept.advance(100)
    again = kept.restarted()
    for _ in range(5):
        again.advance(13)
        assert again.clock.now() - int(execute(again, "cat /data/now")) <= 2
    assert execute(again, "wc -c /data/log") == "65536 /data/log\n"
