"""Does tasks, one after the other, and notes what became of each.

It gives way to others between objects: what it does are generators of the seconds to wait. Source: ``runTasks`` in
``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Generator, Iterable, Iterator, Sequence

from gitopslab.errors import ApiError
from gitopslab.gitops.argocd.sync.order import is_definition
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import (
    ERROR,
    FAILED,
    PRUNE_SKIPPED,
    PRUNED,
    RUNNING,
    SUCCEEDED,
    SYNC_FAILED,
    SYNCED,
    Task,
)
from gitopslab.gitops.argocd.sync.waiting import needs_confirmation
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_condition_true

_ESTABLISHES_WITHIN = 3.0
_LOOK_AGAIN = 0.1
_SLICE = 0.02  # seconds of applying before others get their turn

_STATES = {SYNCED: RUNNING, SYNC_FAILED: FAILED, PRUNED: SUCCEEDED, PRUNE_SKIPPED: SUCCEEDED}


class Went(enum.Enum):
    """How a list of tasks went."""

    WELL = "well"
    WAITS = "waits"
    ILL = "ill"


Going = Generator[float, None, Went]


class Doer:
    """Does tasks of one step of a sync.

    Args:
        settings: How the sync is done.
        results: Where it is noted.
        writer: Writes to the cluster.
        clock: The lab's time.
    """

    def __init__(self, settings: Settings, results: Results, writer: Writer, clock: Clock) -> None:
        self._settings = settings
        self._results = results
        self._writer = writer
        self._clock = clock
        self._slice_ends = 0.0

    def do(self, tasks: Sequence[Task], *, dry_run: bool) -> Going:
        """Prune, clear away earlier hooks, then apply; each only when what comes before it went well."""
        dry_run = dry_run or self._settings.dry_run
        prunes = [task for task in tasks if task.is_prune]
        if not dry_run and not self.release(task for task in tasks if task.is_hook and task.is_pending):
            return Went.ILL
        if any(needs_confirmation(task, self._settings) for task in prunes):
            return Went.WAITS
        went = yield from self._prune(prunes, dry_run=dry_run)
        if went is Went.WELL and not dry_run:
            went = self._clear_hooks(task for task in tasks if task.is_hook_to_delete_first)
        if went is not Went.WELL:
            return went
        return (yield from self._apply([task for task in tasks if not task.is_prune], dry_run=dry_run))

    def release(self, tasks: Iterable[Task]) -> bool:
        """Let hooks go; whether that went well."""
        went = True
        for task in tasks:
            try:
                if task.live is not None:
                    self._writer.release(task.live)
            except ApiError as error:
                self._results.put(task, task.code, ERROR, f"Failed to remove hook finalizer: {error.message}")
                went = False
        return went

    def delete_hooks(self, tasks: Iterable[Task], policy: str) -> None:
        """Delete the hooks that are over and whose policy says so."""
        for task in tasks:
            if task.is_deleted(policy) and not task.is_running:
                try:
                    self._writer.delete(task.object, self._settings.propagation)
                except ApiError as error:
                    self._results.put(task, task.code, ERROR, f"failed to delete resource: {error.message}")

    def _prune(self, tasks: Iterable[Task], *, dry_run: bool) -> Going:
        went = Went.WELL
        for task in tasks:
            assert task.live is not None, "what is pruned is there"
            code, message = self._writer.prune(task.live, self._settings, dry_run=dry_run)
            if not self._note(task, code, message, dry_run=dry_run):
                went = Went.ILL
            yield from self._give_way()
        return went

    def _clear_hooks(self, tasks: Iterable[Task]) -> Went:
        went = Went.WELL
        for task in tasks:
            try:
                if task.live is not None and self._writer.delete(task.live, self._settings.propagation):
                    went = went if went is Went.ILL else Went.WAITS
                else:
                    task.live = None
            except ApiError as error:
                self._results.put(task, task.code, ERROR, f"failed to delete resource: {error.message}")
                went = Went.ILL
        return went

    def _apply(self, tasks: Iterable[Task], *, dry_run: bool) -> Going:
        went = Went.WELL
        for task in tasks:
            if dry_run and task.skips_dry_run:
                continue
            code, message = self._writer.apply(task, self._settings, dry_run=dry_run)
            if not self._note(task, code, message, dry_run=dry_run):
                went = Went.ILL
            elif not dry_run and is_definition(task.object):
                yield from self._established(task.object)
            yield from self._give_way()
        return went

    def _note(self, task: Task, code: str, message: str, *, dry_run: bool) -> bool:
        """Write down what became of an object, unless it was only tried; whether it went well."""
        if not dry_run or self._settings.dry_run or code == SYNC_FAILED:
            is_over = self._settings.dry_run and code == SYNCED
            self._results.put(task, code, SUCCEEDED if is_over else _STATES[code], message)
        return code != SYNC_FAILED

    def _established(self, definition: Object) -> Iterator[float]:
        """Wait a moment for a kind, so that what is of it can be applied in the same wave."""
        until = self._clock.now() + _ESTABLISHES_WITHIN
        while self._clock.now() < until and not is_condition_true(self._writer.get(definition) or {}, "Established"):
            yield _LOOK_AGAIN

    def _give_way(self) -> Iterator[float]:
        if time.monotonic() >= self._slice_ends:
            if self._slice_ends:
                yield 0.0
            self._slice_ends = time.monotonic() + _SLICE
