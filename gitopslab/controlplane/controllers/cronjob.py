"""Starts Jobs on a schedule, and keeps a few of the finished ones.

The manager calls it when a CronJob or one of its Jobs changed, and when the next time has come. The name of a Job
follows from the time it was due, so none is started twice. Running it is ``job``'s.

Upstream: ``pkg/controller/cronjob``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gitopslab.controlplane.controllers.adoption import owners_of_kind
from gitopslab.controlplane.controllers.jobs import is_finished
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, ApiError, NotFoundError
from gitopslab.machinery import cron
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.objects import (
    Object,
    controller_reference,
    copy_of,
    is_condition_true,
    is_controlled_by,
    is_terminating,
    name_of,
    namespace_of,
    object_reference,
    uid_of,
)

_JOBS = "jobs.batch"
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MOST_MISSED = 100


@dataclass(frozen=True, slots=True)
class Due:
    """Where a CronJob is in its schedule.

    Attributes:
        last: The latest time it should have run and has not, if any.
        next: The time after that.
        missed: How many times have passed without a run; past a hundred they are no longer counted.
    """

    last: datetime | None
    next: datetime | None
    missed: int


def due(cron_job: Object, schedule: cron.Schedule, now: datetime) -> Due:
    """What has come due since the last run, or since creation or the starting deadline."""
    last_run = cron_job.get("status", {}).get("lastScheduleTime")
    earliest = datetime.fromtimestamp(seconds_of(last_run or cron_job["metadata"]["creationTimestamp"]), now.tzinfo)
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        earliest = max(earliest, datetime.fromtimestamp(now.timestamp() - deadline, now.tzinfo))
    last, missed = None, 0
    upcoming = cron.next_run(schedule, earliest)
    while upcoming is not None and upcoming.timestamp() <= now.timestamp():
        last, missed = upcoming, missed + 1
        if missed > _MOST_MISSED:
            last = _latest(schedule, now)
            return Due(last, cron.next_run(schedule, last), missed)
        upcoming = cron.next_run(schedule, upcoming)
    return Due(last, upcoming, missed)


def _latest(schedule: cron.Schedule, now: datetime) -> datetime:
    """The last time that has come, looked for ever further back; there is one, or nothing would have been missed."""
    back, found = 60.0, None
    while found is None:
        upcoming = cron.next_run(schedule, datetime.fromtimestamp(now.timestamp() - back, now.tzinfo))
        while upcoming is not None and upcoming.timestamp() <= now.timestamp():
            found, upcoming = upcoming, cron.next_run(schedule, upcoming)
        back *= 2
    return found


def job_for(cron_job: Object, moment: datetime) -> Object:
    """The Job that is due at this moment."""
    template = cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    metadata: Object = {
        "name": f"{name_of(cron_job)}-{int(moment.timestamp()) // 60}",
        "namespace": namespace_of(cron_job),
        "annotations": {**(given.get("annotations") or {}), _SCHEDULED: _written(moment)},
        "ownerReferences": [controller_reference(cron_job)],
    }
    if given.get("labels"):
        metadata["labels"] = dict(given["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": copy_of(template["spec"])}


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def expired(cron_job: Object, jobs: list[Object]) -> list[Object]:
    """The finished Jobs beyond the history limits, oldest first."""
    found: list[Object] = []
    for kind, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        limit = cron_job["spec"].get(field)
        if limit is None:
            continue
        finished = [job for job in jobs if is_condition_true(job, kind) and not is_terminating(job)]
        finished.sort(key=lambda job: (job["status"].get("startTime") or "", name_of(job)))
        found.extend(finished[: max(0, len(finished) - limit)])
    return found


class CronJobController:
    """Reconciles CronJobs."""

    name = "cronjob-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._cron_jobs = manager.informer("cronjobs.batch")
        self._jobs = manager.informer(_JOBS)
        self._schedules: dict[str, tuple[str, str]] = {}
        jobs = owners_of_kind("CronJob", self._cron_jobs)
        self.sources: tuple[Source, ...] = (Source("cronjobs.batch"), Source(_JOBS, jobs, previous=True))

    def reconcile(self, request: Request) -> Result:
        """Start the Job that is due, keep the list of active ones, and come back for the next."""
        found = self._cron_jobs.get(request.name, request.namespace)
        if found is None:
            return DONE
        cron_job = copy_of(found)
        jobs = list(self._jobs.indexed(by_controller, uid_of(cron_job)))
        for job in expired(cron_job, jobs):  # these are never seen to complete
            self._delete(cron_job, job)
        self._follow(cron_job, jobs)
        wait = None if is_terminating(cron_job) else self._run(cron_job, may_start=not self._is_rescheduled(cron_job))
        if cron_job.get("status") != found.get("status"):
            self._api.update(cron_job, "status")
        return Result(wait)

    def _follow(self, cron_job: Object, jobs: list[Object]) -> None:
        """Bring the active list and the last success in line with the Jobs there are."""
        status = cron_job.setdefault("status", {})
        active = {reference.get("uid", ""): reference for reference in status.get("active") or ()}
        for job in jobs:
            if not is_finished(job):
                if uid_of(job) not in active:
                    message = f"Saw a job that the controller did not create or forgot: {name_of(job)}"
                    self._say(cron_job, "Warning", "UnexpectedJob", message)
                continue
            if active.pop(uid_of(job), None) is not None:
                outcome = "Complete" if is_condition_true(job, "Complete") else "Failed"
                self._say(
                    cron_job, "Normal", "SawCompletedJob", f"Saw completed job: {name_of(job)}, condition: {outcome}"
                )
            ended = job["status"].get("completionTime") if is_condition_true(job, "Complete") else None
            if ended and ended > status.get("lastSuccessfulTime", ""):
                status["lastSuccessfulTime"] = ended
        present = {uid_of(job) for job in jobs}
        for uid in [uid for uid in active if uid not in present]:
            name, namespace = active[uid].get("name", ""), active[uid].get("namespace", "")
            if self._jobs.get(name, namespace) is None:  # another's, or orphaned, stays in the list
                del active[uid]
                self._say(cron_job, "Normal", "MissingJob", f"Active job went missing: {name}")
        _set_active(status, list(active.values()))

    def _is_rescheduled(self, cron_job: Object) -> bool:
        """Whether a schedule was just changed: what would have been due by the new one is not made up for."""
        spec = cron_job["spec"]
        before, now = self._schedules.get(uid_of(cron_job)), (spec["schedule"], spec.get("timeZone") or "")
        self._schedules[uid_of(cron_job)] = now
        return before not in (None, now)

    def _run(self, cron_job: Object, *, may_start: bool) -> float | None:
        """Start what is due; seconds until the next time."""
        schedule, zone = self._schedule(cron_job)
        if schedule is None or zone is None or cron_job["spec"].get("suspend"):
            return None
        now = datetime.fromtimestamp(self._clock.now(), zone)
        found = due(cron_job, schedule, now)
        if found.missed > _MOST_MISSED:
            hint = "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._say(cron_job, "Warning", "TooManyMissedTimes", f"too many missed start times. {hint}")
        if found.last is not None and may_start and self._may_start(cron_job, found.last, now):
            self._start(cron_job, found.last)
        if found.next is None:
            why = "time difference between two schedules is less than 1 second"
            message = f"invalid schedule: {cron_job['spec']['schedule']} : {why}"
            self._say(cron_job, "Warning", "InvalidSchedule", message)
            return None
        return max(0.0, found.next.timestamp() - now.timestamp())

    def _schedule(self, cron_job: Object) -> tuple[cron.Schedule | None, ZoneInfo | None]:
        name, text = cron_job["spec"].get("timeZone") or "UTC", cron_job["spec"]["schedule"]
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self._say(cron_job, "Warning", "UnknownTimeZone", f'invalid timeZone: "{name}": unknown time zone {name}')
            return None, None
        try:
            return cron.parse(text), zone
        except ValueError as error:
            self._say(cron_job, "Warning", "UnparseableSchedule", f'unparseable schedule: "{text}" : {error}')
            return None, zone

    def _may_start(self, cron_job: Object, moment: datetime, now: datetime) -> bool:
        deadline = cron_job["spec"].get("startingDeadlineSeconds")
        if deadline is not None and moment.timestamp() + deadline < now.timestamp():
            late = moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            self._say(cron_job, "Warning", "MissSchedule", f"Missed scheduled time to start a job: {late}")
            return False
        active = cron_job["status"].get("active") or []
        policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and active:
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._say(cron_job, "Normal", "JobAlreadyActive", message)
            return False
        if policy == "Replace":
            for reference in active:
                job = self._jobs.get(reference.get("name", ""), namespace_of(cron_job))
                if job is not None:
                    self._delete(cron_job, job)
        return True

    def _start(self, cron_job: Object, moment: datetime) -> None:
        wanted = job_for(cron_job, moment)
        try:
            job = self._api.create(wanted)
        except AlreadyExistsError:
            known = self._jobs.get(name_of(wanted), namespace_of(wanted))
            if known is None or not is_controlled_by(known, cron_job):
                return
            job = known
        except ApiError as error:
            self._say(cron_job, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        else:
            self._say(cron_job, "Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        status = cron_job["status"]
        others = [known for known in status.get("active") or () if known["uid"] != uid_of(job)]
        _set_active(status, [*others, object_reference(job)])
        status["lastScheduleTime"] = timestamp(moment.timestamp())

    def _delete(self, cron_job: Object, job: Object) -> None:
        try:
            self._api.delete(_JOBS, name_of(job), namespace_of(job), propagation="Background")
        except NotFoundError:
            return
        except ApiError as error:
            self._say(cron_job, "Warning", "FailedDelete", f"Deleted job: {error.message}")
            raise
        status = cron_job["status"]
        _set_active(status, [known for known in status.get("active") or () if known["uid"] != uid_of(job)])
        self._say(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")

    def _say(self, cron_job: Object, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._recorder.event(cron_job, kind, reason, message)


def _set_active(status: Object, active: list[Object]) -> None:
    if active:
        status["active"] = active
    else:
        status.pop("active", None)
