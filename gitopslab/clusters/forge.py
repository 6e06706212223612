"""The forge of a cluster: the process that serves Git, images and pipelines beside it, whatever the cluster is made of.

Started the first time something needs it (``lab.git``, ``lab.registry``, ``gitopslab image push``); from then on it
comes and goes with its cluster. Its folder is its own, so it works beside a cluster that the lab did not make. What it
serves is the business of ``gitopslab.forge``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitopslab.background.files import write_private
from gitopslab.clusters import ports
from gitopslab.clusters.base import LOOPBACK, Progress, Way, silent
from gitopslab.clusters.detached import Detached
from gitopslab.clusters.state import exclusive, explained
from gitopslab.errors import SetupError
from gitopslab.machinery.home import home
from gitopslab.machinery.messages import sentence

MODULE = "gitopslab.forge"
"""The module that serves a forge."""

USER = "learner"
"""The one user of a forge."""

_PORTS = range(5050, 5150)  # 5050 is GitLab's own for its registry
_KEPT = {"token", "port", "bridge", "lock", "forge.log"}  # over a reset: addresses and credentials stay good


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running forge is.

    Attributes:
        port: On loopback.
        token_file: Holds the learner's token; only its owner can read it.
    """

    port: int
    token_file: Path

    @property
    def host(self) -> str:
        """As it stands in an image reference: ``localhost:5050``."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """What Git and HTTP clients are told."""
        return f"http://{self.host}"

    @property
    def token(self) -> str:
        """The learner's token."""
        return self.token_file.read_text(encoding="utf-8").strip()


class Beside(Protocol):
    """What is asked of a cluster to find its forge."""

    @property
    def kind(self) -> str:
        """The kind of cluster."""
        ...

    @property
    def kubeconfig(self) -> Path:
        """In a folder whose name is the cluster's."""
        ...

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """The way from the cluster to a port of this machine."""
        ...


class Forge:
    """The forge of one cluster, there or not.

    Args:
        kind: The kind of cluster.
        name: The name of its folder.
        environment: The variables the process is started with.
        connect: The way from the cluster to a port of this machine.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        environment: Mapping[str, str] = os.environ,
        connect: Callable[[int, Progress], Way] = lambda _port, _progress: LOOPBACK,
    ) -> None:
        self._kind = kind
        self._name = name
        self._environment = environment
        self._connect = connect
        self.folder = home() / "forges" / kind / name
        self._process = Detached(sentence(f"the forge of cluster {name}"), MODULE, self.folder, "forge")

    @classmethod
    def of(cls, cluster: Beside) -> Forge:
        """The forge beside a cluster."""
        return cls(cluster.kind, cluster.kubeconfig.parent.name, connect=cluster.connect)

    def up(self, progress: Progress = silent) -> Address:
        """Start it unless it runs, and tell where it is.

        Raises:
            SetupError: It cannot start, or another program has its port.
        """
        running = self._address()
        if running is not None:
            return running
        with exclusive(self._lock, self._name, progress):
            if not self._process.is_running():
                self._start(progress)
                self._lead(progress)
            found = self._process.wait_until_it_says(f"gitopslab down --name {self._name}")
            return Address(int(found["port"]), self.folder / "token")

    def resume(self, progress: Progress = silent) -> None:
        """Start it again if there was one; when it cannot, say so: the cluster works without it."""
        if not self.folder.exists():
            return
        try:
            running = self._address()
            address = self.up(progress)
            if running is not None:
                with exclusive(self._lock, self._name, progress):
                    self._lead(progress)
        except SetupError as error:
            progress(f"its forge does not start: {error}")
        else:
            progress(f"its forge is up: Git and images at {address.url}")

    def listen_at(self, way: Way, progress: Progress = silent) -> None:
        """Have it answer also on an address of this machine that the nodes of its cluster reach.

        Raises:
            SetupError: It cannot start there.
        """
        with exclusive(self._lock, self._name, progress):
            self._listen_at(way, progress)

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Stop it; what it holds is kept unless ``delete`` is given."""
        if not self.folder.exists():
            return
        with exclusive(self._lock, self._name, progress):
            if self._process.stop():
                progress("its forge is stopped")
            if delete:
                with explained(self.folder):
                    shutil.rmtree(self.folder)

    def reset(self, progress: Progress = silent) -> None:
        """Empty it: no repository, image or pipeline is left; its address and token stay."""
        if not self.folder.exists():
            return
        with exclusive(self._lock, self._name, progress):
            ran = self._process.stop()
            with explained(self.folder):
                for entry in self.folder.iterdir():
                    if entry.is_dir():
                        shutil.rmtree(entry)
                    elif entry.name not in _KEPT:
                        entry.unlink()
            if ran:
                self._start(progress)
        progress("its forge is empty")

    def status(self) -> str:
        """One line for ``gitopslab status``."""
        if not self.folder.exists():
            return "none yet: it starts with the first `lab.git` or `gitopslab image push`"
        address = self._address()
        return f"running at {address.url}, user {USER}, token in {address.token_file}" if address else "stopped"

    @property
    def _lock(self) -> str:
        return f"forge-{self._kind}"

    def _address(self) -> Address | None:
        says = self._process.says() if self._process.is_running() else None
        return None if says is None else Address(int(says["port"]), self.folder / "token")

    def _start(self, progress: Progress) -> None:
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port = self._port()
        progress(
            f"starting the forge of cluster {self._name}, its server for Git, images and pipelines, on port {port}"
        )
        arguments = ["--port", str(port)]
        with suppress(OSError):
            bridge, *guests = (self.folder / "bridge").read_text().split()
            arguments += ["--bridge", bridge, "--guests", *guests]
        self._process.start(arguments, self._environment)
        with explained(self.folder):
            write_private(self.folder / "port", f"{port}\n")

    def _lead(self, progress: Progress) -> None:
        """Have the cluster reach it; where that fails it is said, and Git and images work on this machine."""
        port = int((self.folder / "port").read_text())
        try:
            way = self._connect(port, progress)
        except SetupError as error:
            progress(f"the nodes of cluster {self._name} do not reach its forge: {error}")
            return
        if way.is_bridge:
            self._listen_at(way, progress)
            progress(f"the nodes of cluster {self._name} reach its forge at {way.address}:{port}")

    def _listen_at(self, way: Way, progress: Progress) -> None:
        says = (self._process.says() or {}) if self._process.is_running() else {}
        if (says.get("bridge"), says.get("guests")) == (way.address, list(way.guests)):
            return
        with explained(self.folder):
            write_private(self.folder / "bridge", " ".join((way.address, *way.guests)) + "\n")
        self._process.stop()
        self._start(progress)

    def _port(self) -> int:
        """The port it had, since image references contain it, or the first that no forge has.

        Raises:
            SetupError: Another program took its port meanwhile.
        """
        port = _remembered(self.folder)
        if port is None:
            taken = {port for each in home().glob("forges/*/*") if (port := _remembered(each)) is not None}
            return ports.free(ports.in_our_order(_PORTS), but=taken)
        if not ports.is_free(port):
            owner = ports.owner(port)
            raise SetupError(
                f"Port {port} of the forge, which stands in its images' names, is in use"
                + (f" by {owner}" if owner else ""),
                f"Stop that program. Or give the forge another: rm '{self.folder / 'port'}'",
            )
        return port


def _remembered(folder: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int((folder / "port").read_text())
    return None
