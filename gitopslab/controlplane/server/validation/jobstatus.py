"""Rules of a Job's status, which hold whoever keeps it: what is over stays over, and what is told of it fits together.

Only what a write changes is looked at, so that a status that was wrong before can still be written. Upstream:
``validateJobStatus`` and ``ValidateJobStatusUpdate`` in ``apis/batch/validation``, ``getStatusValidationOptions`` in
``registry/batch/job``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.jobpolicies import first_common, total_of
from gitopslab.controlplane.server.validation.numbers import check_not_negative
from gitopslab.machinery.objects import Object, condition_of, is_condition_true

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_EXCLUSIVE = (
    ("Complete", "Failed", "cannot set Complete=True and Failed=true conditions"),
    ("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions"),
    ("SuccessCriteriaMet", "Failed", "cannot set SuccessCriteriaMet=True and Failed=true conditions"),
    ("SuccessCriteriaMet", "FailureTarget", "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"),
)
_PREPARED = (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet"))


def check_status(causes: Causes, job: Object, before: Object) -> None:
    """A Job whose status is written."""
    status, old = job.get("status") or {}, before.get("status") or {}
    check_not_negative(causes, status, "status", *_COUNTS)
    _check_uncounted(causes, status.get("uncountedTerminatedPods") or {})
    changed = {field for field in {**status, **old} if status.get(field) != old.get(field)}
    if "conditions" in changed:
        _check_conditions(causes, job, before)
    if is_over(job):
        _check_end(causes, job, changed if is_over(before) else {*changed, "conditions"})
    _check_times(causes, job, before, changed)
    _check_indexes(causes, job, changed)
    if changed & {"ready", "active"} and status.get("ready", 0) > status.get("active", 0):
        causes.invalid("status.ready", status["ready"], "cannot set more ready pods than active")
    _check_counters(causes, job, before)


def is_over(job: Object) -> bool:
    """Whether a Job has completed or failed for good."""
    return is_condition_true(job, "Complete") or is_condition_true(job, "Failed")


def _check_uncounted(causes: Causes, uncounted: Object) -> None:
    seen: set[str] = set()
    for outcome in ("succeeded", "failed"):
        for index, uid in enumerate(uncounted.get(outcome) or ()):
            path = f"status.uncountedTerminatedPods.{outcome}[{index}]"
            if not uid:
                causes.invalid(path, uid, "must not be empty")
            elif uid in seen:
                causes.duplicate(path, uid)
            seen.add(uid)


def _check_conditions(causes: Causes, job: Object, before: Object) -> None:
    now = {
        kind for kind in ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet") if is_condition_true(job, kind)
    }
    _tell(causes, (why for one, other, why in _EXCLUSIVE if {one, other} <= now))
    _tell(
        causes,
        (
            f"cannot set {end}=True condition without the {target}=true condition"
            for end, target in _PREPARED
            if end in now and target not in now
        ),
    )
    if job["spec"].get("successPolicy") is not None and "Complete" in now and "SuccessCriteriaMet" not in now:
        _tell(causes, ["cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"])
    for kind in ("Failed", "Complete", "FailureTarget"):
        if is_condition_true(before, kind) and kind not in now:
            _tell(causes, [f"cannot disable the terminal {kind}=True condition"])
    if is_condition_true(before, "SuccessCriteriaMet") and "SuccessCriteriaMet" not in now:
        _tell(causes, ["cannot disable the SuccessCriteriaMet=True condition"])


def _tell(causes: Causes, faults: Iterable[str]) -> None:
    for fault in faults:
        causes.bare("status.conditions", "FieldValueInvalid", "Invalid value", fault)


def _check_end(causes: Causes, job: Object, changed: set[str]) -> None:
    """A Job that is over runs no pods and has none left to count."""
    status, spec = job["status"], job["spec"]
    for field in ("active", "terminating"):
        if changed & {"conditions", field} and status.get(field, 0) > 0:
            causes.invalid(f"status.{field}", status[field], f"{field}>0 is invalid for finished job")
    never_starts = spec.get("suspend") and spec.get("completions") == 0
    if changed & {"conditions", "startTime"} and status.get("startTime") is None and not never_starts:
        causes.required("status.startTime", "startTime is required for finished job")
    uncounted = status.get("uncountedTerminatedPods") or {}
    if changed & {"conditions", "uncountedTerminatedPods"} and any(uncounted.values()):
        shown = {field.title(): uncounted.get(field) for field in ("succeeded", "failed")}
        causes.invalid("status.uncountedTerminatedPods", shown, "must be empty for finished job")


def _check_times(causes: Causes, job: Object, before: Object, changed: set[str]) -> None:
    status, old = job.get("status") or {}, before.get("status") or {}
    start, end = status.get("startTime"), status.get("completionTime")
    is_complete = is_condition_true(job, "Complete")
    if "completionTime" in changed or is_complete != is_condition_true(before, "Complete"):
        if end is not None and not is_complete:
            detail = "cannot set completionTime when there is no Complete=True condition"
            causes.invalid("status.completionTime", end, detail)
        elif end is None and is_complete:
            causes.required("status.completionTime", "completionTime is required for Complete jobs")
    if changed & {"startTime", "completionTime"} and start and end and end < start:
        causes.invalid("status.completionTime", end, "must be equal to or after `startTime`")
    if end is not None and old.get("completionTime") not in (None, end):
        causes.invalid("status.completionTime", end, "field is immutable")
    resumed = is_condition_true(before, "Suspended") and (condition_of(job, "Suspended") or {}).get("status") == "False"
    if old.get("startTime") not in (None, start) and not job["spec"].get("suspend") and not resumed:
        causes.invalid("status.startTime", start, "field is immutable for unsuspended job once set")


def _check_indexes(causes: Causes, job: Object, changed: set[str]) -> None:
    spec, status = job["spec"], job.get("status") or {}
    completions, completed, failed = (
        spec.get("completions"),
        status.get("completedIndexes"),
        status.get("failedIndexes"),
    )
    if "completedIndexes" in changed and completed:
        _check_format(causes, "completedIndexes", completed, completions)
        if spec.get("completionMode") != "Indexed":
            detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
            causes.invalid("status.completedIndexes", completed, detail)
    if "failedIndexes" in changed and failed is not None:
        if spec.get("backoffLimitPerIndex") is not None:
            _check_format(causes, "failedIndexes", failed, completions)
        else:
            detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
            causes.invalid("status.failedIndexes", failed, detail)
    if changed & {"completedIndexes", "failedIndexes"} and completed and failed and completions is not None:
        both = first_common(completed, failed, completions)
        if both is not None:
            detail = f"failedIndexes and completedIndexes overlap at index: {both}"
            causes.invalid("status.failedIndexes", failed, detail)


def _check_format(causes: Causes, field: str, text: str, completions: int | None) -> None:
    if completions is None:
        return
    try:
        total_of(text, completions)
    except ValueError as error:
        causes.invalid(f"status.{field}", text, f"error parsing {field}: {error}")


def _check_counters(causes: Causes, job: Object, before: Object) -> None:
    """What was counted stays counted; an Indexed Job that is made smaller forgets its highest indexes."""
    spec, status, old = job["spec"], job.get("status") or {}, before.get("status") or {}
    may_shrink = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for field in ("failed",) if may_shrink else ("failed", "succeeded"):
        if status.get(field, 0) < old.get(field, 0):
            causes.invalid(f"status.{field}", status.get(field, 0), f"cannot decrease the {field} counter")
