"""Rules of Job and CronJob."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct, jobpolicies, jobstatus, podspec
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_selector, selects
from gitopslab.controlplane.server.validation.numbers import check_not_negative
from gitopslab.machinery import cron
from gitopslab.machinery.objects import Object, is_condition_true, labels_of, name_of, uid_of

_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
_COMPLETION_MODES = ("NonIndexed", "Indexed")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_MAX_PARALLEL_INDEXED = 100_000
_MAX_FAILED_INDEXES = 100_000
_MANY_COMPLETIONS, _MOST_OF_MANY = 100_000, 10_000  # above so many completions other limits are lower
_LONGEST_MANAGER = 63
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
    _check_host_name(causes, job)


def check_job_change(causes: Causes, job: Object, before: Object, subresource: str) -> None:
    """A Job's pods are what they are; how many run at a time may change."""
    if subresource == "status":
        jobstatus.check_status(causes, job, before)
        return
    _check_whole(causes, job)  # as that of a new one, and by the rules of changes too
    new, old = job["spec"], before["spec"]
    _check_completions(causes, new, old)
    check_immutable(causes, new.get("selector"), old.get("selector"), "spec.selector")
    _check_same_template(causes, new, old, is_changeable=_is_at_rest(before))
    check_immutable(causes, new.get("completionMode"), old.get("completionMode"), "spec.completionMode")
    _check_same_policy(causes, new, old, "podFailurePolicy", _failure_policy)
    for field in ("backoffLimitPerIndex", "managedBy"):
        check_immutable(causes, new.get(field), old.get(field), f"spec.{field}")
    _check_same_policy(causes, new, old, "successPolicy", _success_policy)


def _check_same_policy(causes: Causes, new: Object, old: Object, field: str, shown: Callable[[Object], Object]) -> None:
    wished, present = new.get(field), old.get(field)
    if (wished is None) != (present is None) or not same(wished, present):
        causes.invalid(f"spec.{field}", shown(wished) if wished is not None else None, "field is immutable")


_NO_MATCH = "`selector` does not match template `labels`"


def check_cron_job(causes: Causes, cron_job: Object) -> None:
    """A new CronJob."""
    _check_cron_spec(causes, cron_job["spec"])
    if len(name_of(cron_job)) > _CRON_JOB_NAME:
        # The Job's name is the CronJob's with eleven characters for the time.
        causes.invalid("metadata.name", name_of(cron_job), f"must be no more than {_CRON_JOB_NAME} characters")


