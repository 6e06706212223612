"""Runs a Job's pods until enough have succeeded, or too many have failed.

The manager calls it when a Job or one of its pods changed. In the order of its story:

1. count the pods (``jobs.tally``), and decide whether the Job ends (``jobends``),
2. stop all pods of an ending Job, or start and stop pods towards the wanted number,
3. note the pods that ended, take their finalizers off, and only then count them (``jobaccounts``),
4. write the status; the final condition comes once no pod is left running.

Deleting finished Jobs after a while is ``ttl``'s.

Upstream: ``pkg/controller/job``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gitopslab.controlplane.controllers import jobaccounts, jobends, jobindexes, jobs
from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.jobbackoff import Record, Refusals, finished_at, remaining
from gitopslab.controlplane.controllers.podcontrol import PodControl, pod_from_template
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import (
    Object,
    controller_of,
    copy_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)

log = logging.getLogger(__name__)

_BATCH = 1.0  # seconds
_JOB_NAME = "batch.kubernetes.io/job-name"


def by_tracked_job(pod: Object) -> Iterable[str]:
    """The index of pods that wait to be counted, by ``namespace/job``."""
    name = labels_of(pod).get(_JOB_NAME)
    return (f"{namespace_of(pod)}/{name}",) if name and jobs.is_tracked(pod) else ()


def by_tracked_orphan(pod: Object) -> Iterable[str]:
    """The index, by namespace, of pods that wait to be counted and that nobody controls."""
    return (namespace_of(pod),) if jobs.is_tracked(pod) and controller_of(pod) is None else ()


class JobController:
    """Reconciles Jobs."""

    name = "job-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._pod_control = PodControl(api, self._recorder)
        self._jobs = manager.informer("jobs.batch")
        self._pods = manager.informer("pods")
        self._owners = owners_of_kind("Job", self._jobs)
        self._records: dict[str, Record] = {}
        self._refusals: dict[str, Refusals] = {}
        self.sources: tuple[Source, ...] = (
            Source("jobs.batch", delay=_unless_wanted),
            Source("pods", self._concerned, previous=True, delay=_unless_orphan),
        )

    def reconcile(self, request: Request) -> Result:
        """Bring a Job further and report it."""
        job = self._jobs.get(request.name, request.namespace)
        if job is not None and jobs.is_managed_elsewhere(job):
            return DONE
        self._release_strays(request, job)
        if job is None or jobs.is_finished(job):
            self._records.pop("/".join(request), None)
            self._refusals.pop("/".join(request), None)
            return DONE
        return self._sync(copy_of(job), job)

    def _sync(self, job: Object, before: Object) -> Result:
        found, now = jobs.tally(job, self._claimed(job)), self._clock.now()
        status = job.setdefault("status", {})
        if not jobs.is_suspended(job):
            status.setdefault("startTime", timestamp(now))
        key = f"{namespace_of(job)}/{name_of(job)}"
        self._records[key] = self._records.get(key, Record()).after(found.successes, found.failures)
        cause = jobends.ending(job, found, now)
        due = jobends.seconds_to_deadline(job, now)
        if cause is not None:
            self._stop(job, found, found.active)
        elif not is_terminating(job):
            due = min(filter(None, (due, self._try(job, found, key))), default=None)
        if cause is None:
            cause = jobends.reached(job, found, now)
            if cause is None and not is_terminating(job):
                self._note_suspension(job, now)
        self._account(job, before, found, cause if not found.active else None)
        return Result(None if cause is not None else due)

    def _try(self, job: Object, found: jobs.Tally, key: str) -> float | None:
        """Start or stop pods, unless the API refused a moment ago; seconds until there is more to do."""
        now, refusals = self._clock.now(), self._refusals.get(key, Refusals())
        if now < refusals.until:
            return refusals.until - now
        try:
            due = self._manage(job, found, self._records[key])
        except ApiError as error:
            log.debug("job %s: %s", key, error.message)
            self._refusals[key] = refusals.one_more(now)
            return self._refusals[key].until - now
        self._refusals.pop(key, None)
        return due

    def _manage(self, job: Object, found: jobs.Tally, record: Record) -> float | None:
        """Start or stop pods towards the wanted number; seconds until a failed pod may be replaced."""
        surplus = jobs.surplus(job, found)
        if surplus:
            for pod in surplus:
                self._untrack(pod)  # what is stopped before its time is not counted
            self._stop(job, found, surplus)
            return None
        missing = jobs.wanted_active(job, found) - len(found.active)
        missing -= found.terminating if jobs.replaces_only_failed(job) else 0
        if missing <= 0:
            return None
        now = self._clock.now()
        if job["spec"].get("backoffLimitPerIndex") is not None:
            indexes = jobs.free_indexes(job, found, missing)
            waits = {index: _wait_of(found.awaited.get(index), now) for index in indexes}
            self._create(job, found, [index for index in indexes if not waits[index]])
            return min(filter(None, waits.values()), default=None)
        wait = remaining(record.failures, record.last, now)
        if not wait:
            self._create(job, found, _places(job, found, missing))
        return wait or None

    def _create(self, job: Object, found: jobs.Tally, places: list[int] | list[None]) -> None:
        for index in places:
            pod = pod_from_template(job["spec"]["template"], job)
            pod["metadata"]["finalizers"] = [*(pod["metadata"].get("finalizers") or ()), jobs.TRACKING]
            if index is not None:
                before = found.awaited.get(index)
                pod = jobindexes.indexed_pod(pod, job, index, before, counts=before is None or jobs.counts(job, before))
            created = self._pod_control.create(pod, job)
            if created is None:
                return
            found.active = [*found.active, created]

    def _stop(self, job: Object, found: jobs.Tally, pods: list[Object]) -> None:
        for pod in pods:
            self._pod_control.delete(pod, job)
            found.stopped(pod)

    def _note_suspension(self, job: Object, now: float) -> None:
        """Say that a Job was suspended or resumed; its time starts anew then."""
        changed = jobends.suspension(job, now)
        if changed is None:
            return
        status = job["status"]
        status["conditions"] = jobends.with_condition(status.get("conditions") or [], changed)
        self._recorder.event(job, "Normal", changed["reason"].removeprefix("Job"), changed["message"])
        status.pop("startTime", None)
        status.update({"startTime": timestamp(now)} if changed["status"] == "False" else {})

    def _account(self, job: Object, before: Object, found: jobs.Tally, cause: Object | None) -> None:
        """Count the pods that ended, each once, and finish a Job that is over."""
        status = job["status"]
        jobaccounts.with_counts(job, found)
        released = jobaccounts.releasable(job, found, cause)
        status["uncountedTerminatedPods"] = jobaccounts.noted(job, released, cause)
        if cause is not None:
            status["conditions"] = jobends.with_condition(status.get("conditions") or [], cause)
        if status["uncountedTerminatedPods"] or (cause is not None and released):
            # Written before any finalizer goes: a pod that is gone and in neither list would never be counted.
            job = before = self._write(job, before)
            job = copy_of(job)
        for pod in released:
            self._untrack(pod)
        jobaccounts.counted(job)
        if cause is not None and not found.terminating:
            self._finish(job, before, cause)
        else:
            self._write(job, before)

    def _finish(self, job: Object, before: Object, cause: Object) -> None:
        status, last = job["status"], jobends.final(cause, self._clock.now())
        status["conditions"] = jobends.with_condition(status["conditions"], last)
        if last["type"] == "Complete":
            status["completionTime"] = last["lastTransitionTime"]
        self._write(job, before)
        if last["type"] == "Failed":
            self._recorder.event(job, "Warning", last["reason"], last["message"])
            return
        completions = job["spec"].get("completions")
        if completions is not None and status.get("succeeded", 0) > completions:
            message = "Too many succeeded pods running after completion count reached"
            self._recorder.event(job, "Warning", "TooManySucceededPods", message)
        self._recorder.event(job, "Normal", "Completed", "Job completed")

    def _write(self, job: Object, before: Object) -> Object:
        if job["status"] == before.get("status"):
            return job
        return self._api.update(job, "status")

    def _claimed(self, job: Object) -> list[Object]:
        owned = self._pods.indexed(by_controller, uid_of(job))
        orphans = self._pods.indexed(without_controller, namespace_of(job))
        return claim(self._api, job, "pods", owned, orphans, finalizer=jobs.TRACKING)

    def _release_strays(self, request: Request, job: Object | None) -> None:
        """Take the finalizer off pods whose Job is gone or let them go, or they could never be deleted."""
        labelled = self._pods.indexed(by_tracked_job, f"{request.namespace}/{request.name}")
        orphans = self._pods.indexed(by_tracked_orphan, request.namespace)
        for pod in {uid_of(pod): pod for pod in (*labelled, *orphans)}.values():
            owner = controller_of(pod)
            if job is None or owner is None or owner["uid"] != uid_of(job) or jobs.is_finished(job):
                self._untrack(pod)

    def _untrack(self, pod: Object) -> None:
        change = {"metadata": {"$deleteFromPrimitiveList/finalizers": [jobs.TRACKING]}}
        try:
            self._api.patch("pods", name_of(pod), change, namespace_of(pod), type="strategic")
        except NotFoundError:
            return

    def _concerned(self, event: WatchEvent) -> Iterable[Request]:
        """The Job of a pod, found by label too, so that pods of a Job that is gone are let go."""
        strays = [Request(*key.split("/", 1)) for key in by_tracked_job(event.object)]
        return [*self._owners(event), *strays]


def _unless_wanted(event: WatchEvent, before: Object | None) -> float:
    """A Job that somebody wants differently is looked at now; one whose status was written waits with its pods."""
    generations = {obj["metadata"].get("generation") for obj in (before, event.object) if obj is not None}
    return _BATCH if before is not None and event.type == "MODIFIED" and len(generations) == 1 else 0.0


def _unless_orphan(event: WatchEvent, before: Object | None) -> float:
    """What befalls pods of the same Job within a second is counted in one go; orphans are let go now."""
    return 0.0 if controller_of(event.object) is None else _BATCH


def _places(job: Object, found: jobs.Tally, missing: int) -> list[int] | list[None]:
    """What the missing pods are for: indexes, or nothing in particular."""
    return jobs.free_indexes(job, found, missing) if jobindexes.is_indexed(job) else [None] * missing


def _wait_of(predecessor: Object | None, now: float) -> float:
    """Seconds until an index may be tried again after this failed pod."""
    if predecessor is None:
        return 0.0
    return remaining(jobindexes.attempts_of(predecessor) + 1, finished_at(predecessor), now)
