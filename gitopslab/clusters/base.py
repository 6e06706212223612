"""What a cluster of the lab can do, whatever it is made of.

Called by the facade, the command line and the notebooks' checks; implemented once per kind of cluster in the modules
beside this one. What runs inside a cluster is none of this room's business: it starts, stops, resets and describes
clusters and says where their kubeconfig is. Everything else goes through the Kubernetes API.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[str], None]
"""Told one short line at each step of something that takes a while."""


def silent(_line: str) -> None:
    """A ``Progress`` that says nothing."""


class State(enum.Enum):
    """How a cluster is, as far as the lab can tell without asking its API."""

    ABSENT = "absent"
    CREATING = "half-created"
    STOPPED = "stopped"
    RUNNING = "running"


class Capability(enum.Enum):
    """What only some kinds of cluster can do."""

    CLOCK = "move the clock, stop a component, go back in time"
    LOAD_IMAGE = "take an image from this machine's Docker"
    STOP = "be stopped and started again with their state"


@dataclass(frozen=True, slots=True)
class Options:
    """How a cluster should be made; only asked when it does not exist yet.

    Attributes:
        workers: How many worker nodes beside the control plane; None for the default topology's three.
        config: A topology file; kind and k3d cannot give their nodes sizes or names, and leave these out.
        bare: Embedded: no kube-system workloads and no default StorageClass.
        port: Embedded: the port of its API; None for the one it had before, or a free one.
        seed: Embedded: a run that can be repeated: names and uids follow from it, time begins on 1 January 2026 and
            moves only when it is moved (``lab.embedded.clock``).
    """

    workers: int | None = None
    config: Path | None = None
    bare: bool = False
    port: int | None = None
    seed: int | None = None


DEFAULT = Options()
"""The default topology."""


@dataclass(frozen=True, slots=True)
class Status:
    """What ``status`` and ``list`` tell about a cluster.

    Attributes:
        details: Further facts by name, such as the process id of an embedded cluster.
    """

    name: str
    kind: str
    state: State
    kubeconfig: Path
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """How what runs in a cluster reaches this machine.

    Attributes:
        address: What leads here from inside.
        guests: The networks, such as ``172.18.0.0/16``, from which the cluster comes to that address, which is one of
            this machine's where a server must listen besides loopback; none where loopback is led to.
    """

    address: str
    guests: tuple[str, ...] = ()

    @property
    def is_bridge(self) -> bool:
        """Whether a server must listen at the address, besides loopback."""
        return bool(self.guests)


LOOPBACK = Way("localhost")
"""Of clusters whose controllers run on this machine."""


class Cluster(Protocol):
    """One cluster, existing or not.

    Attributes:
        name: What the lab calls it.
        kind: ``embedded``, ``kind``, ``k3d``, ``kwok`` or ``context``.
        kubeconfig: Where its kubeconfig is when it is up: a file of the lab's own, never the user's.
        capabilities: What this kind of cluster can do beyond the protocol's promise.
    """

    name: str
    kind: str
    kubeconfig: Path
    capabilities: frozenset[Capability]

    def up(self, progress: Progress = silent, options: Options = DEFAULT) -> None:
        """Bring the cluster up and wait until it answers; when it is up already, say so and do nothing.

        Whatever goes wrong, nothing half-made stays behind unmentioned.

        Raises:
            SetupError: The machine or the tool is not as it must be; the hint is the exact next step.
        """
        ...

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Stop the cluster and keep its state, or remove it with all the lab wrote for it."""
        ...

    def reset(self, progress: Progress = silent) -> None:
        """Back to how the cluster was when it was made, as far as the lab made it."""
        ...

    def status(self) -> Status:
        """How the cluster is now; never fails because a cluster is down."""
        ...

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Make an image available on the cluster's nodes.

        Args:
            image: The name of one of this machine's Docker, or the path of an archive (``docker save``).
            progress: Told what the tool says.
        """
        ...

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """How the cluster reaches a port of this machine; its nodes pull the images of ``localhost:PORT`` from there.

        Raises:
            SetupError: It cannot.
        """
        ...
