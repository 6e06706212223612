"""The Controls protocol: the hand on an embedded cluster, for what no client of Kubernetes can do.

The daemon implements it; the API server's ``/lab`` paths speak it. Neither knows the other. It moves the clock, stops
and starts components and tells the log of the store; who may use it, and how it goes over the wire, is left to the
reader. Kubernetes' own paths are none of its business, but it can refuse them while the API server is "stopped".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gitopslab.controlplane.runtime.api import EventType
from gitopslab.errors import ApiError
from gitopslab.machinery.objects import Object

LONGEST = 86_400.0
"""Seconds that the clock may be moved in one request."""

SLOWEST, FASTEST = 0.1, 600.0
"""Between these the clock may run; 1 is the machine's own pace."""


class Entry(NamedTuple):
    """One write, as the store's log tells it.

    Attributes:
        revision: The resourceVersion.
        time: Epoch seconds on the cluster's clock.
        type: What happened.
        resource: Plural with group.
        namespace: Empty for cluster-scoped objects.
        name: Of the object.
    """

    revision: int
    time: float
    type: EventType
    resource: str
    namespace: str
    name: str


class Action(NamedTuple):
    """What one step did.

    Attributes:
        component: Who acted, as ``deployment-controller``; empty when nobody had anything to do.
        about: Which object it looked at, as ``default/web``.
        entries: What it wrote.
        waited: Seconds by which the clock was moved to get there.
    """

    component: str
    about: str
    entries: Sequence[Entry]
    waited: float


class Controls(Protocol):
    """What can be done to an embedded cluster from outside of Kubernetes.

    Methods that change something raise ``ApiError``: 404 for a component or node that there is not, 400 for a value
    that makes no sense.
    """

    def state(self) -> Object:
        """How clock, components and nodes are, as JSON data.

        ``version`` rises with every change of them, and ``since`` is when the control plane began, in epoch seconds.
        """
        ...

    async def changed(self, seen: int) -> None:
        """Return as soon as the state's version is another than ``seen``."""
        ...

    def run(self, speed: float) -> None:
        """Let time pass, this many seconds in a second; 0 holds the clock, and nobody acts."""
        ...

    async def advance(self, seconds: float) -> None:
        """Let so much time pass at once: whatever is due on the way happens in its order."""
        ...

    def step(self, within: float) -> Action:
        """Have one component do one thing; the clock moves to where something is due, at most ``within`` seconds."""
        ...

    def switch(self, component: str, running: bool) -> None:
        """Stop or start a component, by its name or a short form of it."""
        ...

    def switch_node(self, node: str, *, kubelet: bool | None = None, power: bool | None = None) -> None:
        """Stop or start a node's kubelet, or take its power away and give it back."""
        ...

    def log(self, after: int, limit: int) -> Sequence[Entry]:
        """What was written after a revision, oldest first."""
        ...

    def revision_at(self, time: float) -> int:
        """The newest revision at a moment, in epoch seconds; at least the oldest that history still holds."""
        ...

    def return_to(self, revision: int) -> None:
        """Have the cluster hold what it held at an earlier revision; it is away for a moment, and is back then."""
        ...

    def refusal(self, path: str) -> ApiError | None:
        """Why a request for one of Kubernetes' paths cannot be answered now; None while it can."""
        ...
