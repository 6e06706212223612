"""Runs a Job's pods until enough have succeeded, or too many have failed.

The manager calls it when a Job or one of its pods changed. In the order of its story:

1. count the pods (``jobs.tally``), and decide whether and how the Job ends (``jobs.ending``),
2. stop all pods of an ending Job, or start and stop pods towards the wanted number,
3. note the pods that ended, take their finalizers off, and only then count them,
4. write the status; the final condition comes once no pod is left running.

Deleting finished Jobs after a while is ``ttl``'s.

Upstream: ``pkg/controller/job``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers import jobindexes, jobs
from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.conditions import put
from gitopslab.controlplane.controllers.podcontrol import PodControl, pod_from_template
from gitopslab.controlplane.controllers.podstate import first_to_delete, is_active
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

_JOB_NAME = "batch.kubernetes.io/job-name"


def by_tracked_job(pod: Object) -> Iterable[str]:
    """The index of pods that wait to be counted, by ``namespace/job``."""
    name = labels_of(pod).get(_JOB_NAME)
    return (f"{namespace_of(pod)}/{name}",) if name and jobs.is_tracked(pod) else ()


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
        self.sources: tuple[Source, ...] = (Source("jobs.batch"), Source("pods", self._concerned, previous=True))

    def reconcile(self, request: Request) -> Result:
        """Bring a Job further and report it."""
        job = self._jobs.get(request.name, request.namespace)
        self._release_strays(request, job)
        if job is None or jobs.is_finished(job):
            return DONE
        job = copy_of(job)
        pods = self._claimed(job)
        now = self._clock.now()
        self._start_clock(job, now)
        found = jobs.tally(job, pods)
        cause = jobs.ending(job, found, now)
        failure, wait = self._act(job, pods, found, cause)
        self._account(job, found, cause)
        if failure is not None:
            raise failure
        dues = [due for due in (wait, jobs.seconds_to_deadline(job, now)) if due]
        return Result(min(dues, default=None))

    def _start_clock(self, job: Object, now: float) -> None:
        """Set ``startTime``, again whenever the Job is resumed, and say that it was suspended or resumed."""
        status = job.setdefault("status", {})
        changed = jobs.suspension(job, now)
        if changed is not None:
            status["conditions"] = put(status.get("conditions") or [], changed)
            self._recorder.event(job, "Normal", changed["reason"].removeprefix("Job"), changed["message"])
        is_resumed = changed is not None and changed["status"] == "False"
        if not jobs.is_suspended(job) and (is_resumed or "startTime" not in status):
            status["startTime"] = timestamp(now)

    def _act(
        self, job: Object, pods: list[Object], found: jobs.Tally, cause: Object | None
    ) -> tuple[ApiError | None, float | None]:
        """Start or stop pods: the error that stopped it, and seconds until a failed pod may be replaced."""
        surplus = len(found.active) - (0 if cause is not None else jobs.wanted_active(job, found))
        if is_terminating(job) or surplus == 0:
            return None, None
        try:
            if surplus > 0:
                for pod in first_to_delete(found.active, found.active, surplus, self._clock.now()):
                    self._pod_control.delete(pod, job)
                    found.active = [each for each in found.active if each is not pod]
                    found.terminating += 1
                return None, None
            missing = -surplus - (found.terminating if jobs.replaces_only_failed(job) else 0)
            wait = jobs.delay(pods, self._clock.now())
            if wait > 0:
                return None, wait
            self._create(job, pods, found, missing)
        except ApiError as error:
            return error, None
        return None, None

    def _create(self, job: Object, pods: list[Object], found: jobs.Tally, missing: int) -> None:
        indexes = jobs.free_indexes(job, found) if jobindexes.is_indexed(job) else []
        for number in range(missing):
            pod = pod_from_template(job["spec"]["template"], job)
            pod["metadata"]["finalizers"] = [*(pod["metadata"].get("finalizers") or ()), jobs.TRACKING]
            if jobindexes.is_indexed(job):
                if number >= len(indexes):
                    return
                pod = jobindexes.indexed_pod(pod, job, indexes[number], _failures(job, pods, indexes[number]))
            created = self._pod_control.create(pod, job)
            if created is None:
                return
            found.active.append(created)

    def _account(self, job: Object, found: jobs.Tally, cause: Object | None) -> None:
        """Count the pods that ended, each once, and finish a Job that is over."""
        status = job["status"]
        before = self._jobs.get(name_of(job), namespace_of(job)) or {}
        uncounted = _noted(status.get("uncountedTerminatedPods") or {}, found)
        status.pop("active", None)
        status.update(_counts(found))
        status["uncountedTerminatedPods"] = uncounted
        if cause is not None:
            status["conditions"] = put(status.get("conditions") or [], cause)
        if uncounted:
            # Written before any finalizer goes: a pod that is gone and in neither list would never be counted.
            job = self._write(job, before)
            before, status = copy_of(job), job["status"]
        for pod, _ in found.ended:
            self._untrack(pod)
        for outcome in ("succeeded", "failed"):
            total = status.get(outcome, 0) + len(uncounted.get(outcome) or ())
            status.update({outcome: total} if total else {})
        status["uncountedTerminatedPods"] = {}
        _note_indexes(job, found)
        if cause is not None and not found.active and not found.terminating:
            self._finish(job, cause)
        self._write(job, before)

    def _finish(self, job: Object, cause: Object) -> None:
        now = self._clock.now()
        last = jobs.final(cause, now)
        status = job["status"]
        status["conditions"] = put(status["conditions"], last)
        if last["type"] == "Complete":
            status["completionTime"] = timestamp(now)
            self._recorder.event(job, "Normal", "Completed", "Job completed")
        else:
            self._recorder.event(job, "Warning", last["reason"], last["message"])

    def _write(self, job: Object, before: Object) -> Object:
        if job["status"] == before.get("status"):
            return job
        return self._api.update(job, "status")

    def _claimed(self, job: Object) -> list[Object]:
        owned = self._pods.indexed(by_controller, uid_of(job))
        orphans = self._pods.indexed(without_controller, namespace_of(job))
        return claim(self._api, job, "pods", owned, (pod for pod in orphans if is_active(pod)))

    def _release_strays(self, request: Request, job: Object | None) -> None:
        """Take the finalizer off pods whose Job is gone, or they could never be deleted."""
        for pod in self._pods.indexed(by_tracked_job, f"{request.namespace}/{request.name}"):
            owner = controller_of(pod)
            if job is None or owner is None or owner["uid"] != uid_of(job) or jobs.is_finished(job):
                self._untrack(pod)

    def _untrack(self, pod: Object) -> None:
        kept = [name for name in pod["metadata"].get("finalizers") or () if name != jobs.TRACKING]
        try:
            self._api.patch("pods", name_of(pod), {"metadata": {"finalizers": kept or None}}, namespace_of(pod))
        except NotFoundError:
            return

    def _concerned(self, event: WatchEvent) -> Iterable[Request]:
        """The Job of a pod, found by label too, so that pods of a Job that is gone are let go."""
        strays = [Request(*key.split("/", 1)) for key in by_tracked_job(event.object)]
        return [*self._owners(event), *strays]


def _failures(job: Object, pods: list[Object], index: int) -> int | None:
    """How often an index has failed so far; None when that is not counted per index."""
    if job["spec"].get("backoffLimitPerIndex") is None:
        return None
    failed = (pod for pod in pods if jobindexes.index_of(pod) == index and jobs.has_failed(job, pod))
    return max((jobindexes.failures_of(pod) + 1 for pod in failed), default=0)


def _noted(known: Object, found: jobs.Tally) -> Object:
    """``uncountedTerminatedPods`` with the pods that have ended since. Pods of an index count by their index."""
    noted: Object = {}
    for outcome in ("succeeded", "failed"):
        uids = list(known.get(outcome) or ())
        uids += [uid_of(pod) for pod, how in found.ended if how == outcome and uid_of(pod) not in uids]
        if uids:
            noted[outcome] = uids
    return noted


def _counts(found: jobs.Tally) -> Object:
    counts = {"ready": found.ready, "terminating": found.terminating}
    return {**counts, **({"active": len(found.active)} if found.active else {})}


def _note_indexes(job: Object, found: jobs.Tally) -> None:
    if not jobindexes.is_indexed(job):
        return
    status = job["status"]
    status["completedIndexes"] = jobindexes.spelled(found.succeeded_indexes)
    if found.succeeded:
        status["succeeded"] = found.succeeded
    if job["spec"].get("backoffLimitPerIndex") is not None:
        status["failedIndexes"] = jobindexes.spelled(found.failed_indexes)
