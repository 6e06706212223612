"""kstatus' rules by kind. Each gives one of its words and a message; ``kstatus`` has asked the generic rules before.

Source: ``fluxcd/cli-utils/pkg/kstatus/status/core.go``; of Jobs ``fluxcd/pkg/runtime/statusreaders/job.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object, condition_of, is_condition_true

Told = tuple[str, str]
_GOING, _FAILED, _CURRENT = "InProgress", "Failed", "Current"
_NO_DEADLINE = 2**31 - 1


def always(obj: Object) -> Told:
    """Kinds that are what they are once they exist."""
    return _CURRENT, "Resource is always ready"


def deployment(obj: Object) -> Told:
    """A rollout: past its deadline, or each number of replicas in turn."""
    progressing = condition_of(obj, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        return _FAILED, "Progress deadline exceeded"
    status, wanted = _status(obj), _wanted(obj)
    total, updated = _count(status, "replicas"), _count(status, "updatedReplicas")
    ready, available = _count(status, "readyReplicas"), _count(status, "availableReplicas")
    if total < wanted:
        return _GOING, f"Replicas: {total}/{wanted}"
    if updated < wanted:
        return _GOING, f"Updated: {updated}/{wanted}"
    if total > wanted:
        return _GOING, f"Pending termination: {total - wanted}"
    if available < updated:
        return _GOING, f"Available: {available}/{updated}"
    if ready < wanted:
        return _GOING, f"Ready: {ready}/{wanted}"
    if not _has_rolled_out(obj, progressing):
        return _GOING, "ReplicaSet not Available"
    available_now = condition_of(obj, "Available")
    if available_now is None or available_now.get("status") != "True":
        return _GOING, "Deployment not Available"
    return _CURRENT, f"Deployment is available. Replicas: {total}"


def _has_rolled_out(obj: Object, progressing: Object | None) -> bool:
    """Whether the newest ReplicaSet is available; without a deadline the controller never says so."""
    if obj.get("spec", {}).get("progressDeadlineSeconds", _NO_DEADLINE) == _NO_DEADLINE:
        return True
    said = progressing or {}
    return said.get("status") == "True" and said.get("reason") == "NewReplicaSetAvailable"


def replica_set(obj: Object) -> Told:
    """Enough replicas, labelled, available and ready, and none too many."""
    failure = condition_of(obj, "ReplicaFailure")
    if failure is not None and failure.get("status") == "True":
        return _GOING, "Replica Failure condition. Check Pods"
    status, wanted = _status(obj), _wanted(obj)
    total = _count(status, "replicas")
    for field, word in (("fullyLabeledReplicas", "Labelled"), ("availableReplicas", "Available")):
        if _count(status, field) < wanted:
            return _GOING, f"{word}: {_count(status, field)}/{wanted}"
    if _count(status, "readyReplicas") < wanted:
        return _GOING, f"Ready: {_count(status, 'readyReplicas')}/{wanted}"
    if total > wanted:
        return _GOING, f"Pending termination: {total - wanted}"
    return _CURRENT, f"ReplicaSet is available. Replicas: {total}"


def stateful_set(obj: Object) -> Told:
    """Every pod there, ready, current, and of the newest revision; a partition holds some back on purpose."""
    strategy = obj.get("spec", {}).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return _CURRENT, "StatefulSet is using the ondelete update strategy"
    status, wanted = _status(obj), _wanted(obj)
    total, ready = _count(status, "replicas"), _count(status, "readyReplicas")
    if total < wanted:
        return _GOING, f"Replicas: {total}/{wanted}"
    if ready < wanted:
        return _GOING, f"Ready: {ready}/{wanted}"
    if total > wanted:
        return _GOING, f"Pending termination: {total - wanted}"
    partition = (strategy.get("rollingUpdate") or {}).get("partition")
    if partition is not None:
        updated = _count(status, "updatedReplicas")
        if updated < wanted - partition:
            return _GOING, f"updated: {updated}/{wanted - partition}"
        return _CURRENT, f"Partition rollout complete. updated: {updated}"
    current = _count(status, "currentReplicas")
    if current < wanted:
        return _GOING, f"current: {current}/{wanted}"
    if status.get("currentRevision") != status.get("updateRevision"):
        return _GOING, "Waiting for updated revision to match current"
    return _CURRENT, f"All replicas scheduled as expected. Replicas: {total}"


def daemon_set(obj: Object) -> Told:
    """A pod on every node it is meant for."""
    status = _status(obj)
    if "observedGeneration" not in status:
        return _GOING, "DaemonSet status.observedGeneration not found"
    if "desiredNumberScheduled" not in status:
        return _GOING, "Missing .status.desiredNumberScheduled"
    wanted = _count(status, "desiredNumberScheduled")
    for field, word in (
        ("currentNumberScheduled", "Current"), ("updatedNumberScheduled", "Updated"),
        ("numberAvailable", "Available"), ("numberReady", "Ready"),
    ):  # fmt: skip
        if _count(status, field) < wanted:
            return _GOING, f"{word}: {_count(status, field)}/{wanted}"
    return _CURRENT, f"All replicas scheduled as expected. Replicas: {wanted}"


def job(obj: Object) -> Told:
    """Flux waits for a Job to complete; kstatus alone would be content with its start."""
    spec, status = obj.get("spec", {}), _status(obj)
    if spec.get("suspend"):
        return _CURRENT, "Job is suspended"
    active, succeeded, failed = (_count(status, field) for field in ("active", "succeeded", "failed"))
    parallelism = spec.get("parallelism", 1)
    completions = spec.get("completions", parallelism)
    if is_condition_true(obj, "Complete"):
        return _CURRENT, f"Job Completed. succeeded: {succeeded}/{completions}"
    if is_condition_true(obj, "Failed"):
        return _FAILED, f"Job Failed. failed: {failed}/{completions}"
    if not status.get("startTime"):
        return _GOING, f"Job not started. active: 0/{parallelism}"
    return _GOING, f"Job in progress. success:{succeeded}, active: {active}, failed: {failed}"


def pod(obj: Object) -> Told:
    """Ready, or over: kstatus counts a pod that has failed as current, too."""
    status = _status(obj)
    phase, ready = status.get("phase"), condition_of(obj, "Ready") or {}
    if phase == "Succeeded":
        return _CURRENT, "Pod has completed successfully"
    if phase == "Failed":
        return _CURRENT, "Pod has completed, but not successfully"
    if phase == "Pending":
        if is_unschedulable(obj):
            return _GOING, "Pod has not been scheduled"
        return _GOING, "Pod is in the Pending phase"
    if phase == "Running":
        if ready.get("status") == "True":
            return _CURRENT, "Pod is Ready"
        crashing = [c["name"] for c in status.get("containerStatuses") or () if _waits(c) == "CrashLoopBackOff"]
        if crashing:
            return _FAILED, f"Containers in CrashLoop state: {','.join(crashing)}"
        return _GOING, "Pod is running but is not Ready"
    return _GOING, "Pod phase not available" if phase is None else f"Pod phase is {phase}"


def is_unschedulable(obj: Object) -> bool:
    """Whether the scheduler found no node for a pod."""
    scheduled = condition_of(obj, "PodScheduled") or {}
    return scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"


def claim(obj: Object) -> Told:
    """A claim is current once it is bound."""
    phase = _status(obj).get("phase", "unknown")
    return (_CURRENT, "PVC is Bound") if phase == "Bound" else (_GOING, f"PVC is not Bound. phase: {phase}")


def service(obj: Object) -> Told:
    """Only a load balancer has to wait, and only for its cluster address."""
    spec = obj.get("spec", {})
    if spec.get("type") == "LoadBalancer" and not spec.get("clusterIP"):
        return _GOING, "ClusterIP not set. Service type: LoadBalancer"
    return _CURRENT, "Service is ready"


def budget(obj: Object) -> Told:
    """A disruption budget is current once somebody has counted for it."""
    return _CURRENT, "AllowedDisruptions has been computed."


def definition(obj: Object) -> Told:
    """A CustomResourceDefinition: its names taken, then established."""
    accepted, established = condition_of(obj, "NamesAccepted"), condition_of(obj, "Established")
    if accepted is not None and accepted.get("status") == "False":
        return _FAILED, accepted.get("message", "")
    if established is not None and established.get("status") == "True":
        return _CURRENT, "CRD is established"
    if established is not None and established.get("reason") != "Installing":
        return _FAILED, established.get("message", "")
    return _GOING, "Install in progress"


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


def _wanted(obj: Object) -> int:
    replicas = obj.get("spec", {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _count(status: Object, field: str) -> int:
    return int(status.get(field) or 0)


def _waits(container: Any) -> str:
    return str(((container.get("state") or {}).get("waiting") or {}).get("reason", ""))
