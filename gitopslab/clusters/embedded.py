"""The embedded cluster: our own control plane as a process of its own.

``up`` starts ``python -m gitopslab.controlplane.daemon`` detached from this process, so that it outlives notebooks
and terminals, and returns when its nodes are Ready. Whether it runs is asked of the lock that the daemon holds, never
of a process id in a file: such an id can be stale and belong to somebody else by now. What happens inside the process
is the daemon's business.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from gitopslab.clusters import ports
from gitopslab.clusters.base import DEFAULT, Capability, Options, Progress, State, Status, silent
from gitopslab.clusters.state import Folder, Record, command, exclusive, explained, folder, remembered_ports
from gitopslab.controlplane.daemon.lock import is_locked
from gitopslab.errors import SetupError

_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 15.0
_POLL = 0.02
_PORT_ATTEMPTS = 5
_LARGEST_LOG = 4 * 1024 * 1024
_DAEMON = "gitopslab.controlplane.daemon"
_STORE = ("store.db", "store.db-wal", "store.db-shm")


class EmbeddedCluster:
    """A cluster that needs nothing but Python.

    Args:
        name: Its name; the same name is the same cluster for every notebook and terminal of this user.
        environment: The variables the process is started with.
    """

    kind = "embedded"
    capabilities = frozenset({Capability.CLOCK, Capability.STOP})

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self._folder: Folder = folder(self.kind, name)
        self._environment = environment
        self.kubeconfig = self._folder.kubeconfig

    def up(self, progress: Progress = silent, options: Options = DEFAULT) -> None:
        """Start the process and wait until its nodes are Ready; a running one is left alone.

        Raises:
            SetupError: It cannot start; says why and what to do.
        """
        with exclusive(self.kind, self.name, progress):
            record = self._folder.read()
            if record is None or not (record.is_ready or self._running()):
                self._first_start(options, progress)
                return
            record.must_match(options)
            if self._running():
                port = int(self._wait_for_daemon_file()["port"])
                if options.port not in (None, port):
                    raise _other_port(port, options.port, record)
                self._ready(record, port)
                progress(f"cluster {self.name} is already up")
            else:
                self._start(record, options.port or record.port or ports.free(), progress)

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Stop the process; its state is kept unless ``delete`` is given."""
        with exclusive(self.kind, self.name, progress):
            if self._folder.read() is None:
                progress(f"there is no embedded cluster {self.name}")
                return
            stopped = self._stop(progress)
            if delete:
                self._folder.remove()
                progress(f"cluster {self.name} is deleted")
            else:
                progress(f"cluster {self.name} {'is stopped' if stopped else 'was not running'}, its state is kept")

    def reset(self, progress: Progress = silent) -> None:
        """Begin again with an empty store, at the same address and with the same credentials.

        Raises:
            SetupError: There is no such cluster.
        """
        with exclusive(self.kind, self.name, progress):
            record = self._folder.read()
            if record is None:
                raise SetupError(f"There is no embedded cluster {self.name}", command("up", self.kind, self.name))
            self._stop(progress)
            port = record.port or ports.free()
            _must_be_free(port, record)  # before anything is removed
            with explained(self._folder.path):
                for name in _STORE:
                    (self._folder.path / name).unlink(missing_ok=True)
            self._start(record, port, progress)

    def status(self) -> Status:
        """How the process is."""
        record = self._folder.read()
        if record is None:
            return Status(self.name, self.kind, State.ABSENT, self.kubeconfig)
        if not self._running():
            return Status(self.name, self.kind, State.STOPPED, self.kubeconfig, {"port": record.port})
        daemon = self._daemon_file() or {}
        return Status(self.name, self.kind, State.RUNNING, self.kubeconfig, daemon)

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Refused: simulated nodes pull every image by name.

        Raises:
            SetupError: Always.
        """
        raise SetupError(
            f"The embedded cluster takes no image from Docker ({image})",
            "Nothing to do: its nodes know every image by name. For real containers: --cluster kind",
        )

    def _first_start(self, options: Options, progress: Progress) -> None:
        self._folder.remove()  # what a broken-off first start may have left
        record = Record.wanted(self.name, self.kind, options)
        self._folder.write(record)
        try:
            if options.port is None:
                self._start_anywhere(record, progress)
            else:
                self._start(record, options.port, progress)
        except BaseException:
            self._folder.remove()  # it never answered, so there is nothing in it to lose
            raise

    def _start_anywhere(self, record: Record, progress: Progress) -> None:
        """Start on a free port; when another program takes it at that very moment, on the next."""
        for left in reversed(range(_PORT_ATTEMPTS)):
            port = ports.free(but=remembered_ports())
            try:
                return self._start(record, port, progress)
            except SetupError:
                if ports.is_free(port) or not left:
                    raise

    def _start(self, record: Record, port: int, progress: Progress) -> None:
        _must_be_free(port, record)
        with explained(self._folder.path):
            (self._folder.path / "daemon.json").unlink(missing_ok=True)  # of a process that was killed
        process, answers = self._spawn(record, port)
        try:
            progress(f"starting cluster {self.name} on port {port}")
            _first_answer(process, answers, self._log)
        except BaseException:
            _end(process)
            raise
        self._ready(record, port)
        progress(f"cluster {self.name} is up")

    def _ready(self, record: Record, port: int) -> None:
        if not record.is_ready or record.port != port:
            record.phase, record.port = "ready", port
            self._folder.write(record)

    def _spawn(self, record: Record, port: int) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        arguments = [sys.executable, "-m", _DAEMON, "--folder", str(self._folder.path), "--name", self.name]
        arguments += ["--port", str(port)]
        arguments += ["--workers", str(record.workers)] if record.workers is not None else []
        arguments += ["--config", record.config] if record.config else []
        arguments += ["--bare"] if record.bare else []
        arguments += ["--seed", str(record.seed)] if record.seed is not None else []
        with explained(self._folder.path):
            if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
                self._log.replace(self._log.with_suffix(".log.old"))
            with open(self._log, "ab", opener=_private) as log:
                return _detached(arguments, log, self._environment)

    @property
    def _log(self) -> Path:
        return self._folder.path / "daemon.log"

    def _running(self) -> bool:
        return is_locked(self._folder.path)

    def _daemon_file(self) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self._folder.path / "daemon.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return content

    def _wait_for_daemon_file(self) -> dict[str, Any]:
        """What the running daemon says of itself; one that is just starting gets time to."""
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            found = self._daemon_file()
            if found is not None and self._running():
                return found
            if time.monotonic() > deadline or not self._running():
                raise SetupError(
                    f"Cluster {self.name} holds its folder but does not answer; its log is {self._log}",
                    f"Stop it with {command('down', self.kind, self.name)}, then run the same command again",
                )
            time.sleep(_POLL)

    def _stop(self, progress: Progress) -> bool:
        if not self._running():
            return False
        progress(f"stopping cluster {self.name}")
        for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            for process in processes_of(self._folder.path):
                with suppress(ProcessLookupError):
                    os.kill(process, number)
            if self._ended():
                return True
        raise SetupError(
            f"Cluster {self.name} does not stop: some process holds {self._folder.path}", f"Its log is {self._log}"
        )

    def _ended(self) -> bool:
        deadline = time.monotonic() + _STOP_TIMEOUT
        while self._running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True


def _must_be_free(port: int, record: Record) -> None:
    if ports.is_free(port):
        return
    owner = ports.owner(port)
    raise SetupError(
        f"Port {port} on 127.0.0.1 is in use" + (f" by {owner}" if owner else ""),
        f"Stop that program, or give the cluster another port: "
        f"{command(f'up --port {ports.free()}', record.kind, record.name)}",
    )


def processes_of(folder: Path) -> Iterator[int]:
    """The processes that serve a folder, by their command lines: a number in a file may be somebody else's by now."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if _DAEMON in words and "--folder" in words[:-1]:
            served = Path(words[words.index("--folder") + 1])
            if served.resolve() == folder.resolve():
                yield process.pid


