"""Says how a Deployment is getting on: its counts, and the conditions Available, Progressing and ReplicaFailure.

Pure functions over a ``Rollout``, called by ``deployment`` at the end of each reconcile. ``kubectl rollout status`` and
``kubectl wait`` read what comes out, so every reason and message is the real controller's.

Upstream: ``pkg/controller/deployment/progress.go`` and ``calculateStatus`` in ``sync.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers.conditions import put, remove
from gitopslab.controlplane.controllers.replicaset import replicas_of
from gitopslab.controlplane.controllers.rollout import Rollout, counted, max_unavailable, total
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, find_condition, name_of

_NO_DEADLINE = 2**31 - 1


def deployment_condition(kind: str, status: str, reason: str, message: str, now: float) -> Object:
    """A condition as Deployments carry them, with both its times."""
    moment = timestamp(now)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": moment,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": message,
    }


def has_deadline(deployment: Object) -> bool:
    """Whether lack of progress is looked for."""
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, _NO_DEADLINE)


def status_of(rollout: Rollout, now: float) -> Object:
    """The counts and the Available condition; other conditions as they are."""
    deployment, sets = rollout.deployment, rollout.sets
    known = deployment.get("status", {})
    available = counted(sets, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": counted(sets, "replicas"),
        "updatedReplicas": counted([rollout.new] if rollout.new is not None else [], "replicas"),
        "readyReplicas": counted(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total(sets) - available),
    }
    status: Object = {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = counted(sets, "terminatingReplicas")
    if known.get("collisionCount") is not None:
        status["collisionCount"] = known["collisionCount"]
    is_enough = available >= replicas_of(deployment) - max_unavailable(deployment)
    if is_enough:
        condition = ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        condition = (
            "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.",
        )  # fmt: skip
    status["conditions"] = put(known.get("conditions") or [], deployment_condition(*condition, now))
    return status


def with_progress(rollout: Rollout, status: Object, now: float) -> Object:
    """The status with Progressing and ReplicaFailure brought up to date (``syncRolloutStatus``)."""
    deployment = rollout.deployment
    conditions: list[Object] = status["conditions"]
    if not has_deadline(deployment):
        conditions = remove(conditions, "Progressing")
    elif not _was_complete(deployment, status):
        conditions = _progressed(rollout, status, now)
    failure = _failure(rollout)
    conditions = put(conditions, failure) if failure is not None else remove(conditions, "ReplicaFailure")
    return {**status, "conditions": conditions}


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether every wanted pod is of the newest template and available, and no other pod is left."""
    replicas = replicas_of(deployment)
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return observed and all(status.get(count, 0) == replicas for count in counts)


def next_check(deployment: Object, status: Object, now: float) -> float | None:
    """Seconds until lack of progress would have to be reported; None when it need not be."""
    condition = find_condition(status.get("conditions") or [], "Progressing")
    if condition is None or not has_deadline(deployment) or deployment["spec"].get("paused"):
        return None
    if is_complete(deployment, status) or condition.get("reason") == "ProgressDeadlineExceeded":
        return None
    due = seconds_of(condition["lastUpdateTime"]) + float(deployment["spec"]["progressDeadlineSeconds"])
    return max(0.0, due - now) + 1


def pause_condition(deployment: Object, now: float) -> Object | None:
    """The Progressing condition that marks a pause or its end; None when there is nothing to say.

    Without it a Deployment that was paused for longer than its deadline would fail the moment it resumes.
    """
    known = condition_of(deployment, "Progressing") or {}
    if not has_deadline(deployment) or known.get("reason") == "ProgressDeadlineExceeded":
        return None
    paused, was_paused = bool(deployment["spec"].get("paused")), known.get("reason") == "DeploymentPaused"
    if paused == was_paused:
        return None
    reason, message = (
        ("DeploymentPaused", "Deployment is paused") if paused else ("DeploymentResumed", "Deployment is resumed")
    )
    return deployment_condition("Progressing", "Unknown", reason, message, now)


def _was_complete(deployment: Object, status: Object) -> bool:
    known = condition_of(deployment, "Progressing") or {}
    is_settled = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    return is_settled and known.get("reason") == "NewReplicaSetAvailable"


def _progressed(rollout: Rollout, status: Object, now: float) -> list[Object]:
    deployment = rollout.deployment
    conditions: list[Object] = status["conditions"]
    new = rollout.new
    subject = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, status):
        message = f"{subject} has successfully progressed."
        return put(conditions, deployment_condition("Progressing", "True", "NewReplicaSetAvailable", message, now))
    if _has_moved(deployment.get("status", {}), status):
        message = f"{subject} is progressing."
        condition = deployment_condition("Progressing", "True", "ReplicaSetUpdated", message, now)
        known = find_condition(conditions, "Progressing")
        if known is not None and known["status"] == "True":
            condition["lastTransitionTime"] = known["lastTransitionTime"]
        # Replaced even when nothing but lastUpdateTime is new: that time is what the deadline counts from.
        return [*remove(conditions, "Progressing"), condition]
    if _has_timed_out(deployment, status, now):
        message = f"{subject} has timed out progressing."
        return put(conditions, deployment_condition("Progressing", "False", "ProgressDeadlineExceeded", message, now))
    return conditions


def _has_moved(before: Object, after: Object) -> bool:
    def older(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    rising = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return older(after) < older(before) or any(after.get(count, 0) > before.get(count, 0) for count in rising)


def _has_timed_out(deployment: Object, status: Object, now: float) -> bool:
    condition = find_condition(status["conditions"], "Progressing")
    if condition is None or condition.get("reason") == "NewReplicaSetAvailable":
        return False
    if condition.get("reason") == "ProgressDeadlineExceeded":
        return True
    return seconds_of(condition["lastUpdateTime"]) + float(deployment["spec"]["progressDeadlineSeconds"]) < now


def _failure(rollout: Rollout) -> Object | None:
    """What keeps a ReplicaSet from making pods, the new one's failure before those of old ones."""
    for found in (*([rollout.new] if rollout.new is not None else []), *rollout.olds):
        condition = condition_of(found, "ReplicaFailure")
        if condition is not None:
            return {**condition, "lastUpdateTime": condition["lastTransitionTime"]}
    return None
