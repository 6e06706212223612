"""Argo CD's health of what runs: each gives a status and a message; ``argocd`` has looked at deletion before.

The rules and words of ``gitops-engine/pkg/health/health_*.go`` and ``resource_customizations/batch/CronJob``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object, condition_of, find_condition, is_condition_true, name_of

Told = tuple[str, str]
_HEALTHY, _SUSPENDED, _PROGRESSING, _DEGRADED = "Healthy", "Suspended", "Progressing", "Degraded"
_ROLLOUT = "Waiting for rollout to finish: "


def deployment(obj: Object) -> Told:
    """Paused, or past its deadline, or each number of replicas in turn."""
    status, wanted = _status(obj), _replicas(obj)
    if obj.get("spec", {}).get("paused"):
        return _SUSPENDED, "Deployment is paused"
    if _lags(obj):
        return _PROGRESSING, _ROLLOUT + "observed deployment generation less than desired generation"
    if (condition_of(obj, "Progressing") or {}).get("reason") == "ProgressDeadlineExceeded":
        return _DEGRADED, f'Deployment "{name_of(obj)}" exceeded its progress deadline'
    total, updated = _count(status, "replicas"), _count(status, "updatedReplicas")
    available = _count(status, "availableReplicas")
    if wanted is not None and updated < wanted:
        return _PROGRESSING, _ROLLOUT + f"{updated} out of {wanted} new replicas have been updated..."
    if total > updated:
        return _PROGRESSING, _ROLLOUT + f"{total - updated} old replicas are pending termination..."
    if available < updated:
        return _PROGRESSING, _ROLLOUT + f"{available} of {updated} updated replicas are available..."
    return _HEALTHY, ""


def replica_set(obj: Object) -> Told:
    """As many available as wanted, unless pods cannot be made."""
    status, wanted = _status(obj), _replicas(obj)
    if _lags(obj):
        return _PROGRESSING, _ROLLOUT + "observed replica set generation less than desired generation"
    if is_condition_true(obj, "ReplicaFailure"):
        return _DEGRADED, (condition_of(obj, "ReplicaFailure") or {}).get("message", "")
    available = _count(status, "availableReplicas")
    if wanted is not None and available < wanted:
        return _PROGRESSING, _ROLLOUT + f"{available} out of {wanted} new replicas are available..."
    return _HEALTHY, ""


def stateful_set(obj: Object) -> Told:
    """Pods ready, then the partition, then the revision."""
    status, wanted = _status(obj), _replicas(obj)
    if not _count(status, "observedGeneration") or _lags(obj):
        return _PROGRESSING, "Waiting for statefulset spec update to be observed..."
    ready, updated = _count(status, "readyReplicas"), _count(status, "updatedReplicas")
    if wanted is not None and ready < wanted:
        return _PROGRESSING, f"Waiting for {wanted - ready} pods to be ready..."
    strategy = obj.get("spec", {}).get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "RollingUpdate" and rolling is not None:
        return _partitioned(wanted, rolling.get("partition"), updated)
    if strategy.get("type") == "OnDelete":
        return _HEALTHY, f"statefulset has {ready} ready pods"
    current, update = status.get("currentRevision", ""), status.get("updateRevision", "")
    if update != current:
        words = "waiting for statefulset rolling update to complete"
        return _PROGRESSING, f"{words} {updated} pods at revision {update}..."
    words = "statefulset rolling update complete"
    return _HEALTHY, f"{words} {_count(status, 'currentReplicas')} pods at revision {current}..."


def _partitioned(wanted: int | None, partition: int | None, updated: int) -> Told:
    if wanted is not None and partition is not None and updated < wanted - partition:
        words = f"{updated} out of {wanted - partition} new pods have been updated..."
        return _PROGRESSING, f"Waiting for partitioned roll out to finish: {words}"
    return _HEALTHY, f"partitioned roll out complete: {updated} new pods have been updated..."


def daemon_set(obj: Object) -> Told:
    """A new pod on every node, and available."""
    status = _status(obj)
    if _lags(obj):
        return _PROGRESSING, _ROLLOUT + "observed daemon set generation less than desired generation"
    updated, wanted = _count(status, "updatedNumberScheduled"), _count(status, "desiredNumberScheduled")
    if (obj.get("spec", {}).get("updateStrategy") or {}).get("type") == "OnDelete":
        return _HEALTHY, f"daemon set {updated} out of {wanted} new pods have been updated"
    words = f'Waiting for daemon set "{name_of(obj)}" rollout to finish: '
    if updated < wanted:
        return _PROGRESSING, words + f"{updated} out of {wanted} new pods have been updated..."
    available = _count(status, "numberAvailable")
    if available < wanted:
        return _PROGRESSING, words + f"{available} of {wanted} updated pods are available..."
    return _HEALTHY, ""


def pod(obj: Object) -> Told:
    """A pod that is to run forever is healthy when ready; one that is to end, when it ended well."""
    status = _status(obj)
    phase, message = status.get("phase"), status.get("message", "")
    is_lasting = obj.get("spec", {}).get("restartPolicy", "Always") == "Always"
    stuck = [waiting for one in _containers(status) if _is_stuck(waiting := _state(one, "waiting"))]
    if is_lasting and stuck:
        return _DEGRADED, ", ".join(waiting.get("message", "") for waiting in stuck)
    if phase == "Pending":
        return _PROGRESSING, message
    if phase == "Succeeded":
        return _HEALTHY, message
    if phase == "Failed":
        return _DEGRADED, message or _failure(status)
    if phase == "Running":
        return (_lasting(obj, status) if is_lasting else _PROGRESSING), message
    return "Unknown", message


def _lasting(obj: Object, status: Object) -> str:
    if is_condition_true(obj, "Ready"):
        return _HEALTHY
    has_ended = any((one.get("lastState") or {}).get("terminated") for one in _containers(status))
    return _DEGRADED if has_ended else _PROGRESSING


def _is_stuck(waiting: Object) -> bool:
    reason = waiting.get("reason", "")
    return bool(reason.startswith("Err") or reason.endswith(("Error", "BackOff")))


def _failure(status: Object) -> str:
    """Why a pod failed: the word of the first container that has one."""
    for one in [*(status.get("initContainerStatuses") or ()), *_containers(status)]:
        ended = _state(one, "terminated")
        if ended.get("message") or ended.get("reason") == "OOMKilled":
            return str(ended.get("message") or ended["reason"])
        if ended.get("exitCode"):
            return f'container "{one.get("name")}" failed with exit code {ended["exitCode"]}'
    return ""


def job(obj: Object) -> Told:
    """Failed, suspended, complete, or still at it. That a condition is there counts, not its status."""
    conditions = _status(obj).get("conditions") or []
    failed, complete, suspended = (find_condition(conditions, kind) for kind in ("Failed", "Complete", "Suspended"))
    if failed is not None:
        return _DEGRADED, failed.get("message", "")
    if suspended is not None and suspended.get("status") == "True":
        return _SUSPENDED, ""
    said = [one for one in conditions if one.get("type") in ("Complete", "Suspended")]
    if complete is None and suspended is None:
        return _PROGRESSING, ""
    return _HEALTHY, said[-1].get("message", "")


def cron_job(obj: Object) -> Told:
    """Only a last execution that did not succeed is bad, and only while none is running."""
    status = obj.get("status")
    if obj.get("spec", {}).get("suspend") is True:
        return _HEALTHY, "CronJob is Suspended"
    if status is None:
        return _PROGRESSING, "Waiting for CronJob"
    scheduled, succeeded = status.get("lastScheduleTime"), status.get("lastSuccessfulTime")
    if scheduled is None:
        return _HEALTHY, "CronJob has not been scheduled yet"
    if succeeded is None:
        return _HEALTHY, "The CronJob never completed successfully. It may not be healthy"
    if status.get("active"):
        return _HEALTHY, "The job is running. Its last execution may not have been successful"
    if succeeded < scheduled:
        return _DEGRADED, "CronJob has not completed its last execution successfully"
    return _HEALTHY, "CronJob has completed its last execution successfully"


def _lags(obj: Object) -> bool:
    return int(obj.get("metadata", {}).get("generation") or 0) > _count(_status(obj), "observedGeneration")


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


def _replicas(obj: Object) -> int | None:
    replicas = obj.get("spec", {}).get("replicas")
    return None if replicas is None else int(replicas)


def _count(status: Object, field: str) -> int:
    return int(status.get(field) or 0)


def _containers(status: Object) -> list[Any]:
    return status.get("containerStatuses") or []


def _state(container: Any, kind: str) -> Object:
    return (container.get("state") or {}).get(kind) or {}
