"""How jobs and pipelines stand, as GitLab names it, and how a pipeline stands when its jobs do.

Upstream: ``app/models/concerns/ci/has_status.rb`` and ``lib/gitlab/ci/status/composite.rb``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable


class State(enum.StrEnum):
    """How a job or a pipeline stands."""

    CREATED = "created"
    WAITING = "waiting_for_resource"
    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    MANUAL = "manual"
    SCHEDULED = "scheduled"

    @property
    def is_complete(self) -> bool:
        """Whether nothing more happens by itself or by a click, but to run it again."""
        return self in _COMPLETE


_COMPLETE = frozenset({State.SUCCESS, State.FAILED, State.CANCELED, State.SKIPPED})
_IGNORED = "ignored"  # a manual job that nothing waits for
_WARNED = "success_with_warnings"  # it failed, and may


def composite(jobs: Iterable[tuple[State, bool]], *, by_needs: bool = False) -> State | None:
    """How several jobs stand together; None when there are none.

    Args:
        jobs: The state of each, and whether it may fail.
        by_needs: They are what one job needs, rather than a stage or a pipeline: then one that is skipped skips it.
    """
    found = {_seen(state, may_fail) for state, may_fail in jobs}
    if not found:
        return None
    if by_needs and State.SKIPPED in found:
        return State.SKIPPED
    quiet = {State.SUCCESS, State.SKIPPED, _WARNED, _IGNORED}
    for state, company in (
        (State.SKIPPED, {State.SKIPPED, _IGNORED}),
        (State.SUCCESS, quiet),
        (State.CREATED, {State.CREATED, _WARNED, _IGNORED}),
        (State.CANCELED, {State.CANCELED, *quiet}),
        (State.PENDING, {State.PENDING, State.CREATED, State.SKIPPED, _WARNED, _IGNORED}),
    ):
        if found <= company:
            return state
    if found & {State.RUNNING, State.PENDING}:
        return State.RUNNING
    for state in (State.WAITING, State.MANUAL, State.SCHEDULED):
        if state in found:
            return state
    return State.RUNNING if State.CREATED in found else State.FAILED


def _seen(state: State, may_fail: bool) -> str:
    if may_fail and state in (State.FAILED, State.CANCELED):
        return _WARNED
    return _IGNORED if may_fail and state is State.MANUAL else state
