"""Rules of Job and CronJob."""

from __future__ import annotations

import zoneinfo
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import gostruct, podspec
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_selector
from gitopslab.controlplane.server.validation.numbers import check_not_negative
from gitopslab.machinery import cron
from gitopslab.machinery.objects import Object, condition_of, labels_of, name_of, uid_of
from gitopslab.machinery.selectors import from_label_selector

_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
_COMPLETION_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_MAX_PARALLEL_INDEXED = 100_000
_CRON_JOB_NAME = 52
_SCHEDULING_FIELDS = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
_GENERATED = (
    ("controller-uid", uid_of),
    ("batch.kubernetes.io/controller-uid", uid_of),
    ("job-name", name_of),
    ("batch.kubernetes.io/job-name", name_of),
)


def check_job(causes: Causes, job: Object) -> None:
    """A new Job."""
    _check_generated(causes, job)
    _check_whole(causes, job)


def check_job_change(causes: Causes, job: Object, before: Object, subresource: str) -> None:
    """A Job's pods are what they are; how many run at a time may change."""
    if subresource == "status":
        check_not_negative(
            causes, job.get("status") or {}, "status", "active", "succeeded", "failed", "ready", "terminating"
        )
        return
    _check_whole(causes, job)
    new, old = job["spec"], before["spec"]
    if not (new.get("completionMode") == "Indexed" and new.get("completions") == new.get("parallelism")):
        check_immutable(causes, new.get("completions"), old.get("completions"), "spec.completions")
    check_immutable(causes, new.get("selector"), old.get("selector"), "spec.selector")
    _check_same_template(causes, new, old, is_movable=_is_unstarted(before))
    for field in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        check_immutable(causes, new.get(field), old.get(field), f"spec.{field}")


