"""The FlowSchemas and PriorityLevelConfigurations that every API server makes for itself.

The daemon stores them in every cluster; ``validation`` keeps those that are mandatory as they are. Pure. Upstream:
``apiserver/pkg/apis/flowcontrol/bootstrap``.

Simplified: the objects are kept and nothing more: no request waits or is refused because of them.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_GROUP = "flowcontrol.apiserver.k8s.io"
MANDATORY = ("exempt", "catch-all")
"""The names that both kinds have an object of which nobody may change."""

_ANNOTATION = {"apf.kubernetes.io/autoupdate-spec": "true"}

_LEVELS = (
    ("system", 30, 33, (64, 6)), ("node-high", 40, 25, (64, 6)), ("leader-election", 10, 0, (16, 4)),
    ("workload-high", 40, 50, (128, 6)), ("workload-low", 100, 90, (128, 6)), ("global-default", 20, 50, (128, 6)),
    ("catch-all", 5, 0, None),
)  # fmt: skip
"""Name, shares, percentage that may be lent, and how many queues are dealt in hands of how many."""

_QUEUE = 50
_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
_EVERY_PATH = {"verbs": ["*"], "nonResourceURLs": ["*"]}
_ANYTHING = {"resourceRules": [_EVERYTHING], "nonResourceRules": [_EVERY_PATH]}


def _rule(verbs: str, group: str, resources: str, *, cluster: bool = False) -> Object:
    rule = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), "namespaces": ["*"]}
    return {**rule, "clusterScope": True} if cluster else rule


_HEALTH = {"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]}
_LEADING = {"resourceRules": [_rule("get create update", "coordination.k8s.io", "leases")]}
_NODES = {
    "resourceRules": [
        _rule("*", "", "nodes nodes/status", cluster=True),
        _rule("*", "coordination.k8s.io", "leases"),
    ]
}
_ALL = "Group system:unauthenticated|Group system:authenticated"
_MANAGER, _SCHEDULER = "User system:kube-controller-manager", "User system:kube-scheduler"
_SYSTEM_ACCOUNTS = "ServiceAccount kube-system:*"
_SCHEMAS: tuple[tuple[str, str, int, str, str, Object], ...] = (
    ("exempt", "exempt", 1, "", "Group system:masters", _ANYTHING),
    ("probes", "exempt", 2, "", _ALL, _HEALTH),
    ("system-leader-election", "leader-election", 100, "ByUser", f"{_MANAGER}|{_SCHEDULER}|{_SYSTEM_ACCOUNTS}",
     _LEADING),
    ("system-node-high", "node-high", 400, "ByUser", "Group system:nodes", _NODES),
    ("system-nodes", "system", 500, "ByUser", "Group system:nodes", _ANYTHING),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", _MANAGER, _ANYTHING),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", _SCHEDULER, _ANYTHING),
    ("kube-system-service-accounts", "workload-high", 900, "ByNamespace", _SYSTEM_ACCOUNTS, _ANYTHING),
    ("service-accounts", "workload-low", 9000, "ByUser", "Group system:serviceaccounts", _ANYTHING),
    ("global-default", "global-default", 9900, "ByUser", _ALL, _ANYTHING),
    ("catch-all", "catch-all", 10000, "ByUser", _ALL, _ANYTHING),
)  # fmt: skip
"""Name, level, precedence, what tells flows apart, whose requests, and which."""


def default_objects() -> list[Object]:
    """What a new cluster has of both kinds, mandatory and suggested."""
    exempt = {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    levels = [_object("PriorityLevelConfiguration", "exempt", exempt), *(_level(*row) for row in _LEVELS)]
    return [*levels, *(_schema(*row) for row in _SCHEMAS)]


def _level(name: str, shares: int, lendable: int, queues: tuple[int, int] | None) -> Object:
    response: Object = {"type": "Reject"}
    if queues is not None:
        queuing = {"queues": queues[0], "handSize": queues[1], "queueLengthLimit": _QUEUE}
        response = {"type": "Queue", "queuing": queuing}
    limited = {"nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response}
    return _object("PriorityLevelConfiguration", name, {"type": "Limited", "limited": limited})


def _schema(name: str, level: str, precedence: int, method: str, subjects: str, rules: Object) -> Object:
    spec: Object = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if method:
        spec["distinguisherMethod"] = {"type": method}
    spec["rules"] = [{"subjects": [_subject(*text.split(" ")) for text in subjects.split("|")], **rules}]
    return _object("FlowSchema", name, spec)


def _subject(kind: str, name: str) -> Object:
    if kind == "ServiceAccount":
        namespace, _, account = name.partition(":")
        return {"kind": kind, "serviceAccount": {"namespace": namespace, "name": account}}
    return {"kind": kind, kind.lower(): {"name": name}}


def _object(kind: str, name: str, spec: Object) -> Object:
    metadata = {"name": name, "annotations": dict(_ANNOTATION)}
    return {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": metadata, "spec": spec}
