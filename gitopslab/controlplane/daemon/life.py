"""One life of a control plane in its process: from its store to its last connection.

``__main__`` holds what outlives it (the folder, the socket, the word to the parent) and lives again when this one ended
because somebody wants to return to an earlier moment: a process that is there already answers again within a blink,
where a new one would first have to read its modules.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gitopslab.background.process import Signals, loop_factory
from gitopslab.controlplane.daemon.assembly import ADMIN, ControlPlane
from gitopslab.controlplane.daemon.controls import BEGINNING, LabControls, running, seeded
from gitopslab.controlplane.daemon.folder import ClusterFolder, Credentials
from gitopslab.controlplane.daemon.housekeeping import Housekeeper
from gitopslab.controlplane.daemon.loop import bring_nodes_up, drive, run_as_strands
from gitopslab.controlplane.daemon.programs import Programs
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.serve import serve
from gitopslab.controlplane.http.webhooks import WebhookClient
from gitopslab.controlplane.server.store import Store
from gitopslab.gitops.work import Pool
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.names import CHANCE

_FIRST_SECONDS = 30.0  # of a cluster whose clock is held: by then it runs what a cluster runs


@dataclass(frozen=True, slots=True)
class Home:
    """What a control plane finds when it begins, and leaves behind.

    Attributes:
        folder: Where it keeps its state.
        credentials: Who it is, and whom it lets in.
        listener: The socket that it serves on; stays open, so that a client waits for the next life.
        signals: Tells it to stop.
        topology: Which nodes there are at first; None for the usual ones.
        options: Of the command line.
    """

    folder: ClusterFolder
    credentials: Credentials
    listener: socket.socket
    signals: Signals
    topology: Topology | None
    options: argparse.Namespace


def live(home: Home, watch: Callable[[], Coroutine[Any, Any, None]], answers: Callable[[], None]) -> int | None:
    """Serve until told to stop, or to return.

    Args:
        home: Where.
        watch: Run meanwhile; what it raises ends this life.
        answers: Called once the API answers and its nodes are Ready.

    Returns:
        The revision to return to, or None when the process shall end.
    """
    options = home.options
    store = Store(home.folder.database)
    clock, chance = (running(store), CHANCE) if options.seed is None else seeded(store, options.seed)
    programs = Programs(clock, home.folder.path)
    pool = Pool() if options.seed is None else None  # what can be repeated is done at once, in its turn
    plane = ControlPlane(
        clock, store, topology=home.topology, bare=options.bare, root_ca=home.credentials.ca.decode(),
        authority=home.credentials.authority, key=home.credentials.accounts, chance=chance,
        runtime=programs.runtime, work=pool, artifacts=home.folder.artifacts,
        kubeconfig=home.folder.kubeconfig if pool else None,
    )  # fmt: skip
    programs.serve(plane, home.listener.getsockname()[1])
    plane.verbs.call_webhooks(WebhookClient(programs.loopback))
    plane.manager.add(Housekeeper(plane))
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            try:
                if pool is not None:
                    loop = runner.get_loop()
                    pool.tell(lambda who, request: loop.call_soon_threadsafe(plane.manager.ask, who, request))
                back = runner.run(_serve(home, plane, clock, watch, answers))
            finally:
                if pool is not None:
                    pool.close()
                runner.run(programs.close())
    finally:
        plane.close()
    return None if home.signals.told else back  # who is told to stop while it returns, stops


async def _serve(
    home: Home,
    plane: ControlPlane,
    clock: LabClock,
    watch: Callable[[], Coroutine[Any, Any, None]],
    answers: Callable[[], None],
) -> int | None:
    plane.verbs.tokens.know(home.credentials.token, ADMIN)
    kubelets, controls = plane.kubelets, LabControls(plane, clock)
    app = build_app(
        plane.verbs, logs=kubelets.logs, exec=kubelets.exec, ports=kubelets.ports, controls=controls,
        hooks=plane.gitops,
    )  # fmt: skip
    credentials = home.credentials
    files = {"certfile": credentials.certificate, "keyfile": credentials.key, "ca": credentials.ca_file}
    run_as_strands(plane.manager)
    bring_nodes_up(plane.manager, plane.api)
    if not clock.speed and clock.now() == BEGINNING:
        await controls.advance(_FIRST_SECONDS)
    tasks = [
        asyncio.create_task(drive(plane.manager, plane.api, clock)),
        asyncio.create_task(watch()),
        asyncio.create_task(serve(app, home.listener.dup(), **files)),
    ]
    home.signals.cancel(tasks)
    controls.on_return(lambda: [task.cancel() for task in tasks])
    answers()
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        await asyncio.gather(*tasks, return_exceptions=True)
    return controls.asked_back
