"""Defaults of the ``batch`` group: Job and CronJob."""

from __future__ import annotations

from gitopslab.controlplane.server.defaults.pod import set_template
from gitopslab.machinery.objects import Object

_MAX_INT32 = 2**31 - 1


def set_job(job: Object) -> None:
    """One completion, six retries; a Job takes the labels of its template when it has none.

    Both are then one mapping, as upstream: the labels that ``strategy`` gives the pods of a new Job are the Job's too.
    """
    spec = job.setdefault("spec", {})
    set_template(spec.setdefault("template", {}))
    _set_job_counts(spec)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    labels = spec["template"]["metadata"].get("labels")
    metadata = job.setdefault("metadata", {})
    if labels and not metadata.get("labels"):
        metadata["labels"] = labels
    _set_failure_policy(spec.get("podFailurePolicy") or {})
    job.setdefault("status", {})


def set_cron_job(cron_job: Object) -> None:
    """Overlapping runs allowed; three good runs and one bad one kept.

    The Job inside is defaulted as a template only: its own defaults come when a run makes a Job of it.
    """
    spec = cron_job.setdefault("spec", {})
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    job = template.setdefault("spec", {})
    set_template(job.setdefault("template", {}))
    _set_failure_policy(job.get("podFailurePolicy") or {})
    cron_job.setdefault("status", {})


def _set_job_counts(spec: Object) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", _MAX_INT32 if "backoffLimitPerIndex" in spec else 6)


def _set_failure_policy(policy: Object) -> None:
    for rule in policy.get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern["status"] = pattern.get("status") or "True"
