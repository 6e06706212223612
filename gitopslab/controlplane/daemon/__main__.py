"""The process of one embedded cluster: ``python -m gitopslab.controlplane.daemon --folder F``.

``clusters.embedded`` starts it; it outlives the terminal and the notebooks that use it. It tells its parent through one
line of JSON on a file descriptor when it answers, or why it cannot, and ends cleanly on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gitopslab import __version__
from gitopslab.background.lock import FolderLock
from gitopslab.background.presence import Presence
from gitopslab.background.process import listening, loop_factory, started, stop_on_signals, tell
from gitopslab.controlplane.daemon.assembly import ADMIN, ControlPlane
from gitopslab.controlplane.daemon.controls import BEGINNING, LabControls, running, seeded
from gitopslab.controlplane.daemon.folder import ClusterFolder, Credentials
from gitopslab.controlplane.daemon.housekeeping import Housekeeper
from gitopslab.controlplane.daemon.loop import drive
from gitopslab.controlplane.daemon.programs import Programs
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.serve import serve
from gitopslab.controlplane.server.store import Store
from gitopslab.errors import SetupError
from gitopslab.gitops.work import Pool
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.names import CHANCE
from gitopslab.machinery.objects import is_condition_true

_FIRST_SECONDS = 30.0  # of a cluster whose clock is held: by then it runs what a cluster runs
_PATIENCE = 1.0  # seconds for those who are just asking whether the cluster runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster until it is told to stop; the exit code is 1 when it could not start."""
    options = _parser().parse_args(arguments)
    return started(lambda: _run(options), lambda: options.ready_fd)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gitopslab.controlplane.daemon", description="One embedded cluster."
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the cluster keeps its state")
    parser.add_argument("--name", default="lab", help="the cluster's name")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--workers", type=int, help="how many worker nodes")
    parser.add_argument("--config", type=Path, help="a topology file")
    parser.add_argument("--bare", action="store_true", help="nodes and API only: no kube-system workloads")
    parser.add_argument("--seed", type=int, help="a run that can be repeated: names follow, and the clock is held")
    parser.add_argument("--ready-fd", type=int, help="file descriptor for one line of JSON when ready")
    return parser


def _run(options: argparse.Namespace) -> None:
    folder = ClusterFolder(options.folder)
    lock = FolderLock(folder.path)
    if not lock.acquire(patience=_PATIENCE):
        raise SetupError(f"cluster {options.name} is already running", "look at it with: gitopslab status")
    topology = _topology(options)
    listener = listening(options.port)
    credentials = folder.credentials()
    store = Store(folder.database)
    clock, chance = (running(store), CHANCE) if options.seed is None else seeded(store, options.seed)
    programs = Programs(clock, folder.path)
    pool = Pool() if options.seed is None else None  # what can be repeated is done at once, in its turn
    plane = ControlPlane(
        clock, store, topology=topology, bare=options.bare, root_ca=credentials.ca.decode(),
        key=credentials.accounts, chance=chance, runtime=programs.runtime, work=pool, artifacts=folder.artifacts,
        kubeconfig=folder.kubeconfig if pool else None,
    )  # fmt: skip
    programs.serve(plane, listener.getsockname()[1])
    plane.manager.add(Housekeeper(plane))
    presence = Presence(lock.path, folder.database)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            try:
                if pool is not None:
                    loop = runner.get_loop()
                    pool.tell(lambda who, request: loop.call_soon_threadsafe(plane.manager.ask, who, request))
                runner.run(_serve(plane, clock, folder, credentials, listener, presence, options))
            finally:
                if pool is not None:
                    pool.close()
                runner.run(programs.close())
    finally:
        plane.close()
        if presence.missed is None:  # else the file may be that of the cluster which took our place
            with contextlib.suppress(OSError):
                (folder.path / "daemon.json").unlink()


def _topology(options: argparse.Namespace) -> Topology | None:
    if options.config is not None:
        return Topology.read(options.config)
    return None if options.workers is None else Topology.of_workers(options.workers)


async def _serve(
    plane: ControlPlane,
    clock: LabClock,
    folder: ClusterFolder,
    credentials: Credentials,
    listener: socket.socket,
    presence: Presence,
    options: argparse.Namespace,
) -> None:
    plane.verbs.tokens.know(credentials.token, ADMIN)
    kubelets = plane.kubelets
    controls = LabControls(plane, clock)
    app = build_app(
        plane.verbs, logs=kubelets.logs, exec=kubelets.exec, ports=kubelets.ports, controls=controls,
        hooks=plane.gitops,
    )  # fmt: skip
    files = {"certfile": credentials.certificate, "keyfile": credentials.key, "ca": credentials.ca_file}
    _bring_nodes_up(plane)
    if not clock.speed and clock.now() == BEGINNING:
        await controls.advance(_FIRST_SECONDS)
    tasks = [
        asyncio.create_task(drive(plane.manager, plane.api, clock)),
        asyncio.create_task(presence.watch()),
        asyncio.create_task(serve(app, listener, **files)),
    ]
    stop_on_signals(tasks)
    _announce(folder, credentials, listener.getsockname()[1], options)
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        await asyncio.gather(*tasks, return_exceptions=True)


def _bring_nodes_up(plane: ControlPlane) -> None:
    """Reconcile until every node is Ready, so that whoever is told of the cluster finds it as promised."""
    while not all(is_condition_true(node, "Ready") for node in plane.api.list("nodes")):
        if not plane.manager.step():
            return


def _announce(folder: ClusterFolder, credentials: Credentials, port: int, options: argparse.Namespace) -> None:
    """Write the kubeconfig and say that the cluster answers: the socket listens, and its nodes are Ready."""
    folder.write_kubeconfig(options.name, port, credentials)
    state = {"pid": os.getpid(), "port": port, "started": time.time(), "version": __version__}
    folder.write("daemon.json", json.dumps(state).encode())
    tell(options.ready_fd, {"ready": True, "kubeconfig": str(folder.kubeconfig), **state})
    options.ready_fd = None  # closed; the number may soon be another file's


if __name__ == "__main__":
    sys.exit(main())
