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


LIBRARIES = """
import pathlib, sqlite3, subprocess, sys, tempfile
with sqlite3.connect("/data/app.db") as database:
    database.execute("create table seen (name text)")
    database.execute("insert into seen values ('row')")
database.close()
print(pathlib.Path("/data/app.db").stat().st_size > 0, tempfile.mkdtemp().startswith("/tmp/"))
script = "import os; print(os.path.exists('/data/app.db'))"
print(subprocess.run(["python", "-c", script], capture_output=True, text=True).stdout.strip())
import ssl
context = ssl.create_default_context()
try:
    context.load_verify_locations("/data/nothing.pem")
except FileNotFoundError:
    print("no certificate")
"""
ASGI = """
import socket
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body = f"{scope['server'][1]} {socket.gethostbyname('web') == scope['server'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""


def test_libraries_that_open_files_in_c_and_other_pythons_find_the_containers_files(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(
            live.images.put_python("lib:1", LIBRARIES),
            volumeMounts=[{"name": "data", "mountPath": "/data"}],
            spec={"volumes": [{"name": "data", "emptyDir": {}}], "restartPolicy": "Never"},
        )
        await live.until(lambda: live.entry()["state"].get("terminated"))
        assert live.lines() == ["True True", "True", "no certificate"]

    played(tmp_path, story)


@pytest.mark.parametrize(
    ("program", "command", "page"),
    [
        (ASGI, ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "80", "--log-level", "error"], "80 True"),
        ("only a file", ["python", "-m", "http.server", "80"], "app.py"),
    ],
    ids=["uvicorn", "http.server"],
)
def test_servers_bind_their_own_address(tmp_path: Path, program: str, command: list[str], page: str) -> None:
    async def story(live: Live) -> None:
        ready = {"tcpSocket": {"port": 80}, "periodSeconds": 1}
        image = live.images.put_python("server:1", program)
        for name in ("web", "other"):
            live.run(image, name, command=command, readinessProbe=ready)
        for name in ("web", "other"):
            await live.until(lambda name=name: live.is_ready(name))
        assert page in await live.get(80)

    played(tmp_path, story)


def test_a_node_without_power_takes_its_processes_along(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("web:1", SERVER))
        await live.said("serving")
        node = live.pod()["spec"]["nodeName"]
        live.plane.kubelets.cut_node(node)
        await live.until(lambda: not live.runtime.running)
        assert "running" in live.entry()["state"]
        live.plane.kubelets.reboot_node(node)
        await live.until(lambda: live.entry()["restartCount"] == 1 and live.is_ready())
        assert live.entry()["lastState"]["terminated"]["reason"] == "Unknown"
        await live.said("serving")

    played(tmp_path, story)
