"""Runs command-line tools: the one door to other people's programs for this room.

Each kind of cluster calls ``run`` with a list of arguments; never a shell, never a string put together from input.
Lines are handed to the progress function as they come. What the output means is for the caller to say.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gitopslab.clusters.base import Progress, silent
from gitopslab.errors import SetupError

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PATIENCE = 10.0  # seconds a program gets to end by itself after being asked to


class ToolTimeout(Exception):
    """A program took longer than it was given, and was ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program left behind.

    Attributes:
        code: Its exit code.
        out: Its standard output.
        err: Its standard error, without colours.
    """

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it says it succeeded."""
        return self.code == 0

    @property
    def text(self) -> str:
        """Everything it printed."""
        return f"{self.err}\n{self.out}".strip()


@dataclass(frozen=True, slots=True)
class Tool:
    """A program the lab drives.

    Attributes:
        name: Of the executable.
        install: One command a platform (``linux``, ``darwin``, ``win32``) that installs it.
    """

    name: str
    install: Mapping[str, str]

    def find(self, environment: Mapping[str, str]) -> str | None:
        """Where the executable is on the environment's PATH."""
        return shutil.which(self.name, path=environment.get("PATH", ""))

    def need(self, environment: Mapping[str, str]) -> str:
        """Where the executable is.

        Raises:
            SetupError: It is missing; the hint is the command that installs it here.
        """
        found = self.find(environment)
        if found is None:
            raise SetupError(
                f"The program {self.name} is not on this machine's PATH",
                f"Install it: {self.install_command()}\n"
                "        Or use the embedded cluster, which needs nothing: --cluster embedded",
            )
        return found

    def install_command(self) -> str:
        """The command that installs it on this platform."""
        return self.install.get(sys.platform, self.install["linux"])


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    timeout: float,
    progress: Progress = silent,
    given: str | None = None,
) -> Answer:
    """Run a program to its end and hand each line to ``progress`` as it comes.

    Ctrl-C is passed on to the program, which gets some seconds to clean up before it is ended.

    Args:
        arguments: The program and its arguments.
        environment: All the environment variables it sees.
        timeout: Seconds it may take.
        progress: Told every line.
        given: Text for its standard input.

    Raises:
        ToolTimeout: It did not end in time.
    """
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        text=True,
        encoding="utf-8",
        errors="replace",
        # its own group, so that Ctrl-C reaches the lab first and the lab decides
        start_new_session=os.name != "nt",
    )
    try:
        if given is not None:
            # beside the reading: a program that prints before it has read everything would else wait for us
            threading.Thread(target=_feed, args=(process, given), daemon=True).start()
        return _collected(process, timeout, progress)
    except BaseException:
        _end(process)
        raise
    finally:
        for stream in (process.stdout, process.stderr):
            if stream is not None and process.poll() is not None:
                stream.close()


def _feed(process: subprocess.Popen[str], given: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:  # when it ends before it read all, its exit code says why
        process.stdin.write(given)


def _collected(process: subprocess.Popen[str], timeout: float, progress: Progress) -> Answer:
    lines: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
    for name, stream in (("out", process.stdout), ("err", process.stderr)):
        assert stream is not None
        threading.Thread(target=_pump, args=(name, stream, lines), daemon=True).start()
    collected: dict[str, list[str]] = {"out": [], "err": []}
    deadline, streaming = time.monotonic() + timeout, 2
    while streaming:
        try:
            name, line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ToolTimeout(f"{timeout:.0f} s") from None
        if line is None:
            streaming -= 1
            continue
        collected[name].append(line)
        if line.strip():
            progress(line.strip())
    try:
        code = process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:  # it says nothing more, and yet does not end
        raise ToolTimeout(f"{timeout:.0f} s") from None
    return Answer(code, "\n".join(collected["out"]), "\n".join(collected["err"]))


def _pump(name: str, stream: IO[str], lines: queue.SimpleQueue[tuple[str, str | None]]) -> None:
    for line in stream:
        lines.put((name, _COLOURS.sub("", line.rstrip("\r\n"))))
    lines.put((name, None))


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    for how in (signal.SIGINT, signal.SIGKILL) if os.name != "nt" else (signal.SIGTERM,):
        _signal(process, how)
        try:
            process.wait(timeout=_PATIENCE)
            return
        except subprocess.TimeoutExpired:
            continue


def _signal(process: subprocess.Popen[str], how: signal.Signals) -> None:
    try:
        if os.name == "nt":
            process.terminate()
        else:
            os.killpg(process.pid, how)
    except ProcessLookupError:
        pass
