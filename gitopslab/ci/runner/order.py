"""Which jobs of a pipeline are to change their state now, and to what: pure, so that it can be asked at any time.

``runner`` asks after every change. Upstream: ``ProcessPipelineService`` and ``ProcessBuildService`` of GitLab.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitopslab.ci.job import Job
from gitopslab.ci.runner.states import State, composite

_AFTER = {
    "on_failure": {State.FAILED},
    "always": {State.SUCCESS, State.FAILED, State.SKIPPED, State.CANCELED},
}
_BECOMES = {"manual": State.MANUAL, "delayed": State.SCHEDULED}


def next_states(jobs: Sequence[Job], states: Mapping[str, State], may_fail: Mapping[str, bool]) -> dict[str, State]:
    """What jobs that are only created become: pending, manual, scheduled or skipped; those that must wait are left out.

    Args:
        jobs: The pipeline's jobs, in its order.
        states: How each stands, by name.
        may_fail: Whether each counts as passed when it fails; an exit code may have decided that.
    """
    known = dict(states)
    changed: dict[str, State] = {}
    again = True
    while again:  # a job that is skipped may let the next stage go on
        again = False
        for job in jobs:
            if known[job.name] is State.CREATED and (found := _next(job, jobs, known, may_fail)) is not None:
                known[job.name] = changed[job.name] = found
                again = True
    return changed


def _next(job: Job, jobs: Sequence[Job], states: Mapping[str, State], may_fail: Mapping[str, bool]) -> State | None:
    before = _before(job, jobs)
    if any(not _is_over(states[one.name], may_fail[one.name]) for one in before):
        return None
    by_needs = job.needs is not None
    together = composite(((states[one.name], may_fail[one.name]) for one in before), by_needs=by_needs)
    usual = {State.SUCCESS} if by_needs else {State.SUCCESS, State.SKIPPED}
    if (together or State.SUCCESS) not in _AFTER.get(job.when, usual):
        return State.SKIPPED
    return _BECOMES.get(job.when, State.PENDING)


def _before(job: Job, jobs: Sequence[Job]) -> list[Job]:
    """What a job waits for: what it needs, else every job of the stages before."""
    if job.needs is not None:
        needed = {need.name for need in job.needs}
        return [one for one in jobs if one.name in needed]
    stages = list(dict.fromkeys(one.stage for one in jobs))
    earlier = set(stages[: stages.index(job.stage)])
    return [one for one in jobs if one.stage in earlier]


def _is_over(state: State, may_fail: bool) -> bool:
    return state.is_complete or (state is State.MANUAL and may_fail)