def check_cron_job(causes: Causes, cron_job: Object) -> None:
    """A new or changed CronJob."""
    spec = cron_job["spec"]
    schedule = spec.get("schedule") or ""
    if not schedule:
        causes.required("spec.schedule")
    else:
        _check_schedule(causes, schedule)
    check_not_negative(causes, spec, "spec", "startingDeadlineSeconds")
    if spec.get("timeZone") is not None:
        _check_time_zone(causes, spec["timeZone"])
    if spec.get("concurrencyPolicy") not in _CONCURRENCY:
        causes.unsupported("spec.concurrencyPolicy", spec.get("concurrencyPolicy", ""), _CONCURRENCY)
    _check_job_template(causes, spec.get("jobTemplate") or {}, "spec.jobTemplate")
    check_not_negative(causes, spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    if len(name_of(cron_job)) > _CRON_JOB_NAME:
        # The Job's name is the CronJob's with eleven characters for the time.
        causes.invalid("metadata.name", name_of(cron_job), f"must be no more than {_CRON_JOB_NAME} characters")


def check_cron_job_change(causes: Causes, cron_job: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource != "status":
        check_cron_job(causes, cron_job)


def _check_generated(causes: Causes, job: Object) -> None:
    """The labels by which a Job knows its pods are the server's to choose."""
    spec = job["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return
    template = spec["template"]
    path = "spec.template.metadata.labels"
    for label, expected in _GENERATED:
        value = labels_of(template).get(label)
        if value is None:
            causes.required(f"{path}[{label}]", f"must be '{expected(job)}'")
        elif value != expected(job):
            causes.invalid(f"{path}[{label}]", labels_of(template), f"must be '{expected(job)}'")
    selector = from_label_selector(spec["selector"])
    if selector is not None and not selector.matches({label: expected(job) for label, expected in _GENERATED}):
        causes.invalid("spec.selector", spec["selector"], "`selector` not auto-generated")


def _check_whole(causes: Causes, job: Object) -> None:
    spec = job["spec"]
    _check_spec(causes, spec, "spec")
    if spec.get("selector") is None:
        causes.required("spec.selector")
        return
    check_selector(causes, spec["selector"], "spec.selector")
    labels = labels_of(spec.get("template") or {})
    selector = from_label_selector(spec["selector"])
    if selector is not None and not selector.matches(labels):
        causes.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


def _check_job_template(causes: Causes, template: Object, path: str) -> None:
    spec = template.get("spec") or {}
    _check_spec(causes, spec, f"{path}.spec")
    if spec.get("selector") is not None:
        causes.invalid(f"{path}.spec.selector", spec["selector"], "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        causes.unsupported(f"{path}.spec.manualSelector", True, ("nil", "false"))


def _check_spec(causes: Causes, spec: Object, path: str) -> None:
    check_not_negative(causes, spec, path, *_COUNTS)
    mode = spec.get("completionMode")
    if mode is not None and mode not in _COMPLETION_MODES:
        causes.unsupported(f"{path}.completionMode", mode, _COMPLETION_MODES)
    if mode == "Indexed":
        _check_indexed(causes, spec, path)
    elif spec.get("backoffLimitPerIndex") is not None:
        causes.invalid(f"{path}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], "requires indexed completion mode")
    for index, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or ()):
        _check_failure_rule(causes, rule, f"{path}.podFailurePolicy.rules[{index}]")
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None and replacement not in _REPLACEMENTS:
        causes.unsupported(f"{path}.podReplacementPolicy", replacement, _REPLACEMENTS)
    template = spec.get("template") or {}
    podspec.check_template(causes, template, f"{path}.template")
    _check_restart_policy(causes, spec, template, f"{path}.template.spec.restartPolicy")


def _check_restart_policy(causes: Causes, spec: Object, template: Object, path: str) -> None:
    """``Always`` is what a silent template is given by default, so it counts as saying nothing."""
    policy = (template.get("spec") or {}).get("restartPolicy") or ""
    if policy in ("", "Always"):
        causes.required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        causes.unsupported(path, policy, ("OnFailure", "Never"))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        causes.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')


def _check_indexed(causes: Causes, spec: Object, path: str) -> None:
    if spec.get("completions") is None:
        causes.required(f"{path}.completions", "when completion mode is Indexed")
    parallelism = spec.get("parallelism") or 0
    if parallelism > _MAX_PARALLEL_INDEXED:
        text = f"must be less than or equal to {_MAX_PARALLEL_INDEXED} when completion mode is Indexed"
        causes.invalid(f"{path}.parallelism", parallelism, text)


def _check_failure_rule(causes: Causes, rule: Object, path: str) -> None:
    action = rule.get("action") or ""
    if not action:
        causes.required(f"{path}.action", 'valid values: "Count", "FailIndex", "FailJob", "Ignore"')
    elif action not in _ACTIONS:
        causes.unsupported(f"{path}.action", action, _ACTIONS)
    given = [field for field in ("onExitCodes", "onPodConditions") if rule.get(field)]
    if len(given) > 1:
        causes.invalid(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported")
    elif not given:
        causes.invalid(path, rule, "specifying one of OnExitCodes and OnPodConditions is required")


def _is_unstarted(job: Object) -> bool:
    """Whether a Job is suspended and never ran, so that where its pods go may still change."""
    suspended = condition_of(job, "Suspended")
    running = job["spec"].get("suspend") and not job.get("status", {}).get("startTime")
    return bool(running) and (suspended is None or suspended.get("status") == "True")


def _check_same_template(causes: Causes, new: Object, old: Object, *, is_movable: bool) -> None:
    wished, present = new.get("template") or {}, old.get("template") or {}
    compared = wished
    if is_movable:
        kept = {field: (present.get("spec") or {}).get(field) for field in _SCHEDULING_FIELDS}
        metadata = {**(wished.get("metadata") or {})}
        metadata.update({field: (present.get("metadata") or {}).get(field) for field in ("labels", "annotations")})
        compared = {**wished, "metadata": metadata, "spec": {**(wished.get("spec") or {}), **kept}}
    if not same(compared, present):
        causes.invalid("spec.template", _shown(wished), "field is immutable")


def _shown(template: Object) -> Any:
    """A pod template as upstream's internal type is printed."""
    metadata = {key: value for key, value in (template.get("metadata") or {}).items() if value}
    return {**metadata, "Spec": gostruct.printed("PodSpec", template.get("spec") or {})}


def _check_schedule(causes: Causes, schedule: str) -> None:
    try:
        cron.parse(schedule)
    except ValueError as error:
        causes.invalid("spec.schedule", schedule, str(error))
    if "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        causes.invalid("spec.schedule", schedule, text)


def _check_time_zone(causes: Causes, zone: str) -> None:
    if not zone:
        causes.invalid("spec.timeZone", zone, "must be nil or non-empty string")
    elif zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        causes.invalid("spec.timeZone", zone, text)
    elif zone not in zoneinfo.available_timezones():
        causes.invalid("spec.timeZone", zone, f"unknown time zone {zone}")
