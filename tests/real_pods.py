"""Pods that really run: a control plane on the machine's clock, and images in a folder instead of a registry."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from builders import merged

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.loop import drive
from gitopslab.controlplane.kubelet.process.command import HOST_INTERPRETER
from gitopslab.controlplane.kubelet.process.runtime import ProcessRuntime
from gitopslab.controlplane.kubeproxy import KubeProxy
from gitopslab.controlplane.runtime.images import PulledImage, PullError
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.controlplane.runtime.streams import Place
from gitopslab.errors import NotFoundError
from gitopslab.images.image import host_platform
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.objects import Object

REGISTRY = "localhost:5050/waal"

SERVER = """
import http.server, os, signal, socket, sys, threading

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.environ.get('COLOUR', 'grey')} {socket.gethostname()} {self.client_address[0]}".encode()
        self.send_response(200 if self.path != "/broken" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving", *server.server_address, flush=True)
server.serve_forever()
print("bye", flush=True)
"""
"""A well-behaved web server: says its colour, its name and who asks, and ends on SIGTERM when nobody waits."""


class FolderImages:
    """Images that lie in a folder: ``NAME/root`` and ``NAME/config.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.architecture = host_platform().architecture
        self._pulled: dict[str, PulledImage] = {}

    def put(self, name: str, files: dict[str, str | bytes], **config: Any) -> str:
        """Push an image; its reference."""
        place = self.folder / name.replace(":", "@")
        shutil.rmtree(place, ignore_errors=True)
        (place / "root").mkdir(parents=True)
        for path, text in files.items():
            target = place / "root" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
            for each in (target, *target.parents[: len(target.relative_to(place).parts) - 1]):
                each.chmod(0o755)
        (place / "config.json").write_text(json.dumps(config))
        return f"{REGISTRY}/{name}"

    def put_python(self, name: str, program: str, **config: Any) -> str:
        """Push an image on the lab's Python base; its reference."""
        known = {
            "Labels": {HOST_INTERPRETER: "python3"}, "WorkingDir": "/app", "Cmd": ["python", "app.py"],
            "Env": ["PYTHONUNBUFFERED=1"],
        }  # fmt: skip
        return self.put(name, {"/app/app.py": program}, **{**known, **config})

    def serves(self, reference: str) -> bool:
        return reference.startswith("localhost:")

    async def pull(self, reference: str) -> PulledImage:
        place = self.folder / reference.removeprefix(f"{REGISTRY}/").replace(":", "@")
        if not place.exists():
            raise PullError(f"{reference}: not found")
        config = json.loads((place / "config.json").read_text())
        self._pulled[reference] = PulledImage(
            "sha256:" + "1" * 64, 1234, place / "root", config, self.architecture
        )  # fmt: skip
        return self._pulled[reference]

    def pulled(self, reference: str) -> PulledImage | None:
        return self._pulled.get(reference)


class Live:
    """A bare cluster that runs by itself."""

    def __init__(self, plane: ControlPlane, images: FolderImages, runtime: ProcessRuntime, loopback: Loopback) -> None:
        self.plane = plane
        self.images = images
        self.runtime = runtime
        self.loopback = loopback
        self.clock = plane.clock
        self.changed = asyncio.Event()
        plane.api.on_change(self.changed.set)

    async def until(self, holds: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until something is so, looking whenever the cluster has changed."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self._look(holds)):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), 0.1)
                    self.changed.clear()
        except TimeoutError:
            raise AssertionError(json.dumps([pod["status"] for pod in self.plane.api.list("pods")])[:3000]) from None
        return found

    @staticmethod
    def _look(holds: Callable[[], Any]) -> Any:
        with contextlib.suppress(NotFoundError):
            return holds()

    def run(self, image: str, name: str = "web", spec: dict[str, Any] | None = None, **container: Any) -> None:
        """Create a pod with one container ``c``."""
        only = {"name": "c", "image": image, **container}
        base = {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [only]},
        }  # fmt: skip
        self.plane.api.create(merged(base, {"spec": spec or {}}))

    def pod(self, name: str = "web") -> Object:
        return self.plane.api.get("pods", name, "default")

    def entry(self, name: str = "web") -> Object:
        """The status entry of a pod's first container."""
        nothing = {"state": {}, "restartCount": 0}
        found: Object = self.pod(name).get("status", {}).get("containerStatuses", [nothing])[0]
        return found

    def is_ready(self, name: str = "web") -> bool:
        return bool(self.entry(name).get("ready"))

    def events(self, reason: str) -> list[str]:
        """The messages of all events with a reason."""
        return [event["message"] for event in self.plane.api.list("events") if event["reason"] == reason]

    def lines(self, name: str = "web", *, previous: bool = False) -> list[str]:
        found = self.plane.kubelets.logs.read("default", name, "c", previous)
        return [text for _, text in found or ()]

    async def said(self, text: str, name: str = "web") -> list[str]:
        """The log, as soon as a line has a text."""
        await self.until(lambda: any(text in line for line in self.lines(name)))
        return self.lines(name)

    async def get(self, port: int, path: str = "/", name: str = "web") -> str:
        """The body of a page of a pod."""
        connection = await self.plane.kubelets.ports.connect("default", name, port)
        await connection.write(f"GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
        answer = b""
        while piece := await connection.read():
            answer += piece
        await connection.close()
        return answer.decode().partition("\r\n\r\n")[2]

    async def execute(self, *words: str, name: str = "web", stdin: bytes | None = None) -> tuple[int, str]:
        """Exit code and output of a command in a container."""
        place = Place("default", name, "c")
        process = await self.plane.kubelets.exec.start(place, words, stdin=stdin is not None, tty=False)
        if stdin is not None:
            await process.write(stdin)
            process.end_input()
        said = b""
        while (piece := await process.read()) is not None:
            said += piece.data
        code = await process.wait()
        await process.close()
        return code, said.decode()


@contextlib.asynccontextmanager
async def living(folder: Path, *, shares: bool = False) -> AsyncIterator[Live]:
    """A cluster that runs, on a folder."""
    clock = LabClock()
    loopback = Loopback(folder / "network", shares=shares)
    images = FolderImages(folder / "images")
    runtime = ProcessRuntime(clock, images, loopback, folder / "cluster")
    plane = ControlPlane(clock, bare=True, runtime=runtime)
    plane.settle()
    proxy = KubeProxy(plane.manager, loopback, plane.kubelets.ports)
    plane.manager.add(proxy)
    running = asyncio.create_task(drive(plane.manager, plane.api, clock))
    try:
        yield Live(plane, images, runtime, loopback)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await proxy.close()
        await runtime.close()
        loopback.close()
        plane.close()


def played(folder: Path, story: Callable[[Live], Coroutine[Any, Any, None]], *, shares: bool = False) -> None:
    """Run a story on a cluster of its own."""

    async def run() -> None:
        async with living(folder, shares=shares) as live:
            await story(live)

    asyncio.run(run())
