"""Starts and ends the lab's own background processes: a cluster's control plane, a cluster's forge.

Such a process is detached from this one, so that it outlives notebooks and terminals. Whether it runs is asked of the
lock that it holds on its folder, never of a process id in a file: such an id can be stale and belong to somebody else
by now.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gitopslab.background.lock import is_locked
from gitopslab.clusters.state import explained
from gitopslab.errors import SetupError

if TYPE_CHECKING:
    import psutil

START_TIMEOUT = 180.0  # one that dies is noticed at once; a core shared with many, as on Binder, is slow and no fault
_STOP_TIMEOUT = 15.0
_POLL = 0.02
_LARGEST_LOG = 4 * 1024 * 1024
_LAST_LINES = 8


class Detached:
    """One background process and its folder.

    Args:
        what: What it is, for messages, as in ``cluster lab``.
        module: The module it runs.
        folder: Where it keeps its state, its lock, ``log`` and what it says of itself.
        name: Of the files it writes: ``NAME.log`` and ``NAME.json``.
    """

    def __init__(self, what: str, module: str, folder: Path, name: str) -> None:
        self._what = what
        self._module = module
        self._folder = folder
        self._file = folder / f"{name}.json"
        self.log = folder / f"{name}.log"

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it and wait until it says that it answers.

        Raises:
            SetupError: It said that it cannot, said nothing in time, or ended without a word.
        """
        with explained(self._folder):
            self._file.unlink(missing_ok=True)  # of a process that was killed
            if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.old"))
            with open(self.log, "ab", opener=_private) as log:
                command = [sys.executable, "-m", self._module, "--folder", str(self._folder), *arguments]
                process, answers = _spawned(command, log, environment)
        try:
            self._first_answer(process, answers)
        except BaseException:
            end(process, _STOP_TIMEOUT)
            raise

    def is_running(self) -> bool:
        """Whether some process holds the folder's lock."""
        return is_locked(self._folder)

    def says(self) -> dict[str, Any] | None:
        """What the running process says of itself, such as its port; None when it says nothing (yet)."""
        try:
            content: dict[str, Any] = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return content

    def wait_until_it_says(self, how_to_stop: str) -> dict[str, Any]:
        """What it says of itself; a process that is just starting gets time to.

        Raises:
            SetupError: It has its folder, and says nothing.
        """
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            found = self.says()
            if found is not None and self.is_running():
                return found
            if time.monotonic() > deadline or not self.is_running():
                raise SetupError(
                    f"{self._what.capitalize()} holds its folder but does not answer; its log is {self.log}",
                    f"Stop it with {how_to_stop}, then run the same command again",
                )
            time.sleep(_POLL)

    def stop(self) -> bool:
        """End it and wait until it has ended; False when it did not run.

        Raises:
            SetupError: It does not end.
        """
        import psutil

        if not self.is_running() and not any(processes_of(self._module, self._folder)):  # one that is just starting
            return False
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            found = list(processes_of(self._module, self._folder))
            for process in found:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            alive = psutil.wait_procs(found, _STOP_TIMEOUT)[1]
            if not alive and not self.is_running():
                return True
        raise SetupError(
            f"{self._what.capitalize()} does not stop: some process holds {self._folder}", f"Its log is {self.log}"
        )

    def _first_answer(self, process: subprocess.Popen[bytes], answers: IO[bytes]) -> None:
        heard: list[bytes] = []
        # a thread, because a pipe cannot be waited for with a time-out on every platform
        listener = threading.Thread(target=lambda: heard.append(answers.readline()), daemon=True)
        listener.start()
        listener.join(START_TIMEOUT)
        if not heard:
            raise SetupError(
                f"{self._what.capitalize()} did not answer within {START_TIMEOUT:.0f} s",
                f"Its log ends so:\n{_end_of(self.log)}",
            )
        answers.close()
        try:
            answer = json.loads(heard[0])
        except ValueError:
            process.wait(timeout=_STOP_TIMEOUT)
            raise SetupError(
                f"The process of {self._what} ended at once (exit code {process.returncode})",
                f"Its log ends so:\n{_end_of(self.log)}",
            ) from None
        if "error" in answer:
            raise SetupError(answer["error"], answer.get("hint", ""))
        # it goes on without us; when it ends before us, it shall not stay behind as a zombie
        threading.Thread(target=process.wait, daemon=True).start()


def processes_of(module: str, folder: Path) -> Iterator[psutil.Process]:
    """The processes that serve a folder, by their command lines: a number in a file may be somebody else's by now."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if module in words and "--folder" in words[:-1]:
            served = Path(words[words.index("--folder") + 1])
            if served.resolve() == folder.resolve():
                yield process


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


if sys.platform == "win32":

    def _spawned(
        arguments: list[str], log: IO[bytes], environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """As below; descriptors cannot be handed on here, so the process answers on its standard output."""
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        process = subprocess.Popen(
            [*arguments, "--ready-fd", "1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(environment),
            creationflags=flags,
        )
        assert process.stdout is not None
        return process, process.stdout

else:

    def _spawned(
        arguments: list[str], log: IO[bytes], environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """Start a process that survives this one, and the pipe on which it says that it answers."""
        reading, writing = os.pipe()
        try:
            process = subprocess.Popen(
                [*arguments, "--ready-fd", str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                pass_fds=(writing,),
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return process, os.fdopen(reading, "rb")


def _end_of(log: Path) -> str:
    """The last lines themselves: a first start that fails leaves no folder that one could look into."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-_LAST_LINES:]) or "it is empty"


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Tell a process to end, and kill it when it has not after some seconds."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
