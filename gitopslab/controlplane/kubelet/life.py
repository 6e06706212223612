"""What a kubelet remembers of a pod besides its status.

``play`` reads and changes it; losing it (a restart of the process) loses only how far a wait had come and how often
something failed, exactly as a real kubelet forgets. The status of the pod stays the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from gitopslab.controlplane.kubelet.admission import Refusal
from gitopslab.controlplane.kubelet.config import Lookup
from gitopslab.controlplane.kubelet.images import Image
from gitopslab.controlplane.kubelet.pace import Pace
from gitopslab.controlplane.kubelet.probes import Tries
from gitopslab.controlplane.kubelet.runtime import Runtime
from gitopslab.controlplane.kubelet.stages import EventType, Stage
from gitopslab.controlplane.kubelet.tokens import PodTokens
from gitopslab.machinery.objects import Object

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage under way: it ends at ``due``."""

    stage: Stage
    due: float
    began: float


@dataclass(slots=True)
class Unit:
    """One container's part of the memory.

    Attributes:
        inner: A state the kubelet keeps to itself; empty when the status says it all.
        progress: The stage under way.
        started: When the present run began, finer than the status tells.
        finished: When the last run ended.
        pulls: Failed pulls in a row.
        crashes: Restarts in a row; None until read off the status.
        tries: The probes, by field name.
        killed: The probe that failed, while the container is being restarted for it.
    """

    inner: str = ""
    progress: Progress | None = None
    started: float | None = None
    finished: float | None = None
    pulls: int = 0
    crashes: int | None = None
    tries: dict[str, Tries] = field(default_factory=dict)
    killed: str = ""


@dataclass(slots=True)
class Life:
    """One pod's part of the memory.

    Attributes:
        units: Its containers, by name.
        taken: Whether the kubelet has looked whether it fits, and taken it.
        late: Seconds by which it starts later than another pod would; no two kubelets keep the same time.
        sandbox: When its sandbox is made; None before that began.
        address: Its address, once given.
        mounting: ``(when to try again, failures)`` of mounting its volumes; None when that is done or not begun.
        mounted: Whether its volumes are mounted.
        stopping: When it has stopped; None until deletion was noticed.
        lost: Whether its containers went when its node lost power, which is still to be shown.
        granted: The generation of the pod whose amounts its containers get, and when they have them.
        deferred: The generation for whose amounts the node has no room, and what it lacks.
        restoring: When a Ready condition that somebody else wrote is put right; None while it is the kubelet's own.
    """

    taken: bool = False
    late: float = 0.0
    units: dict[str, Unit] = field(default_factory=dict)
    sandbox: float | None = None
    address: str = ""
    mounting: tuple[float, int] | None = None
    mounted: bool = False
    stopping: float | None = None
    lost: bool = False
    restoring: float | None = None
    granted: tuple[int, float] | None = None
    deferred: tuple[int, Refusal] | None = None

    def rearm(self, now: float) -> None:
        """Have probes that rest, because nothing would change, tried again."""
        for unit in self.units.values():
            for name, tries in unit.tries.items():
                if tries.next is None and unit.started is not None:
                    unit.tries[name] = replace(tries, next=now - unit.started)

    def unit(self, name: str) -> Unit:
        """The part of one container."""
        return self.units.setdefault(name, Unit())


@dataclass(frozen=True, slots=True)
class Happening:
    """An event to be written about the pod."""

    type: EventType
    reason: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The node a pod is on, at one moment.

    Attributes:
        now: Epoch seconds.
        host: The node's address.
        runtime: Runs containers.
        stages: The table.
        pace: How long the kubelet's own work takes.
        lookup: Finds ConfigMaps, Secrets and claims.
        services: Gives the Services of a namespace.
        present: Whether the node has an image.
        keep: Called with an image that was pulled.
        address: Gives the pod an address.
        tokens: Issues tokens of service accounts.
        refusal: Tells why the node does not take the pod; None when it does.
        shortage: Tells what the node has not enough of for what the pod asks for; None when it has.
        broken: Whether the pod's containers cannot run, whatever their program.
    """

    now: float
    host: str
    runtime: Runtime
    stages: tuple[Stage, ...]
    pace: Pace
    lookup: Lookup
    services: Callable[[str], Iterable[Object]]
    present: Callable[[Image], bool]
    keep: Callable[[Image], None]
    address: Callable[[], str]
    tokens: PodTokens
    refusal: Callable[[], Refusal | None]
    shortage: Callable[[], Refusal | None]
    broken: bool = False
