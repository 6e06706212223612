"""The one place where the runner starts programs: a script in a group of its own, which ends as a whole.

``execution`` calls it. A script that neither ends nor is cancelled runs until its time is up; whatever it started in
the background ends with it.

Simplified: GitLab's shell executor leaves what a script started in the background running.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_GRACE = 2.0  # seconds between asking a script to end and ending it; and for the last of its output
_CHUNK = 16 * 1024


async def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Callable[[bytes], None],
) -> int:
    """Run a program and give its exit code; when this is cancelled, so is the program.

    Args:
        command: It and its arguments.
        folder: Where it works.
        environment: All it finds in its environment.
        output: Told what it prints, to either stream, as it comes; in a thread.

    Raises:
        OSError: It cannot be started.
    """
    loop, ended, is_over = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=sys.platform != "win32",
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)

    def pump() -> None:
        with open(reading, "rb", buffering=0) as pipe:
            while (piece := pipe.read(_CHUNK)) and not is_over.is_set():
                output(piece)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(ended.set)

    # not a pipe of asyncio's, whose processes have not ended as long as anybody holds their output
    threading.Thread(target=pump, name=f"gitopslab-output-{process.pid}", daemon=True).start()
    try:
        code = await process.wait()
        _end_group(process.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        with suppress(TimeoutError):  # what has left the group may hold on to the output for as long as it likes
            await asyncio.wait_for(ended.wait(), _GRACE)
        return code
    except BaseException:
        await _stop(process)
        raise
    finally:
        is_over.set()


async def _stop(process: asyncio.subprocess.Process) -> None:
    _end_group(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _GRACE)
    if sys.platform != "win32":
        _end_group(process.pid, signal.SIGKILL)
    else:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()


def _end_group(leader: int, number: int) -> None:
    """Signal a script and all it started; they are one group, whose number its leader keeps while any of it lives."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(leader, number)
        else:
            os.killpg(leader, number)
