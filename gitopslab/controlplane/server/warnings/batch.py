"""Warnings about Jobs and CronJobs."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.warnings.pods import of_name, of_template
from gitopslab.controlplane.server.warnings.workloads import changed
from gitopslab.machinery.objects import Object

_MANY_COMPLETIONS = 100_000
_MUCH_PARALLELISM = 10_000


def of_job(job: Object, before: Object | None) -> Iterable[str]:
    """A name that makes poor host names, and the spec."""
    if before is None:
        yield from of_name(job, "Pod names and hostnames")
    if changed(job, before):
        yield from _of_spec(job["spec"], "spec")


def of_cron_job(cron_job: Object, before: Object | None) -> Iterable[str]:
    """A name that makes poor host names, the job's spec, and a time zone in the schedule."""
    if before is None:
        yield from of_name(cron_job, "Pod names and hostnames")
    if changed(cron_job, before):
        yield from _of_spec(cron_job["spec"].get("jobTemplate", {}).get("spec") or {}, "spec.jobTemplate.spec")
    if before is not None and "TZ" in cron_job["spec"].get("schedule", ""):
        place = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
        yield f"cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see {place} for more details"


def _of_spec(spec: Object, path: str) -> Iterable[str]:
    completions, parallelism = spec.get("completions") or 0, spec.get("parallelism") or 0
    is_huge = completions > _MANY_COMPLETIONS and parallelism > _MUCH_PARALLELISM
    if spec.get("completionMode") == "Indexed" and is_huge:
        yield (
            f"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than "
            "10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        )
    yield from of_template(spec.get("template") or {}, f"{path}.template")
