"""Completion indexes of Indexed Jobs: their pods, and sets of them written as ``0-2,5``.

Pure functions for ``jobs`` and ``job``.

Upstream: ``pkg/controller/job/indexed_job_utils.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.machinery.objects import Object, annotations_of, labels_of, name_of

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
_ENVIRONMENT = {
    "name": "JOB_COMPLETION_INDEX",
    "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}},
}


def is_indexed(job: Object) -> bool:
    """Whether each completion has an index of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Object) -> int:
    """The completion index of a pod; -1 when it has none."""
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isdigit() else -1


def is_valid(job: Object, pod: Object) -> bool:
    """Whether a pod counts for its Job: any does, unless the Job is Indexed and the pod has none of its indexes."""
    return not is_indexed(job) or 0 <= index_of(pod) < job["spec"]["completions"]


def failures_of(pod: Object) -> int:
    """How often the index of a pod had failed before this pod, not counting failures that are to be ignored."""
    return _number(pod, FAILURES)


def attempts_of(pod: Object) -> int:
    """How often the index of a pod had failed before this pod, in whatever way."""
    return _number(pod, FAILURES) + _number(pod, IGNORED)


def _number(pod: Object, annotation: str) -> int:
    text = annotations_of(pod).get(annotation, "")
    return int(text) if text.isdigit() else 0


def parsed(text: str, completions: int) -> set[int]:
    """The indexes that ``0-2,5`` stands for, of those that a Job with this many completions has."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), min(int(last or first) + 1, completions)))
    return found


def spelled(indexes: Iterable[int]) -> str:
    """Indexes as ``0-2,5``; two neighbours are written apart, as upstream does."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    parts = []
    for run in runs:
        parts.extend([f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(index) for index in run])
    return ",".join(parts)


def indexed_pod(pod: Object, job: Object, index: int, predecessor: Object | None, *, counts: bool) -> Object:
    """A Job's pod for one index, changed in place: annotation, label, host name and environment tell it which.

    Args:
        pod: Made from the Job's template.
        job: The Job.
        index: Which one.
        predecessor: The failed pod it takes the place of; only known when failures are counted per index.
        counts: Whether that failure counts, instead of being ignored.
    """
    metadata = pod["metadata"]
    metadata["generateName"] = f"{name_of(job)}-{index}-"
    failures = {} if job["spec"].get("backoffLimitPerIndex") is None else _failures(predecessor, counts)
    metadata["annotations"] = {**annotations_of(pod), INDEX: str(index), **failures}
    metadata["labels"] = {**labels_of(pod), INDEX: str(index)}
    spec = pod["spec"]
    spec["hostname"] = f"{name_of(job)}-{index}"
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        known = container.get("env") or []
        if not any(variable["name"] == _ENVIRONMENT["name"] for variable in known):
            container["env"] = [*known, _ENVIRONMENT]
    return pod


def _failures(predecessor: Object | None, counts: bool) -> dict[str, str]:
    if predecessor is None:
        return {FAILURES: "0"}
    failures = _number(predecessor, FAILURES) + counts
    ignored = _number(predecessor, IGNORED) + (not counts)
    return {FAILURES: str(failures), **({IGNORED: str(ignored)} if ignored else {})}