def _other_port(port: int, asked: int | None, record: Record) -> SetupError:
    down, up = (command(words, record.kind, record.name) for words in ("down", f"up --port {asked}"))
    return SetupError(f"Cluster {record.name} is up already, on port {port}", f"To move it: {down} && {up}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


if sys.platform == "win32":

    def _detached(
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

    def _detached(
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


def _first_answer(process: subprocess.Popen[bytes], answers: IO[bytes], log: Path) -> None:
    """Wait for the daemon's one line.

    Raises:
        SetupError: It said that it cannot, said nothing in time, or ended without a word.
    """
    heard: list[bytes] = []
    # a thread, because a pipe cannot be waited for with a time-out on every platform
    listener = threading.Thread(target=lambda: heard.append(answers.readline()), daemon=True)
    listener.start()
    listener.join(_START_TIMEOUT)
    if not heard:
        raise SetupError(f"The cluster did not answer within {_START_TIMEOUT:.0f} s", f"Its log may say why: {log}")
    answers.close()
    try:
        answer = json.loads(heard[0])
    except ValueError:
        process.wait(timeout=_STOP_TIMEOUT)
        raise SetupError(
            f"The cluster's process ended at once (exit code {process.returncode}): {_last_line(log)}",
            f"Its log says more: {log}",
        ) from None
    if "error" in answer:
        raise SetupError(answer["error"], answer.get("hint", ""))
    # it goes on without us; when it ends before us, it shall not stay behind as a zombie
    threading.Thread(target=process.wait, daemon=True).start()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote no message"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
