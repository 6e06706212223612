from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubelet_nodes import Nodes
from real_pods import Live, played

from gitopslab.controlplane.kubelet.place import Place
from gitopslab.controlplane.kubelet.playing import Playing
from gitopslab.controlplane.kubelet.process.namespaces import rooms_are_given
from gitopslab.controlplane.kubelet.termination import message_of
from gitopslab.machinery.clock import seconds_of

FALLBACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}


def ended(nodes: Nodes, script: str, **container: Any) -> str | None:
    """What the status of a container says that has played a script."""
    spec = {"restartPolicy": "Never"}
    nodes.run_container(image="busybox", command=["sh", "-c", script], spec=spec, **container)
    nodes.advance(10)
    message: str | None = nodes.container()["state"]["terminated"].get("message")
    return message


@pytest.mark.parametrize(
    ("script", "container", "message"),
    [
        pytest.param("echo -n DONE > /dev/termination-log", {}, "DONE", id="the usual file"),
        pytest.param("sleep 2; echo bye >> /dev/termination-log; exit 3", {}, "bye\n", id="in its last moment"),
        pytest.param("echo -n DONE > /tmp/end", {"terminationMessagePath": "/tmp/end"}, "DONE", id="a file of its own"),
        pytest.param("echo hello; exit 1", {}, None, id="the log is not asked for"),
        pytest.param("echo -n DONE; false", FALLBACK, "DONE", id="the log of who fails"),
        pytest.param("echo one; echo two >&2; false", FALLBACK, "one\ntwo\n", id="all lines of it"),
        pytest.param("echo DONE; true", FALLBACK, None, id="not of who ends well"),
        pytest.param("echo -n OK > /dev/termination-log; echo DONE", FALLBACK, "OK", id="file of who ends well"),
        pytest.param("echo -n OK > /dev/termination-log; echo DONE; false", FALLBACK, "OK", id="file before log"),
    ],
)
def test_the_status_says_what_the_program_wanted_it_to(
    nodes: Nodes, script: str, container: dict[str, Any], message: str | None
) -> None:
    assert ended(nodes, script, **container) == message


def test_of_a_long_message_the_end_is_kept() -> None:
    message = message_of({}, 0, "x" * 5000 + "the end", str)

    assert len(message) == 4096
    assert message.endswith("xthe end")


def test_of_a_long_log_the_last_eighty_lines_are_kept(nodes: Nodes) -> None:
    message = ended(nodes, "for i in $(seq 100); do echo line $i; done; false", **FALLBACK) or ""

    assert message.splitlines() == [f"line {i}" for i in range(21, 101)]


def test_of_a_program_that_is_stopped_it_is_what_it_has_printed_by_then(nodes: Nodes) -> None:
    script = "i=0; while true; do echo line $i; i=$((i + 1)); sleep 1; done"
    probe = {"exec": {"command": ["false"]}, "initialDelaySeconds": 1000, "failureThreshold": 1}
    nodes.run_container(image="busybox", command=["sh", "-c", script], livenessProbe=probe, **FALLBACK)
    nodes.advance(1100)

    end = nodes.container()["lastState"]["terminated"]
    seconds = int(seconds_of(end["finishedAt"]) - seconds_of(end["startedAt"]))
    assert int(end["message"].split()[-1]) in (seconds - 1, seconds, seconds + 1)


def test_nothing_is_played_again_for_the_end_of_a_log() -> None:
    asked: list[float] = []

    def names(name: str, moment: float) -> str:
        asked.append(moment)
        return ""

    script = "for i in 1 2 3; do nslookup db > /dev/null 2>&1; echo $i; sleep 60; done"
    playing = Playing(Place(names=names), ["sh", "-c", script], attended=False)
    playing.on(1000.0)

    assert (playing.printed(70.0), playing.printed(1000.0)) == ("1\n2\n", "1\n2\n3\n")
    assert asked == [0.0, 60.0, 120.0]


def test_a_real_program_leaves_a_message(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        program = "open('/dev/termination-log', 'w').write('no database')\nraise SystemExit(4)"
        live.run(live.images.put_python("end:1", program), spec={"restartPolicy": "Never"})
        end = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert (end["exitCode"], end["message"]) == (4, "no database")
        assert not Path("/dev/termination-log").exists()

    played(tmp_path, story)


def test_a_real_program_may_write_any_amount(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        program = "file = open('/dev/termination-log', 'w')\nfile.seek(1 << 40)\nfile.write('é the end')"
        live.run(live.images.put_python("end:1", program), spec={"restartPolicy": "Never"})
        end = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert end["message"] == "\0" * 4086 + "é the end"

    played(tmp_path, story)


@pytest.mark.skipif(not rooms_are_given(), reason="this system gives no namespaces")
def test_a_program_in_a_room_leaves_a_message(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        command = ["sh", "-c", "echo -n 'no database' > /dev/termination-log; exit 4"]
        live.run(live.images.put_python("end:1", ""), spec={"restartPolicy": "Never"}, command=command)
        end = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert (end["exitCode"], end["message"]) == (4, "no database")

    played(tmp_path, story)


def test_a_real_program_that_fails_leaves_its_log(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        program = "print('no database')\nraise SystemExit(4)"
        live.run(live.images.put_python("end:1", program), spec={"restartPolicy": "Never"}, **FALLBACK)
        end = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert end["message"] == "no database\n"

    played(tmp_path, story)
