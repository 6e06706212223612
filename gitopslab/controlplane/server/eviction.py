"""The eviction of a pod: a deletion that PodDisruptionBudgets allow (``registry/core/pod/storage.EvictionREST``).

Called by ``subresources``. Pod and budget are changed through ``verbs``, so they pass the same admission, validation
and ownership as any write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.server.identity import check_preconditions
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.errors import ApiError, forbidden
from gitopslab.machinery import selectors
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import (
    Object,
    copy_of,
    find_condition,
    is_condition_true,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
)

if TYPE_CHECKING:
    from gitopslab.controlplane.server.verbs import Verbs

_BUDGETS = "poddisruptionbudgets.policy"
_MOST_DISRUPTED = 2000


def evict(
    verbs: Verbs, who: Caller, resource: Resource, namespace: str, name: str, eviction: Object, options: WriteOptions
) -> Record:
    """Delete a pod unless a PodDisruptionBudget forbids it now.

    Raises:
        ApiError: 429 when a budget would be violated, 500 when several budgets cover the pod.
    """
    delete = replace(_wished(eviction, options), is_inner=True)
    options = replace(options, dry_run=delete.dry_run, is_inner=True)
    pod = verbs.get(who, resource, namespace, name).object
    if not _is_safe_to_evict(pod):
        budgets = [budget for budget in verbs.reader.all(_BUDGETS, namespace_of(pod)) if _covers(budget, pod)]
        if len(budgets) > 1:
            why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            raise ApiError(500, "", why)
        for budget in budgets:
            _spend(verbs, who, pod, budget, options)
    if not options.dry_run:
        check_preconditions(resource, pod, delete)
        marked = _mark(verbs, who, resource, pod, options)
        if delete.resource_version:
            delete = replace(delete, resource_version=marked["metadata"]["resourceVersion"])
    verbs.delete(who, resource, namespace, name, delete)
    return Record.of({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})


def _wished(eviction: Object, options: WriteOptions) -> DeleteOptions:
    """How to delete the pod; a dry run is asked for with the request or, as ``kubectl drain`` does, in the object."""
    given = eviction.get("deleteOptions") or {}
    dry_run = given.get("dryRun") or []
    if options.dry_run and dry_run not in ([], ["All"]):
        listed = " ".join(map(str, dry_run))
        raise ApiError(500, "", f"Non-matching dry-run options in request and content: [All] and [{listed}]")
    wished = DeleteOptions.of(given)
    return replace(wished, dry_run=wished.dry_run or options.dry_run)


def _is_safe_to_evict(pod: Object) -> bool:
    return is_terminating(pod) or pod.get("status", {}).get("phase") in ("Succeeded", "Failed", "Pending")


def _mark(verbs: Verbs, who: Caller, resource: Resource, pod: Object, options: WriteOptions) -> Object:
    """Note on the pod why it goes; a Job's failure policy can tell such an end from a failure."""
    target = {
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": None,
        "lastTransitionTime": timestamp(verbs.clock.now()), "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }  # fmt: skip
    others = [each for each in pod["status"].get("conditions") or () if each["type"] != target["type"]]
    marked = {**pod, "status": {**pod["status"], "conditions": [*others, target]}}
    record, _ = verbs.update(who, resource, namespace_of(pod), name_of(pod), marked, options, subresource="status")
    return record.object


def _spend(verbs: Verbs, who: Caller, pod: Object, budget: Object, options: WriteOptions) -> None:
    if _is_unhealthy_and_free(pod, budget):
        return
    _check_budget(budget)
    if options.dry_run:
        return
    status, now = copy_of(budget["status"]), timestamp(verbs.clock.now())
    status["disruptionsAllowed"] -= 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), name_of(pod): now}
    allowed = find_condition(status.get("conditions") or [], "DisruptionAllowed")
    if allowed is not None and not status["disruptionsAllowed"]:
        allowed.update({"status": "False", "reason": "InsufficientPods", "message": "", "lastTransitionTime": now})
    spent, own = {**budget, "status": status}, replace(options, is_inner=False)
    verbs.update(who, verbs.built_in(_BUDGETS), namespace_of(budget), name_of(budget), spent, own, subresource="status")


def _covers(budget: Object, pod: Object) -> bool:
    selector = selectors.from_label_selector(budget.get("spec", {}).get("selector"))
    return selector is not None and selector.matches(labels_of(pod))


def _is_unhealthy_and_free(pod: Object, budget: Object) -> bool:
    """Whether a pod that is not ready goes without being counted, as ``spec.unhealthyPodEvictionPolicy`` says."""
    if is_condition_true(pod, "Ready"):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status", {})
    return 0 < int(status.get("desiredHealthy", 0)) <= int(status.get("currentHealthy", 0))


def _check_budget(budget: Object) -> None:
    """Refuse when nothing is left to spend, or while that is not known yet (``checkAndDecrement``)."""
    name, status = name_of(budget), budget.get("status", {})
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", retry_after=10)
    if len(status.get("disruptedPods") or {}) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden("poddisruptionbudget.policy", name, why)
    if status.get("disruptionsAllowed", 0) <= 0:
        raise _too_many(f"The disruption budget {name} {_lack(status)}")


def _lack(status: Object) -> str:
    needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    allowed = find_condition(status.get("conditions") or [], "DisruptionAllowed") or {}
    reason, message = allowed.get("reason"), allowed.get("message") if allowed.get("status") == "False" else ""
    if message and reason == "SyncFailed":
        return f"does not allow evicting pods currently because it failed sync: {message}"
    if has <= needs:
        return f"needs {needs} healthy pods and has {has} currently"
    return f"does not allow evicting pods currently{f' ({reason}): {message}' if message else ''}"


def _too_many(why: str, *, retry_after: int = 0) -> ApiError:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return ApiError(429, "TooManyRequests", message, details=details)
