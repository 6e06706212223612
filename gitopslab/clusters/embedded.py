"""The embedded cluster: our own control plane as a process of its own.

``up`` starts ``python -m gitopslab.controlplane.daemon`` detached from this process (``detached``), so that it outlives
notebooks and terminals, and returns when its nodes are Ready. What happens inside the process is the daemon's business.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from gitopslab.clusters import ports
from gitopslab.clusters.base import DEFAULT, LOOPBACK, Capability, Options, Progress, State, Status, Way, silent
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.clusters.detached import Detached
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.state import Folder, Record, command, exclusive, explained, folder, remembered_ports
from gitopslab.errors import SetupError

_PORT_ATTEMPTS = 5
DAEMON = "gitopslab.controlplane.daemon"
"""The module that serves an embedded cluster."""

_STORE = ("store.db", "store.db-wal", "store.db-shm")
_PROGRAMS = ("images", "containers", "network")  # folders of what really runs


class EmbeddedCluster:
    """A cluster that needs nothing but Python.

    Args:
        name: Its name; the same name is the same cluster for every notebook and terminal of this user.
        environment: The variables the process is started with.
        scratch: A folder for this process alone: when it is gone, the cluster ends and the folder goes; default none.
    """

    kind = "embedded"
    capabilities = frozenset({Capability.CLOCK, Capability.STOP})

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ, *, scratch: Path | None = None) -> None:
        self.name = name
        self._scratch = scratch
        self._folder: Folder = folder(self.kind, name)
        self._environment = environment
        self._process = Detached(f"cluster {name}", DAEMON, self._folder.path, "daemon")
        self.kubeconfig = self._folder.kubeconfig

    def up(self, progress: Progress = silent, options: Options = DEFAULT) -> None:
        """Start the process and wait until its nodes are Ready; a running one is left alone.

        Raises:
            SetupError: It cannot start; says why and what to do.
        """
        with exclusive(self.kind, self.name, progress):
            record = self._folder.read()
            if record is None or not (record.is_ready or self._process.is_running()):
                self._first_start(options, progress)
            else:
                record.must_match(options)
                self._bring_back(record, options, progress)
            Forge.of(self).resume(progress)

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Stop the process; its state is kept unless ``delete`` is given."""
        with exclusive(self.kind, self.name, progress):
            Forge.of(self).down(progress, delete=delete)
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
            record = self._known()
            self._stop(progress)
            port = record.port or ports.free()
            _must_be_free(port, record)  # before anything is removed
            with explained(self._folder.path):
                for name in _STORE:
                    (self._folder.path / name).unlink(missing_ok=True)
                for name in _PROGRAMS:
                    shutil.rmtree(self._folder.path / name, ignore_errors=True)
            self._start(record, port, progress)
            Forge.of(self).reset(progress)

    def return_to(self, revision: int, progress: Progress = silent) -> None:
        """Have the cluster hold what it held at an earlier resourceVersion, as etcd does from a snapshot of then.

        Raises:
            SetupError: There is no such cluster.
            ApiError: Its history does not reach back so far.
        """
        with exclusive(self.kind, self.name, progress):
            record = self._known()
            if not self._process.is_running():
                self._bring_back(record, DEFAULT, progress)
            Controls(Client(self.kubeconfig)).return_to(revision)

    def status(self) -> Status:
        """How the process is."""
        record = self._folder.read()
        if record is None:
            return Status(self.name, self.kind, State.ABSENT, self.kubeconfig)
        if not self._process.is_running():
            return Status(self.name, self.kind, State.STOPPED, self.kubeconfig, {"port": record.port})
        daemon = self._process.says() or {}
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

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """By loopback: its controllers run on this machine."""
        return LOOPBACK

    def _known(self) -> Record:
        record = self._folder.read()
        if record is None:
            raise SetupError(f"There is no embedded cluster {self.name}", command("up", self.kind, self.name))
        return record

    def _bring_back(self, record: Record, options: Options, progress: Progress) -> None:
        if not self._process.is_running():
            self._start(record, options.port or record.port or ports.free(), progress)
            return
        port = int(self._process.wait_until_it_says(command("down", self.kind, self.name))["port"])
        if options.port not in (None, port):
            raise _other_port(port, options.port, record)
        self._ready(record, port)
        progress(f"cluster {self.name} is already up")

    def _first_start(self, options: Options, progress: Progress) -> None:
        self._folder.remove()  # what a broken-off first start may have left
        record = Record.wanted(self.name, self.kind, options)
        if record.config:  # nodes that cannot be are said before anything is started
            from gitopslab.controlplane.daemon.topology import Topology

            Topology.read(Path(record.config))
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
        progress(f"starting cluster {self.name} on port {port}")
        owner = [] if self._scratch is None else ["--owner", str(os.getpid()), str(self._scratch)]
        self._process.start([*_arguments(record, port), *owner], self._environment)
        self._ready(record, port)
        progress(f"cluster {self.name} is up")

    def _ready(self, record: Record, port: int) -> None:
        if not record.is_ready or record.port != port:
            record.phase, record.port = "ready", port
            self._folder.write(record)

    def _stop(self, progress: Progress) -> bool:
        if self._process.is_running():
            progress(f"stopping cluster {self.name}")
        return self._process.stop()


def _arguments(record: Record, port: int) -> list[str]:
    arguments = ["--name", record.name, "--port", str(port)]
    arguments += ["--workers", str(record.workers)] if record.workers is not None else []
    arguments += ["--config", record.config] if record.config else []
    arguments += ["--bare"] if record.bare else []
    arguments += ["--seed", str(record.seed)] if record.seed is not None else []
    return arguments


def _must_be_free(port: int, record: Record) -> None:
    if ports.is_free(port):
        return
    owner = ports.owner(port)
    raise SetupError(
        f"Port {port} on 127.0.0.1 is in use" + (f" by {owner}" if owner else ""),
        f"Stop that program, or give the cluster another port: "
        f"{command(f'up --port {ports.free()}', record.kind, record.name)}",
    )


def _other_port(port: int, asked: int | None, record: Record) -> SetupError:
    down, up = (command(words, record.kind, record.name) for words in ("down", f"up --port {asked}"))
    return SetupError(f"Cluster {record.name} is up already, on port {port}", f"To move it: {down} && {up}")
