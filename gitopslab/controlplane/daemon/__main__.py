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
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gitopslab import __version__
from gitopslab.background.lock import FolderLock
from gitopslab.background.owner import Owner
from gitopslab.background.presence import Presence
from gitopslab.background.process import Signals, listening, started, tell
from gitopslab.controlplane.daemon.folder import ClusterFolder
from gitopslab.controlplane.daemon.life import Home, live
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.server.database import go_back
from gitopslab.errors import SetupError

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
    gone = "a process without which the cluster ends, and a folder that goes with it"
    parser.add_argument("--owner", nargs=2, metavar=("PID", "FOLDER"), help=gone)
    parser.add_argument("--ready-fd", type=int, help="file descriptor for one line of JSON when ready")
    return parser


def _run(options: argparse.Namespace) -> None:
    folder = ClusterFolder(options.folder)
    lock = FolderLock(folder.path)
    if not lock.acquire(patience=_PATIENCE):
        raise SetupError(f"cluster {options.name} is already running", "look at it with: gitopslab status")
    listener, signals = listening(options.port), Signals()
    home = Home(folder, folder.credentials(), listener, signals, _topology(options), options)
    folder.database.touch(0o600)  # to be watched over; an empty file is an empty database
    presence = Presence(lock.path, folder.database)
    owner = None if options.owner is None else Owner(int(options.owner[0]))

    async def watch() -> None:
        await asyncio.gather(presence.watch(), *(() if owner is None else (owner.watch(),)))

    try:
        while (revision := live(home, watch, lambda: _announce(home))) is not None:
            go_back(folder.database, revision)
    finally:
        if owner is not None and owner.is_gone:
            shutil.rmtree(options.owner[1], ignore_errors=True)
        elif presence.missed is None:  # else the file may be that of the cluster which took our place
            with contextlib.suppress(OSError):
                (folder.path / "daemon.json").unlink()


def _topology(options: argparse.Namespace) -> Topology | None:
    if options.config is not None:
        return Topology.read(options.config)
    return None if options.workers is None else Topology.of_workers(options.workers)


def _announce(home: Home) -> None:
    """Write the kubeconfig and say that the cluster answers: the socket listens, and its nodes are Ready."""
    folder, options, port = home.folder, home.options, home.listener.getsockname()[1]
    folder.write_kubeconfig(options.name, port, home.credentials)
    state = {"pid": os.getpid(), "port": port, "started": time.time(), "version": __version__}
    folder.write("daemon.json", json.dumps(state).encode())
    tell(options.ready_fd, {"ready": True, "kubeconfig": str(folder.kubeconfig), **state})
    options.ready_fd = None  # closed; the number may soon be another file's


if __name__ == "__main__":
    sys.exit(main())
