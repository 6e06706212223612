"""What a container is told after its start and before its end: ``postStart``; ``preStop``, a breath, and a signal.

``runs`` does the rest: it stops a container whose ``postStart`` failed, waits for the grace period and kills. Upstream:
``pkg/kubelet/kuberuntime`` (``startContainer``, ``killContainer``), ``pkg/kubelet/lifecycle``.

Simplified: a container is shown as running, and may be ready, while its ``postStart`` hook runs; the real kubelet shows
it when the hook is done.

Simplified: the signal goes to the whole process group, and a program that does not handle it ends; the first process of
a real container has no default for signals, so that it is killed when its grace period is over.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from gitopslab.controlplane.kubelet.process.probing import HookError, ask_http
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.controlplane.runtime.streams import StartError
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.kubelet.process.runs import Run

_LEAVE = 0.25  # seconds between the news that a pod goes and its signal: by then no Service sends anybody to it


async def after_start(run: Run) -> bool:
    """Do what comes right after the start; False when it failed, for which the container is killed."""
    return await _done(run, _hook(run, "postStart"))


async def before_stop(run: Run) -> None:
    """Do what comes before the signal; whether it fails makes no difference."""
    await _done(run, _hook(run, "preStop") or {"sleep": {"seconds": _LEAVE}})


def _hook(run: Run, name: str) -> Object:
    found: Object = (run.task.container.get("lifecycle") or {}).get(name) or {}
    return found


async def _done(run: Run, hook: Object) -> bool:
    try:
        if "sleep" in hook:
            await asyncio.sleep(float(hook["sleep"].get("seconds", 0)))
        elif "exec" in hook:
            return await _execute(run, list(hook["exec"].get("command") or ())) == 0
        elif "httpGet" in hook:
            await ask_http(run, hook["httpGet"])  # any answer will do
    except (StartError, HookError):
        return False
    return True


def stop_signal(image: PulledImage) -> int:
    """``STOPSIGNAL``, by name or number; SIGTERM when there is none."""
    named = str(image.config.get("StopSignal") or "SIGTERM")
    if named.isdigit():
        return int(named)
    full = named if named.startswith("SIG") else f"SIG{named}"
    return signal.Signals.__members__.get(full, signal.SIGTERM).value


async def _execute(run: Run, words: list[str]) -> int:
    process = await run.execute(words, stdin=False, tty=False)
    try:
        while await process.read() is not None:
            pass
        return await process.wait()
    finally:
        await process.close()
