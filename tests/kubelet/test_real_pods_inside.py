"""Real pods seen from outside: what they use, terminals, attaching, bounds, and settings that change."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import config_map
from real_pods import SERVER, Live, played

from gitopslab.controlplane.kubelet.process import runtime
from gitopslab.controlplane.runtime.streams import Place

BUSY = """
import time
kept = bytearray(60_000_000)
print("up", flush=True)
while True:
    pass
"""
TICKS = """
import time
for number in range(10_000):
    print("tick", number, flush=True)
    time.sleep(0.05)
"""


def test_what_a_pod_uses_is_measured(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("busy:1", BUSY))
        await live.said("up")
        metrics = live.plane.kubelets.metrics
        used = await live.until(lambda: (found := metrics.containers(live.pod(), live.clock.now())["c"]).cpu and found)
        assert 60_000_000 < used.memory < 120_000_000
        assert 10_000_000 < used.cpu < 2_000_000_000

    played(tmp_path, story)


def test_a_terminal_is_one(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("web:1", SERVER))
        await live.said("serving")
        script = "import os, sys; print(sys.stdin.isatty(), os.get_terminal_size().columns, input('who? '))"
        place = Place("default", "web", "c")
        process = await live.plane.kubelets.exec.start(place, ["python", "-c", script], stdin=True, tty=True)
        process.resize(77, 20)
        await process.write(b"me\n")
        said = b""
        while (piece := await process.read()) is not None:
            said += piece.data
        assert said.endswith(b"who? True 77 me\r\n")
        assert await process.wait() == 0
        await process.close()

    played(tmp_path, story)


def test_whoever_attaches_hears_what_is_written_from_then_on(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("ticks:1", TICKS))
        await live.said("tick 3")
        process = await live.plane.kubelets.exec.attach(Place("default", "web", "c"), stdin=False)
        piece = await process.read()
        assert piece is not None
        assert piece.data.startswith(b"tick ")
        assert int(piece.data.split()[1]) > 3
        await process.close()

    played(tmp_path, story)


def test_there_is_a_bound_on_processes_and_a_pod_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MOST", 1)

    async def story(live: Live) -> None:
        image = live.images.put_python("web:1", SERVER)
        live.run(image, "first")
        await live.said("serving", "first")
        live.run(image, "second")
        state = await live.until(lambda: live.entry("second").get("lastState"))
        assert state["terminated"]["reason"] == "StartError"
        assert "at most" in state["terminated"]["message"]
        assert any("at most" in text for text in live.events("Failed"))

    played(tmp_path, story)


def test_a_changed_config_map_reaches_the_files_of_a_running_container(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(config_map("settings", data={"colour": "red"}))
        live.run(
            live.images.put_python("web:1", SERVER),
            volumeMounts=[{"name": "config", "mountPath": "/etc/config"}],
            spec={"volumes": [{"name": "config", "configMap": {"name": "settings"}}]},
        )
        await live.said("serving")
        assert await live.execute("cat", "/etc/config/colour") == (0, "red")
        live.plane.api.patch("configmaps", "settings", {"data": {"colour": "blue", "new": "x"}}, "default")
        await live.until(lambda: live.is_ready())
        script = "import time\nwhile open('/etc/config/colour').read() != 'blue': time.sleep(0.05)\nprint('seen')"
        assert await live.execute("python", "-c", script) == (0, "seen\n")
        assert await live.execute("ls", "/etc/config") == (0, "colour\nnew\n")

    played(tmp_path, story)
