"""What a Job's policies make of its pods: which failures count, which end the Job, when it has succeeded early.

Pure functions for ``jobs``.

Upstream: ``pkg/controller/job/{pod_failure_policy,success_policy}.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.jobindexes import parsed
from gitopslab.machinery.objects import Object, name_of, namespace_of


def verdict(job: Object, pod: Object) -> tuple[str, str]:
    """The action of the first ``podFailurePolicy`` rule that a failed pod matches, and a message that says why.

    Without a policy or a match the action is ``Count``.
    """
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        by_code = rule.get("onExitCodes")
        why = _by_exit_code(by_code, pod) if by_code else _by_condition(rule.get("onPodConditions"), pod)
        if why:
            return rule["action"], f"{why} matching {rule['action']} rule at index {number}"
    return "Count", ""


def _by_exit_code(wanted: Object, pod: Object) -> str:
    for status in _statuses(pod):
        if wanted.get("containerName") not in (None, status["name"]):
            continue
        code = ((status.get("state") or {}).get("terminated") or {}).get("exitCode") or 0
        is_listed = code in (wanted.get("values") or ())
        if code and is_listed == (wanted.get("operator") == "In"):
            where = f"{namespace_of(pod)}/{name_of(pod)}"
            return f"Container {status['name']} for pod {where} failed with exit code {code}"
    return ""


def _statuses(pod: Object) -> Iterable[Object]:
    status = pod.get("status", {})
    yield from status.get("containerStatuses") or ()
    yield from status.get("initContainerStatuses") or ()


def _by_condition(wanted: list[Object] | None, pod: Object) -> str:
    for pattern in wanted or ():
        for condition in pod.get("status", {}).get("conditions") or ():
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status", "True"):
                return f"Pod {namespace_of(pod)}/{name_of(pod)} has condition {condition['type']}"
    return ""


def met_rule(job: Object, succeeded: set[int]) -> int | None:
    """The number of the first ``successPolicy`` rule that these succeeded indexes meet."""
    rules = (job["spec"].get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules if succeeded else ()):
        count, counted, wanted = rule.get("succeededCount"), succeeded, None
        if rule.get("succeededIndexes") is not None:
            wanted = parsed(rule["succeededIndexes"], job["spec"]["completions"])
            counted = succeeded & wanted
        if (wanted and counted == wanted) or (count is not None and wanted != set() and len(counted) >= count):
            return number
    return None