def check_cron_job_change(causes: Causes, cron_job: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource != "status":
        _check_cron_spec(causes, cron_job["spec"])


def _check_cron_spec(causes: Causes, spec: Object) -> None:
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
    if not selects(spec["selector"], {label: expected(job) for label, expected in _GENERATED}):
        causes.invalid("spec.selector", spec["selector"], "`selector` not auto-generated")


def _check_whole(causes: Causes, job: Object) -> None:
    spec = job["spec"]
    _check_spec(causes, spec, "spec")
    labels = labels_of(spec.get("template") or {})
    if spec.get("selector") is None:
        causes.required("spec.selector")
        causes.invalid("spec.template.metadata.labels", labels or None, _NO_MATCH)
        return
    check_selector(causes, spec["selector"], "spec.selector")
    if not selects(spec["selector"], labels):
        causes.invalid("spec.template.metadata.labels", labels or None, _NO_MATCH)


def _check_job_template(causes: Causes, template: Object, path: str) -> None:
    spec = template.get("spec") or {}
    _check_spec(causes, spec, f"{path}.spec")
    if spec.get("selector") is not None:
        causes.invalid(f"{path}.spec.selector", spec["selector"], "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        causes.unsupported(f"{path}.spec.manualSelector", True, ("nil", "false"))


def _check_spec(causes: Causes, spec: Object, path: str) -> None:
    check_not_negative(causes, spec, path, *_COUNTS)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        causes.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.get("managedBy") is not None:
        _check_manager(causes, spec["managedBy"], f"{path}.managedBy")
    mode = spec.get("completionMode")
    if mode is not None and mode not in _COMPLETION_MODES:
        causes.unsupported(f"{path}.completionMode", mode, _COMPLETION_MODES)
    if mode == "Indexed":
        _check_indexed(causes, spec, path)
    elif mode in (None, "NonIndexed"):
        _check_not_indexed(causes, spec, path)
    _check_policies(causes, spec, path)
    template = spec.get("template") or {}
    podspec.check_template(causes, template, f"{path}.template")
    _check_restart_policy(causes, spec, template, f"{path}.template.spec.restartPolicy")


def _check_policies(causes: Causes, spec: Object, path: str) -> None:
    if spec.get("podFailurePolicy") is not None:
        jobpolicies.check_failure_policy(causes, spec, f"{path}.podFailurePolicy")
    policy = spec.get("successPolicy")
    if policy is not None and spec.get("completionMode") != "Indexed":
        causes.invalid(f"{path}.successPolicy", _success_policy(policy), "requires indexed completion mode")
    elif policy is not None:
        jobpolicies.check_success_policy(causes, spec, f"{path}.successPolicy")
    jobpolicies.check_replacement(causes, spec, f"{path}.podReplacementPolicy")


def _failure_policy(policy: Object) -> Object:
    """As Go prints its struct."""
    return {"Rules": [gostruct.printed("PodFailurePolicyRule", rule) for rule in policy.get("rules") or ()]}


def _success_policy(policy: Object) -> Object:
    """As Go prints its struct."""
    fields = (("SucceededIndexes", "succeededIndexes"), ("SucceededCount", "succeededCount"))
    rules = policy.get("rules")
    return {"Rules": None if rules is None else [{name: rule.get(key) for name, key in fields} for rule in rules]}


def _check_manager(causes: Causes, manager: str, path: str) -> None:
    domain, _, rest = manager.partition("/")
    if not manager:
        causes.required(path)
    elif not domain or not rest:
        causes.invalid(path, manager, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        causes.each(path, domain, formats.problems_of_subdomain(domain))
        causes.each(path, rest, formats.problems_of_path(rest))
    if len(manager) > _LONGEST_MANAGER:
        causes.too_long(path, _LONGEST_MANAGER)


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
    completions, parallelism, most = spec.get("completions"), spec.get("parallelism"), spec.get("maxFailedIndexes")
    if completions is None:
        causes.required(f"{path}.completions", "when completion mode is Indexed")
    if (parallelism or 0) > _MAX_PARALLEL_INDEXED:
        text = f"must be less than or equal to {_MAX_PARALLEL_INDEXED} when completion mode is Indexed"
        causes.invalid(f"{path}.parallelism", parallelism, text)
    if completions is not None and most is not None and most > completions:
        causes.invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions")
    if (most or 0) > _MAX_FAILED_INDEXES:
        causes.invalid(f"{path}.maxFailedIndexes", most, f"must be less than or equal to {_MAX_FAILED_INDEXES}")
    if (completions or 0) > _MANY_COMPLETIONS and spec.get("backoffLimitPerIndex") is not None:
        _check_many(causes, spec, path)


def _check_many(causes: Causes, spec: Object, path: str) -> None:
    if spec.get("maxFailedIndexes") is None:
        text = f"must be specified when completions is above {_MANY_COMPLETIONS}"
        causes.required(f"{path}.maxFailedIndexes", text)
    for field in ("parallelism", "maxFailedIndexes"):
        if (spec.get(field) or 0) > _MOST_OF_MANY:
            when = f"when completions are above {_MANY_COMPLETIONS} and used with backoff limit per index"
            causes.invalid(f"{path}.{field}", spec[field], f"must be less than or equal to {_MOST_OF_MANY} {when}")


def _check_not_indexed(causes: Causes, spec: Object, path: str) -> None:
    for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(field) is not None:
            causes.invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")


def _check_host_name(causes: Causes, job: Object) -> None:
    """The pods of an Indexed Job are called after it and their index."""
    spec = job["spec"]
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > 0:
        longest = f"{name_of(job)}-{spec['completions'] - 1}"
        if any(formats.problems_of_label(longest)):
            text = f"will not able to create pod with invalid DNS label: {longest}"
            causes.invalid("metadata.name", name_of(job), text)


def _check_completions(causes: Causes, new: Object, old: Object) -> None:
    wished, present = new.get("completions"), old.get("completions")
    if new.get("completionMode") != "Indexed":
        check_immutable(causes, wished, present, "spec.completions")
    elif wished not in (None, present) and wished != new.get("parallelism"):
        causes.invalid("spec.completions", wished, "can only be modified in tandem with spec.parallelism")


def _is_at_rest(job: Object) -> bool:
    """Whether a Job is suspended and has no pods, so that where these go and what they get may still change."""
    status = job.get("status", {})
    has_stopped = not status.get("startTime") or is_condition_true(job, "Suspended")
    return bool(job["spec"].get("suspend")) and has_stopped and not status.get("active")


def _check_same_template(causes: Causes, new: Object, old: Object, *, is_changeable: bool) -> None:
    wished, present = new.get("template") or {}, old.get("template") or {}
    if not is_changeable:
        if not same(wished, present):
            causes.invalid("spec.template", _shown(wished), "field is immutable")
        return
    after, before = wished.get("spec") or {}, present.get("spec") or {}
    if not same(_fixed(after), _fixed(before)):
        causes.invalid("spec.template.spec", gostruct.printed("PodSpec", after), "field is immutable")


def _fixed(pod: Object) -> Object:
    """What of a pod's spec is fixed even while its Job is at rest: all but where it goes and what it gets."""
    kept = {field: value for field, value in pod.items() if field not in _SCHEDULING_FIELDS}
    for field in ("containers", "initContainers"):
        if field in kept:
            kept[field] = [{key: each[key] for key in each if key != "resources"} for each in kept[field]]
    affinity = {key: value for key, value in (pod.get("affinity") or {}).items() if key != "nodeAffinity"}
    return {**kept, **({"affinity": affinity} if affinity else {})}


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
        causes.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
        return
    if zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        causes.invalid("spec.timeZone", zone, text)
    if zone not in ("Local", "UTC") and zone not in zoneinfo.available_timezones():
        causes.invalid("spec.timeZone", zone, f"unknown time zone {zone}")
