"""What a walk along the path of an apply collects: steps, and where they end.

``path`` makes one trail; ``path_writer``, ``path_controllers`` and ``path_pods`` walk it, each a part of the way. Reads
objects and nothing else. Whether a station runs at all is ``running``'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_controlled_by, is_terminating, name_of, namespace_of, uid_of
from gitopslab.views.running import Running

State = Literal["done", "waiting", "failed", "stopped"]

_PATIENCE = 10.0  # seconds without the next step before it is said that somebody is missing
_MOST_DETAILS = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one station did.

    Attributes:
        actor: The station.
        sees: What a watch told it.
        writes: What it wrote.
        title: The same as a short sentence about the actor.
        sentence: What that means.
        details: Single facts, such as which pod went where.
        seconds: When, in epoch seconds; 0 when nobody noted it.
        command: The kubectl command that shows it.
        state: ``done``, or ``failed`` when it tried and could not.
    """

    actor: str
    sees: str
    writes: str
    title: str
    sentence: str
    details: tuple[str, ...]
    seconds: float
    command: str
    state: State = "done"


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the chain is, and why it goes no further.

    Attributes:
        station: The key of the station.
        state: ``done``, ``waiting`` (it may go on any moment), ``failed`` or ``stopped``.
        sentence: Why.
    """

    station: str
    state: State
    sentence: str


class Trail:
    """One walk down the chain.

    Args:
        objects: What the cluster holds, by plural.
        runs: Which stations run.
        now: The cluster's time, in epoch seconds.

    Attributes:
        steps: Those found so far.
        places: The nodes of its pods.
    """

    def __init__(self, objects: Mapping[str, Sequence[Object]], runs: Running, now: float) -> None:
        self.objects = objects
        self.runs = runs
        self.steps: list[Step] = []
        self.places: set[str] = set()
        self._now = now

    def add(
        self,
        actor: str,
        *,
        sees: str,
        writes: str,
        title: str,
        sentence: str,
        details: Iterable[str] = (),
        seconds: float,
        command: str,
        state: State = "done",
    ) -> None:
        """Another step; of many details the first are kept and the others counted."""
        lines = [line for line in details if line]
        shown = lines[:_MOST_DETAILS]
        if len(lines) > _MOST_DETAILS:
            shown.append(f"and {len(lines) - _MOST_DETAILS} more")
        self.steps.append(Step(actor, sees, writes, title, sentence, tuple(shown), seconds, command, state))

    def stalled(self, actor: str, nobody: str, since: float) -> Ending:
        """The next station has not acted: because it is stopped, or just not yet."""
        title = spoken(actor)
        if self.runs.of(actor) is False:
            return Ending(actor, "stopped", f"{nobody}: the {title} is stopped.")
        if self.runs.held:
            return Ending(actor, "waiting", f"{nobody} yet: the clock is held. Step it to see the {title} act.")
        waited = self._now - since
        if waited > _PATIENCE:
            return Ending(actor, "waiting", f"{nobody} for {waited:.0f} s. Does the {title} run?")
        return Ending(actor, "waiting", f"{nobody} yet; it is the {title}'s turn.")

    def children(self, owner: Object, plural: str) -> list[Object]:
        """What an object made and still wants."""
        found = self.objects.get(plural, ())
        return [child for child in found if is_controlled_by(child, owner) and not is_terminating(child)]

    def said(self, obj: Object, *reasons: str) -> list[str]:
        """The messages of the events about an object with these reasons, oldest first."""
        uid = uid_of(obj)
        about = [
            event
            for event in self.objects.get("events", ())
            if event.get("reason") in reasons and event.get("involvedObject", {}).get("uid") == uid
        ]
        about.sort(key=lambda event: int(event["metadata"].get("resourceVersion") or 0))
        return [event.get("message", "") for event in about]


def spoken(actor: str) -> str:
    """A station as it stands in a sentence: ``the scheduler``, ``the deployment controller``."""
    return "scheduler" if actor == "kube-scheduler" else actor.replace("-", " ")


def made_at(obj: Object) -> float:
    """When an object was made."""
    text = obj.get("metadata", {}).get("creationTimestamp")
    return seconds_of(text) if text else 0.0


def changed_at(obj: Object) -> float:
    """When somebody last changed more than its status."""
    entries = obj["metadata"].get("managedFields") or ()
    times = [entry["time"] for entry in entries if entry.get("time") and not entry.get("subresource")]
    return max((seconds_of(time) for time in times), default=made_at(obj))


def turned_at(condition: Object | None) -> float:
    """When a condition became what it is."""
    text = (condition or {}).get("lastTransitionTime")
    return seconds_of(text) if text else 0.0


def command(verb: str, obj: Object, more: str = "") -> str:
    """A kubectl command about an object."""
    where = f"-n {namespace_of(obj)}" if namespace_of(obj) else ""
    return " ".join(part for part in ("kubectl", verb, obj["kind"].lower(), name_of(obj), where, more) if part)
