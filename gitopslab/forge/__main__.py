"""The process of one forge: ``python -m gitopslab.forge --folder F``.

``clusters.forge`` starts it; it outlives the terminal and the notebooks that use it. It tells its parent through one
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
from ipaddress import IPv4Network
from pathlib import Path

from gitopslab import __version__
from gitopslab.background import server
from gitopslab.background.lock import FolderLock
from gitopslab.background.presence import Presence
from gitopslab.background.process import Signals, listening, loop_factory, started, tell
from gitopslab.errors import SetupError
from gitopslab.forge.app import Forge
from gitopslab.forge.containers import let_in
from gitopslab.forge.folder import ForgeFolder
from gitopslab.images.engine import running_engine

_PATIENCE = 1.0  # seconds for those who are just asking whether the forge runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a forge until it is told to stop; the exit code is 1 when it could not start."""
    options = _parser().parse_args(arguments)
    return started(lambda: _run(options), lambda: options.ready_fd)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gitopslab.forge", description="The forge of one cluster.")
    parser.add_argument("--folder", type=Path, required=True, help="where the forge keeps its state")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--bridge", default="", help="this machine's address where a cluster's nodes reach it")
    parser.add_argument("--guests", type=IPv4Network, nargs="*", default=[], help="networks that may come there")
    parser.add_argument("--ready-fd", type=int, help="file descriptor for one line of JSON when ready")
    return parser


def _run(options: argparse.Namespace) -> None:
    folder = ForgeFolder(options.folder)
    lock = FolderLock(folder.path)
    if not lock.acquire(patience=_PATIENCE):
        raise SetupError(f"the forge in {folder.path} is already running", "look at it with: gitopslab status")
    listener = listening(options.port)
    presence = Presence(lock.path, folder.token_file)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(folder, listener, presence, options))
    finally:
        if presence.missed is None:  # else the file may be that of the forge which took our place
            with contextlib.suppress(OSError):
                (folder.path / "forge.json").unlink()


async def _serve(folder: ForgeFolder, listener: socket.socket, presence: Presence, options: argparse.Namespace) -> None:
    port = listener.getsockname()[1]
    forge = Forge(folder, f"localhost:{port}", await asyncio.to_thread(running_engine))
    tasks = [
        asyncio.create_task(presence.watch()),
        asyncio.create_task(forge.run()),
        asyncio.create_task(server.run(server.config(forge.app), listener)),
    ]
    bridge = options.bridge
    if bridge and not await let_in(bridge, port, options.guests):
        bridge = ""
    Signals().cancel(tasks)
    guests = [str(each) for each in options.guests]
    state: dict[str, object] = {"pid": os.getpid(), "port": port, "bridge": bridge, "guests": guests}
    state |= {"started": time.time(), "version": __version__}
    folder.write("forge.json", json.dumps(state).encode())
    tell(options.ready_fd, {"ready": True, **state})
    options.ready_fd = None  # closed; the number may soon be another file's
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main())
