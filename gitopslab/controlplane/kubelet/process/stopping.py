"""How a container is told to stop: its ``preStop`` hook, a breath, and its image's signal.

``runs`` does the rest: it waits for the grace period and kills. Upstream: ``pkg/kubelet/kuberuntime``
(``killContainer``), ``pkg/kubelet/lifecycle``.

Simplified: the signal goes to the whole process group, and a program that does not handle it ends; the first process of
a real container has no default for signals, so that it is killed when its grace period is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

from gitopslab.controlplane.kubelet.process.probing import HookError, ask_http
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.controlplane.runtime.streams import StartError

if TYPE_CHECKING:
    from gitopslab.controlplane.kubelet.process.runs import Run

_LEAVE = 0.25  # seconds between the news that a pod goes and its signal: by then no Service sends anybody to it


async def before_stop(run: Run) -> None:
    """Do what comes before the signal."""
    hook = (run.task.container.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        await asyncio.sleep(float(hook["sleep"].get("seconds", 0)))
    elif "exec" in hook:
        with contextlib.suppress(StartError):
            await _execute(run, list(hook["exec"].get("command") or ()))
    elif "httpGet" in hook:
        with contextlib.suppress(HookError):
            await ask_http(run, hook["httpGet"])
    else:
        await asyncio.sleep(_LEAVE)


def stop_signal(image: PulledImage) -> int:
    """``STOPSIGNAL``, by name or number; SIGTERM when there is none."""
    named = str(image.config.get("StopSignal") or "SIGTERM")
    if named.isdigit():
        return int(named)
    full = named if named.startswith("SIG") else f"SIG{named}"
    return signal.Signals.__members__.get(full, signal.SIGTERM).value


async def _execute(run: Run, words: list[str]) -> None:
    process = await run.execute(words, stdin=False, tty=False)
    try:
        while await process.read() is not None:
            pass
        await process.wait()
    finally:
        await process.close()
