"""Completion indexes of Indexed Jobs: their pods, and sets of them written as ``0-2,5``.

Pure functions for ``jobs`` and ``job``.

Upstream: ``pkg/controller/job/indexed_job_utils.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.machinery.objects import Object, annotations_of, labels_of, name_of

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
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


def failures_of(pod: Object) -> int:
    """How often the index of a pod had failed before this pod."""
    text = annotations_of(pod).get(FAILURES, "")
    return int(text) if text.isdigit() else 0


def parsed(text: str) -> set[int]:
    """The indexes that ``0-2,5`` stands for."""
    found: set[int] = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
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


def indexed_pod(pod: Object, job: Object, index: int, failures: int | None) -> Object:
    """A Job's pod for one index, changed in place: annotation, label, host name and environment tell it which."""
    metadata = pod["metadata"]
    metadata["generateName"] = f"{name_of(job)}-{index}-"
    annotations = {**annotations_of(pod), INDEX: str(index)}
    metadata["annotations"] = {**annotations, **({} if failures is None else {FAILURES: str(failures)})}
    metadata["labels"] = {**labels_of(pod), INDEX: str(index)}
    spec = pod["spec"]
    spec["hostname"] = f"{name_of(job)}-{index}"
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        known = container.get("env") or []
        if not any(variable["name"] == _ENVIRONMENT["name"] for variable in known):
            container["env"] = [*known, _ENVIRONMENT]
    return pod
