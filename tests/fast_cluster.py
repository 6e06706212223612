"""A whole embedded cluster, served over HTTPS from this process, whose clock a test jumps.

For tests that need kubectl and a client as a learner has them, and minutes of a cluster's life in a moment. Everything
of the cluster runs on one event loop in a thread of its own; while nobody jumps, time goes on faster than outside, so
that a command that waits (`kubectl delete`, `kubectl rollout status`) gets what it waits for.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitopslab.background.process import listening
from gitopslab.controlplane.daemon.assembly import ADMIN, ControlPlane
from gitopslab.controlplane.daemon.folder import ClusterFolder
from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.serve import serve
from gitopslab.machinery.clock import JumpableClock

_TICK, _STEP = 0.01, 0.5  # seconds outside and inside


class FastCluster:
    """The cluster.

    Attributes:
        kubeconfig: For clients.
    """

    def __init__(self, plane: ControlPlane, kubeconfig: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.kubeconfig = kubeconfig
        self._plane = plane
        self._loop = loop

    def advance(self, seconds: float) -> None:
        """Let time pass."""

        async def jump() -> None:
            self._plane.advance(seconds)

        asyncio.run_coroutine_threadsafe(jump(), self._loop).result(60)


@contextmanager
def fast_cluster(folder: Path) -> Iterator[FastCluster]:
    """Build and serve one, with its files in a folder."""
    files = ClusterFolder(folder)
    credentials = files.credentials()
    plane = ControlPlane(JumpableClock(), root_ca=credentials.ca.decode(), key=credentials.accounts)
    plane.verbs.tokens.know(credentials.token, ADMIN)
    plane.settle()
    app = build_app(plane.verbs, logs=plane.kubelets.logs, exec=plane.kubelets.exec, ports=plane.kubelets.ports)
    listener = listening(0)
    files.write_kubeconfig("fast", listener.getsockname()[1], credentials)

    async def live() -> None:
        paths = {"certfile": credentials.certificate, "keyfile": credentials.key, "ca": credentials.ca_file}
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(app, listener, **paths))
            while True:
                await asyncio.sleep(_TICK)
                plane.advance(_STEP)

    loop = asyncio.new_event_loop()
    task = loop.create_task(live())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield FastCluster(plane, files.kubeconfig, loop)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        loop.close()
        plane.close()
