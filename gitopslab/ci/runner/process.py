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
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_GRACE = 2.0  # seconds between asking a script to end and ending it
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
        output: Told what it prints, to either stream, as it comes.

    Raises:
        OSError: It cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(environment),
        start_new_session=sys.platform != "win32",
    )
    assert process.stdout is not None
    try:
        reading = asyncio.create_task(_pump(process.stdout, output))
        code = await process.wait()
        _end_group(process.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        await reading
        return code
    except BaseException:
        await _stop(process)
        raise


async def _pump(stdout: asyncio.StreamReader, output: Callable[[bytes], None]) -> None:
    while piece := await stdout.read(_CHUNK):
        output(piece)


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
