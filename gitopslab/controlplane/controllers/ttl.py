"""Deletes finished Jobs some time after they finished, when they ask for it with ``ttlSecondsAfterFinished``.

The manager calls it when a Job changed, and when a Job's time has come. Deletion is in the foreground, so the Job's
pods go first.

Upstream: ``pkg/controller/ttlafterfinished``.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.objects import Object, condition_of, is_terminating, uid_of


def expires_at(job: Object) -> float | None:
    """When a Job is to be deleted, in epoch seconds; None when it never is, or not yet."""
    wait = job["spec"].get("ttlSecondsAfterFinished")
    if wait is None or is_terminating(job):
        return None
    for kind in ("Complete", "Failed"):
        condition = condition_of(job, kind)
        if condition is not None and condition["status"] == "True":
            return seconds_of(condition["lastTransitionTime"]) + float(wait)
    return None


class TtlAfterFinishedController:
    """Reconciles finished Jobs."""

    name = "ttl-after-finished-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._jobs = manager.informer("jobs.batch")
        self.sources: tuple[Source, ...] = (Source("jobs.batch"),)

    def reconcile(self, request: Request) -> Result:
        """Delete a Job whose time is up, or come back when it will be."""
        job = self._jobs.get(request.name, request.namespace)
        due = expires_at(job) if job is not None else None
        if job is None or due is None:
            return DONE
        left = due - self._clock.now()
        if left > 0:
            return Result(left)
        try:
            self._api.delete("jobs.batch", request.name, request.namespace, propagation="Foreground", uid=uid_of(job))
        except NotFoundError:
            return DONE
        return DONE
