"""How far one reconcile of a Kustomization has come: it pauses to build, to let a stage settle, to wait for health."""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass, field

from gitopslab.gitops.flux.apply import Action, Planned
from gitopslab.gitops.flux.build import Built
from gitopslab.gitops.flux.checks import NONE, Checks
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.order import stages
from gitopslab.gitops.inventory import Entry
from gitopslab.machinery.objects import Object

_LEAST_TIMEOUT = 30.0


class Step(enum.Enum):
    """What a run does next."""

    BUILD = "build"
    STAGE = "stage"
    HEALTH = "health"


@dataclass(slots=True)
class Run:
    """One reconcile, from its beginning to its end.

    Attributes:
        cause: Why it began; when that changes, it begins anew.
        object: The Kustomization as it was then.
        started: Seconds since the epoch.
        step: What comes next.
        revision: Of the source.
        origin: The commit that the source was made from, where it tells.
        checks: Rules of its own for health.
        latest: The Kustomization as it was written last.
        digest: Of what was built.
        stages: What is to be applied still.
        planned: What is to be done to the objects of the first stage that is left, as far as that is known.
        written: What was done to them.
        actions: What was done in the stages before.
        settling: What the last stage applied, and the next one may need.
        settling_since: Seconds since the epoch.
        inventory: What is owned; None until everything is applied.
        checked_since: When the health checks began; 0 before.
        was_healthy: Whether the reconcile before found everything healthy.
        healthy_after: How long they took, in seconds; None until they passed.
    """

    cause: Hashable
    object: Object
    started: float
    step: Step = Step.BUILD
    revision: str = ""
    origin: str = ""
    checks: Checks = NONE
    latest: Object = field(default_factory=dict)
    digest: str = ""
    stages: list[list[Object]] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    written: list[Action] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    settling: list[Object] = field(default_factory=list)
    settling_since: float = 0.0
    inventory: list[Entry] | None = None
    checked_since: float = 0.0
    was_healthy: bool = False
    healthy_after: float | None = None

    def begin(self, built: Built, objects: list[Object]) -> None:
        """Go on to applying what was built."""
        self.digest, self.stages, self.step = built.digest, stages(objects), Step.STAGE

    def next_stage(self, now: float) -> None:
        """The first stage that was left is applied; what it made has to settle."""
        self.stages.pop(0)
        self.settling = [action.object for action in self.written if action.is_change]
        self.settling_since = now
        self.actions += self.written
        self.planned, self.written = [], []

    @property
    def changes(self) -> list[Action]:
        """What was written so far."""
        return [each for each in (*self.actions, *self.written) if each.is_change]

    @staticmethod
    def timeout(kustomization: Object) -> float:
        """Seconds for the build and for the health checks: the interval less 30 s by default, and 30 s at least."""
        spec = kustomization["spec"]
        return max(seconds(spec.get("timeout"), seconds(spec["interval"]) - _LEAST_TIMEOUT), _LEAST_TIMEOUT)
