"""Drives a manager on an event loop, in slices so that requests are answered meanwhile.

Between slices the loop sleeps until something is due or something is written; nothing polls.
"""

from __future__ import annotations

import asyncio

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.machinery.clock import Clock

_SLICE = 0.004  # seconds of reconciling before waiting requests get their turn


async def drive(manager: Manager, api: Api, clock: Clock) -> None:
    """Reconcile for ever; cancel the task to stop."""
    changed = asyncio.Event()
    api.on_change(changed.set)
    manager.on_ask(changed.set)
    while True:
        changed.clear()
        await _work(manager)
        due = manager.next_due()
        if due is None:
            await changed.wait()
        elif due > clock.now():
            await _wait(changed, due - clock.now())


async def _work(manager: Manager) -> None:
    """Step until nothing is due, giving way to other tasks after each slice."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _SLICE
    while manager.step():
        if loop.time() >= end:
            await asyncio.sleep(0)
            end = loop.time() + _SLICE


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    timer = asyncio.get_running_loop().call_later(seconds, changed.set)
    try:
        await changed.wait()
    finally:
        timer.cancel()
