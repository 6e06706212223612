"""Jobs and CronJobs in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    NONE,
    SELECTOR,
    UNSET,
    Cells,
    Column,
    Printer,
    age,
    containers_and_images,
    duration,
    since,
)
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, name_of
from gitopslab.machinery.selectors import label_selector_text


def _job(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    return [
        name_of(obj),
        _job_status(obj),
        _completions(spec, obj.get("status", {}).get("succeeded", 0)),
        _job_duration(obj.get("status", {}), now),
        age(obj, now),
        *containers_and_images(spec.get("template", {})),
        label_selector_text(spec.get("selector")) or NONE,
    ]


def _job_status(obj: Object) -> str:
    """The first that holds, in the order the real printer asks."""
    if is_condition_true(obj, "Complete"):
        return "Complete"
    if is_condition_true(obj, "Failed"):
        return "Failed"
    if is_terminating(obj):
        return "Terminating"
    if is_condition_true(obj, "Suspended"):
        return "Suspended"
    return "FailureTarget" if is_condition_true(obj, "FailureTarget") else "Running"


def _completions(spec: Object, succeeded: int) -> str:
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(status: Object, now: float) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return duration((seconds_of(end) if end else now) - seconds_of(start))


def _cron_job(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    job = spec.get("jobTemplate", {}).get("spec", {})
    last = status.get("lastScheduleTime")
    suspend = spec.get("suspend")
    return [
        name_of(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        UNSET if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age(obj, now),
        *containers_and_images(job.get("template", {})),
        label_selector_text(job.get("selector")) or NONE,
    ]


PRINTERS = {
    "jobs.batch": Printer(
        (
            NAME,
            Column("Status", "How far the job has come."),
            Column("Completions", "Pods that succeeded out of those needed."),
            Column("Duration", "How long it took, or has taken until now."),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        _job,
    ),
    "cronjobs.batch": Printer(
        (
            NAME,
            Column("Schedule", "When it runs, in cron format."),
            Column("Timezone", "Whose clock the schedule means."),
            Column("Suspend", "Whether further runs are held back.", type="boolean"),
            Column("Active", "Jobs that run now.", type="integer"),
            Column("Last Schedule", "Time since a job was last started."),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        _cron_job,
    ),
}
