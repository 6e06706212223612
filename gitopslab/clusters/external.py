"""What kind, k3d and kwok have in common: a cluster that another command-line tool makes.

``ExternalCluster`` holds the story once: is the tool there, is there such a cluster already and is it ours, make it,
undo what a failure or Ctrl-C left half-made, wait for its nodes, remember how it looked when it was fresh. A subclass
says how its tool is called and what its failures mean. The user's kubeconfig is never touched: every call of a tool
sees only the lab's own.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitopslab.clusters.base import DEFAULT, LOOPBACK, Capability, Options, Progress, State, Status, Way, silent
from gitopslab.clusters.baseline import recorded, restore
from gitopslab.clusters.failures import explain, plain
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.kubectl import Kubectl, wait_for_nodes
from gitopslab.clusters.state import Folder, Record, command, exclusive, folder
from gitopslab.clusters.tool import Answer, Tool, ToolTimeout, run
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.errors import SetupError

_CREATE_TIMEOUT = 900.0  # a first run pulls about a gigabyte
_NODES_TIMEOUT = 180.0
_TIMEOUT = 120.0


class ExternalCluster(ABC):
    """A cluster that a tool makes.

    Args:
        name: Its name, in the lab and for the tool.
        environment: The variables the tool sees; its PATH is where the tool is looked for.
    """

    kind: str
    tool: Tool
    capabilities: frozenset[Capability]

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self.folder: Folder = folder(self.kind, name)
        self.kubeconfig = self.folder.kubeconfig
        self._environment = {**environment, "KUBECONFIG": str(self.kubeconfig)}

    @abstractmethod
    def exists(self) -> bool:
        """Whether the tool knows a cluster of this name, made by the lab or not."""

    @abstractmethod
    def create(self, record: Record, progress: Progress) -> None:
        """Make the cluster with the nodes of ``topology_of(record)`` and write its kubeconfig."""

    @abstractmethod
    def start(self, progress: Progress) -> None:
        """Start it again after ``stop``."""

    @abstractmethod
    def stop(self, progress: Progress) -> None:
        """Stop it and keep its state."""

    @abstractmethod
    def delete(self, progress: Progress) -> None:
        """Remove it; nothing to do when there is none."""

    @abstractmethod
    def is_running(self) -> bool:
        """Whether it is started."""

    def up(self, progress: Progress = silent, options: Options = DEFAULT) -> None:
        """Make the cluster, or start it again, and wait until its nodes are Ready."""
        _check(options, self.kind)
        with exclusive(self.kind, self.name, progress):
            self.tool.need(self._environment)
            record = self.folder.read()
            if record is None:
                self._make(options, progress)
            elif not record.is_ready:
                raise self._half_made()
            else:
                record.must_match(options)
                self._bring_back(record, progress)
            Forge.of(self).resume(progress)

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Stop the cluster, or remove it if the lab made it."""
        with exclusive(self.kind, self.name, progress):
            Forge.of(self).down(progress, delete=delete)
            if self.folder.read() is None:
                progress(f"there is no {self.kind} cluster {self.name} of the lab")
            elif delete:
                self.tool.need(self._environment)
                self.delete(progress)
                self.folder.remove()
                progress(f"{self.kind} cluster {self.name} is deleted")
            elif self.exists() and self.is_running():
                self.stop(progress)
                progress(f"{self.kind} cluster {self.name} is stopped, its state is kept")
            else:
                progress(f"{self.kind} cluster {self.name} was not running, its state is kept")

    def reset(self, progress: Progress = silent) -> None:
        """Delete every object that was made since the cluster was."""
        with exclusive(self.kind, self.name, progress):
            record = self.folder.read()
            if record is None or not record.is_ready:
                raise SetupError(
                    f"There is no {self.kind} cluster {self.name} of the lab", command("up", self.kind, self.name)
                )
            count = restore(Kubectl(self.kubeconfig, self._environment), record.baseline, progress)
            Forge.of(self).reset(progress)
            progress(f"{count} objects deleted; {self.kind} cluster {self.name} is clean")

    def status(self) -> Status:
        """How the cluster is, as its tool says."""
        record = self.folder.read()
        if record is None:
            return Status(self.name, self.kind, State.ABSENT, self.kubeconfig)
        if not record.is_ready:
            return Status(self.name, self.kind, State.CREATING, self.kubeconfig)
        try:
            running = self.exists() and self.is_running()
        except SetupError as error:
            return Status(self.name, self.kind, State.STOPPED, self.kubeconfig, {"problem": error.message})
        return Status(self.name, self.kind, State.RUNNING if running else State.STOPPED, self.kubeconfig)

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Refused, unless the kind of cluster can.

        Raises:
            SetupError: Always.
        """
        raise SetupError(
            f"A {self.kind} cluster takes no images ({image}): its nodes run nothing",
            "Nothing to do: its nodes know every image by name. For real containers: --cluster kind",
        )

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """By loopback, unless the cluster's nodes are containers: then nothing runs in them."""
        return LOOPBACK

    def call(
        self,
        arguments: Sequence[str],
        progress: Progress = silent,
        *,
        timeout: float = _TIMEOUT,
        program: Tool | None = None,
    ) -> Answer:
        """Run the tool and return its answer, success or not.

        Raises:
            SetupError: The tool is missing, or did not end in time.
        """
        tool = program or self.tool
        path = tool.need(self._environment)
        try:
            return run(
                [path, *arguments],
                environment=self._environment,
                timeout=timeout,
                progress=lambda line: progress(plain(line)),
            )
        except ToolTimeout as error:
            raise SetupError(
                f"{tool.name} {' '.join(arguments[:2])} did not end within {error}, and was ended",
                "Look whether Docker is busy (docker ps), then run the same command again",
            ) from error

    def must(
        self,
        arguments: Sequence[str],
        progress: Progress = silent,
        *,
        timeout: float = _TIMEOUT,
        program: Tool | None = None,
    ) -> str:
        """Run the tool and return its standard output.

        Raises:
            SetupError: It failed; the message and the next step fit the failure.
        """
        answer = self.call(arguments, progress, timeout=timeout, program=program)
        if not answer.ok:
            raise explain((program or self.tool).name, arguments, answer, self.kind, self.name)
        return answer.out

    def created(self, arguments: Sequence[str], progress: Progress) -> None:
        """Run the tool's long command, the one that makes the cluster."""
        self.must(arguments, progress, timeout=_CREATE_TIMEOUT)

    def written(self, name: str, text: str) -> Path:
        """Write a file for the tool into the cluster's folder."""
        path = self.folder.path / name
        path.write_text(text, encoding="utf-8")
        return path

    def _make(self, options: Options, progress: Progress) -> None:
        if self.exists():
            raise SetupError(
                f"A {self.kind} cluster named {self.name} exists that the lab did not make",
                f"Take another name, and it is left alone: {command('up', self.kind, self.name + '2')}",
            )
        record = Record.wanted(self.name, self.kind, options)
        topology_of(record)  # a topology that cannot be is said before anything is made
        self.folder.write(record)
        try:
            progress(f"making {self.kind} cluster {self.name}; the first time this pulls images and takes minutes")
            self.create(record, progress)
            self._finish(record, progress)
        except BaseException as error:
            self._undo(error, progress)
            raise

    def _bring_back(self, record: Record, progress: Progress) -> None:
        if not self.exists():
            raise SetupError(
                f"The {self.kind} cluster {self.name} is gone: somebody deleted it outside the lab",
                f"{command('down --delete', self.kind, self.name)}, then {command('up', self.kind, self.name)}",
            )
        if self.is_running():
            progress(f"{self.kind} cluster {self.name} is already up")
            return
        progress(f"starting {self.kind} cluster {self.name}")
        self.start(progress)
        self._wait(record, progress)

    def _finish(self, record: Record, progress: Progress) -> None:
        if self.kubeconfig.exists():
            self.kubeconfig.chmod(0o600)
        self._wait(record, progress)
        record.baseline = recorded(Kubectl(self.kubeconfig, self._environment))
        record.phase = "ready"
        self.folder.write(record)
        progress(f"{self.kind} cluster {self.name} is up")

    def _wait(self, record: Record, progress: Progress) -> None:
        wanted = len(topology_of(record).shapes)
        wait_for_nodes(Kubectl(self.kubeconfig, self._environment), wanted, progress, timeout=_NODES_TIMEOUT)

    def _undo(self, error: BaseException, progress: Progress) -> None:
        """Remove what a failed creation left; when that fails too, say so and keep the record of it."""
        try:
            progress(f"removing the half-made {self.kind} cluster {self.name}")
            self.delete(progress)
        except BaseException as second:
            raise self._half_made(str(getattr(error, "message", "") or type(error).__name__)) from second
        self.folder.remove()

    def _half_made(self, why: str = "") -> SetupError:
        return SetupError(
            f"The {self.kind} cluster {self.name} is half-made: its creation was broken off"
            + (f" ({why})" if why else ""),
            f"Delete it and try again:\n"
            f"        {command('down --delete', self.kind, self.name)}\n        {command('up', self.kind, self.name)}",
        )


def topology_of(record: Record) -> Topology:
    """The nodes a cluster is to have: the same for every kind of cluster, as far as its tool can make them."""
    if record.config:
        return Topology.read(Path(record.config))
    return Topology() if record.workers is None else Topology.of_workers(record.workers)


def _check(options: Options, kind: str) -> None:
    for name, given in (("--bare", options.bare), ("--port", options.port is not None)):
        if given:
            raise SetupError(f"{name} is for the embedded cluster; {kind} has nothing like it", f"Leave {name} out")
