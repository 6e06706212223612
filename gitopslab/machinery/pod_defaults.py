"""What the API server fills into a pod that decides where it may run: requests, host ports, label keys.

``server.defaults`` and ``server.strategy`` do it to every pod they store. ``complete`` does it to a manifest that no
server has seen, so that the scheduler can judge it.
"""

from __future__ import annotations

from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object, copy_of, labels_of

_POD_LEVEL = ("cpu", "memory")
_HUGE = "hugepages-"
_AFFINITY_LISTS = (
    ("podAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
    ("podAffinity", "preferredDuringSchedulingIgnoredDuringExecution"),
    ("podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
    ("podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"),
)


def complete(pod: Object) -> Object:
    """A copy of a pod as a server would store it, as far as scheduling is concerned.

    What a stored pod has already stays as it is.
    """
    pod = copy_of(pod)
    pod.setdefault("metadata", {}).setdefault("namespace", "default")
    set_requests(pod.setdefault("spec", {}))
    merge_match_label_keys(pod)
    return pod


def set_requests(spec: Object) -> None:
    """A limit without a request is the request too; ports of the node's own network are the node's ports."""
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _follow(container.get("resources") or {})
        for port in (container.get("ports") or ()) if spec.get("hostNetwork") else ():
            if not port.get("hostPort"):
                port["hostPort"] = port.get("containerPort")
    if spec.get("resources"):
        _set_pod_limits(spec)
        _set_pod_requests(spec)


def _follow(resources: Object) -> None:
    limits = resources.get("limits")
    if limits:
        resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _set_pod_limits(spec: Object) -> None:
    """Huge pages that containers are limited to limit the pod as a whole, unless it asks for some itself."""
    resources = spec["resources"]
    if not (resources.get("limits") or resources.get("requests")):
        return
    asked = resources.get("requests") or {}
    for name, amount in usage.effective(spec, "limits", overhead=False).items():
        if name.startswith(_HUGE) and name not in asked:
            resources.setdefault("limits", {}).setdefault(name, str(amount))


def _set_pod_requests(spec: Object) -> None:
    """A pod with limits of its own asks for what its containers ask for, else for what it is limited to."""
    resources = spec["resources"]
    limits = resources.get("limits") or {}
    if not limits:
        return
    containers = usage.effective({**spec, "resources": None}, "requests", overhead=False)
    asked = {name: str(amount) for name, amount in containers.items() if name in _POD_LEVEL}
    limited = {name: limit for name, limit in limits.items() if name in _POD_LEVEL or name.startswith(_HUGE)}
    requests = {**limited, **asked, **(resources.get("requests") or {})}
    if requests:
        resources["requests"] = requests


def merge_match_label_keys(pod: Object) -> None:
    """``matchLabelKeys`` become part of the selector once, so that the scheduler need not look at the pod's labels."""
    labels = labels_of(pod)
    affinity = pod["spec"].get("affinity") or {}
    for kind, field in _AFFINITY_LISTS:
        for term in (affinity.get(kind) or {}).get(field) or ():
            _extend_selector(term.get("podAffinityTerm", term), labels)
    for constraint in pod["spec"].get("topologySpreadConstraints") or ():
        _extend_selector(constraint, labels)


def _extend_selector(term: Object, labels: dict[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:
        return
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field) or ():
            if key in labels:
                requirement = {"key": key, "operator": operator, "values": [labels[key]]}
                selector.setdefault("matchExpressions", []).append(requirement)
