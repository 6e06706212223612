"""From objects and commits to ``Lanes``. Pure.

Times are told from the push on. Git knows when a commit was made, and whoever follows a project sees when it came
there; neither can be later than the first thing that a controller did with it, whatever clock was moved meanwhile.
A controller forgets: what an earlier picture showed is kept, so that a step does not move once it was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Drift
from gitopslab.views.drift.model import Row
from gitopslab.views.lanes import argocd, flux
from gitopslab.views.lanes.model import Commit, Drifted, Lane, Lanes, Step
from gitopslab.views.reconciler import FLUX, Reconciler

_MOST_DRIFT = 4


def lanes(
    project: str,
    commits: Sequence[Object],
    reconcilers: Sequence[Reconciler],
    *,
    events: Iterable[Object] = (),
    drifts: Mapping[str, Drift] | None = None,
    before: Lanes | None = None,
    trouble: str = "",
) -> Lanes:
    """The newest commits in the lanes of these tools.

    Args:
        project: As in ``waal/shop``.
        commits: Newest first: ``sha``, ``subject``, ``author``, and ``seconds`` of the push.
        reconcilers: A Kustomization, an Application, or both.
        events: Of the cluster.
        drifts: What differs from Git, by tool.
        before: The picture before this one.
        trouble: Why Git cannot be read.
    """
    several = list(events)
    ordered = sorted(reconcilers, key=lambda each: each.tool != FLUX)
    drawn = [
        _commit(told, ordered, several, at == 0, before.commit(told["sha"]) if before else None)
        for at, told in enumerate(commits)
    ]
    return Lanes(project, tuple(drawn), tuple(_lane(each, (drifts or {}).get(each.tool)) for each in ordered), trouble)


def _commit(
    told: Object, reconcilers: Sequence[Reconciler], events: Sequence[Object], is_newest: bool, before: Commit | None
) -> Commit:
    sha, subject = told["sha"], told["subject"]
    known = list(before.steps) if before and len(before.steps) == len(reconcilers) else [()] * len(reconcilers)
    steps = tuple(
        _kept(
            flux.steps(each, events, sha, subject, is_newest=is_newest)
            if each.tool == FLUX
            else argocd.steps(each, sha, is_newest=is_newest),
            old,
        )
        for each, old in zip(reconcilers, known, strict=True)
    )
    first = min((step.seconds for lane in steps for step in lane if step.seconds), default=told["seconds"])
    # Controllers tell whole seconds, cut off; a push between two of them counts as the one before.
    pushed = float(int(min(before.seconds if before else told["seconds"], first)))
    return Commit(sha, subject, told["author"], pushed, steps)


def _kept(steps: Sequence[Step], before: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, each as it was first seen done."""
    done = {step.word: step for step in before if step.outcome == "done"}
    applied = steps[1].seconds if len(steps) > 1 else 0.0
    return tuple(_first_seen(step, done.get(step.word), applied) for step in steps)


def _first_seen(step: Step, before: Step | None, applied: float) -> Step:
    """A step as it is told, or as it was seen done: what drifts later is no part of what became of a commit."""
    if before is None:
        return step
    # Right after a sync the health is still that of before; only a change since then is the commit's own.
    was_reached = step.word == "healthy" and before.seconds > applied
    if step.outcome in ("done", "untold") or was_reached:
        return replace(before, seconds=before.seconds or step.seconds)
    return step


def _lane(reconciler: Reconciler, drift: Drift | None) -> Lane:
    make: Callable[[Reconciler], Lane] = flux.lane if reconciler.tool == FLUX else argocd.lane
    found = _drifted(drift) if drift is not None and drift.commit else _told(reconciler)
    return replace(make(reconciler), drift=found[:_MOST_DRIFT], more=max(0, len(found) - _MOST_DRIFT))


def _told(reconciler: Reconciler) -> tuple[Drifted, ...]:
    """What the tool itself tells of drift, where Git was not read; Flux tells nothing of it."""
    return () if reconciler.tool == FLUX else argocd.drifted(reconciler)


def _drifted(drift: Drift) -> tuple[Drifted, ...]:
    found = [(each.key, row) for each in drift.objects for row in each.drifted if row.fate != "coming"]
    return tuple(Drifted(name, row.path, _words(row), ", ".join(row.owners), row.outlook) for name, row in found)


def _words(row: Row) -> str:
    if row.state == "extra":
        return "is not in Git" if not row.path else f"not in Git, {row.live} live"
    return "is not in the cluster" if not row.path else f"{row.git} in Git, {row.live or 'nothing'} live"
