"""Drives a manager on an event loop, in slices so that requests are answered meanwhile.

Between slices the loop sleeps until something is due or something is written; nothing polls. How long "until" is, the
lab's clock says: it may run fast or slow, or be held, and then nobody acts.
"""

from __future__ import annotations

import asyncio
import math

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.strands import begin, rest
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.objects import is_condition_true

_SLICE = 0.004  # seconds of reconciling before waiting requests get their turn


def run_as_strands(manager: Manager) -> None:
    """Have whoever waits for somebody outside hold up nobody else; for a manager on an event loop."""
    manager.run_with(lambda do: begin(do, manager.wake))


def bring_nodes_up(manager: Manager, api: Api) -> None:
    """Reconcile until every node is Ready, so that whoever is told of the cluster finds it as promised.

    Nodes that wait for a webhook are not waited for: it may need the API itself, which is not served before this ends.
    """
    while not all(is_condition_true(node, "Ready") for node in api.list("nodes")):
        if not manager.step():
            return


async def drive(manager: Manager, api: Api, clock: LabClock) -> None:
    """Reconcile for ever; cancel the task to stop."""
    changed = asyncio.Event()
    api.on_change(changed.set)
    manager.on_wake(changed.set)
    run_as_strands(manager)
    while True:
        changed.clear()
        if clock.speed:
            await work(manager)
        await _wait(changed, _left(manager, clock))


async def work(manager: Manager) -> None:
    """Step until nothing is due, giving way to other tasks after each slice."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _SLICE
    while manager.step():
        if loop.time() >= end:
            await asyncio.sleep(0)
            end = loop.time() + _SLICE


async def settle(manager: Manager) -> None:
    """Step until nothing is due, and nothing that was begun waits for somebody outside."""
    await work(manager)
    while await rest():
        await work(manager)


def _left(manager: Manager, clock: LabClock) -> float:
    """Seconds of the machine until there is something to do."""
    due = manager.next_due() if clock.speed else None
    return math.inf if due is None else clock.wait_for(due)


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    if not seconds:
        return
    timer = None if seconds == math.inf else asyncio.get_running_loop().call_later(seconds, changed.set)
    try:
        await changed.wait()
    finally:
        if timer is not None:
            timer.cancel()
