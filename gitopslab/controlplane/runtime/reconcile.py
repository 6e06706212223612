"""The reconcile contract.

A reconciler is told *that* something about an object may have changed, never *what*. It reads the present state,
computes what should be, writes the least that leads there, and writes status last. So it can be called at any time, any
number of times, after any restart, and the result is the same (level-based, as in controller-runtime).

Example: asked for ``("default", "web-7d4b9c")`` a ReplicaSet reconciler lists the pods it owns. Three wanted, one
there: it creates two. It does not ask whether a pod was deleted or the count was raised, and if it dies between the
two, the next call finds two and creates one.

Rules every reconciler keeps:

* Deterministic: a second call without a change writes nothing.
* No loops that retry, no waiting. Raise to be called again with back-off; return ``Result(requeue_after=…)`` to be
  called at a time.
* A wrong spec is a condition and an Event, not an exception.
* Reads come from informers (shared, read-only: copy before changing), writes go to the Api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.machinery.objects import Object, key_of


class Request(NamedTuple):
    """Which object to look at; nothing about why."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a reconciler wants next.

    Attributes:
        requeue_after: Seconds until the same request should come again; None when only a change should bring it.
    """

    requeue_after: float | None = None


DONE = Result()


def own_key(event: WatchEvent) -> Iterable[Request]:
    """The default mapping: an event asks for its own object."""
    return (Request(*key_of(event.object)),)


def at_once(event: WatchEvent, before: Object | None) -> float:
    """The default delay: an event's requests are due now."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """What wakes a reconciler: a resource, and which requests an event of it means.

    Attributes:
        resource: Plural with group, as in ``replicasets.apps``.
        requests: Maps an event to requests; default the object itself.
        previous: Set to also map the object's earlier state, for when labels or owners move away.
        delay: Seconds from an event until its requests are due, told the object's earlier state too; requests that
            come meanwhile are done with them.
    """

    resource: str
    requests: Callable[[WatchEvent], Iterable[Request]] = own_key
    previous: bool = False
    delay: Callable[[WatchEvent, Object | None], float] = at_once


class Reconciler(Protocol):
    """One control loop.

    Attributes:
        name: Of the component, as it appears in events and logs: ``deployment-controller``.
        sources: What wakes it.
    """

    name: str
    sources: tuple[Source, ...]

    def reconcile(self, request: Request) -> Result:
        """Bring one object from what is to what should be.

        Raises:
            ApiError: Anything the Api answered; the manager calls again with back-off.
        """
        ...
