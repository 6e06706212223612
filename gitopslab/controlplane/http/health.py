"""``/healthz``, ``/livez`` and ``/readyz``: whether the API server answers, as a whole or check by check.

Called by ``app``. A process that answers is alive, so the checks are those a learner meets on a real server, of which
only the store can fail here. Upstream: ``apiserver/pkg/server/healthz``.

Simplified: what a real server has to begin after it started is begun before this one listens, so its hooks have passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from gitopslab.controlplane.http.answers import NOT_FOUND, Answer, text
from gitopslab.controlplane.http.parameters import fields_of

Check = Callable[[], object]
"""Passes by returning, fails by raising."""

_HOOKS = tuple(
    f"poststarthook/{name}"
    for name in (
        "start-apiserver-admission-initializer",
        "generic-apiserver-start-informers",
        "priority-and-fairness-config-consumer",
        "priority-and-fairness-filter",
        "storage-object-count-tracker-hook",
        "start-apiextensions-informers",
        "start-apiextensions-controllers",
        "crd-informer-synced",
        "start-system-namespaces-controller",
        "peer-endpoint-reconciler-controller",
        "start-cluster-authentication-info-controller",
        "start-kube-apiserver-identity-lease-controller",
        "start-kube-apiserver-identity-lease-garbage-collector",
        "storage-readiness",
        "start-legacy-token-tracking-controller",
        "start-service-ip-repair-controllers",
        "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes",
        "priority-and-fairness-config-producer",
        "bootstrap-controller",
        "start-kubernetes-service-cidr-controller",
        "aggregator-reload-proxy-client-cert",
        "start-kube-aggregator-informers",
        "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller",
        "apiservice-registration-controller",
        "apiservice-discovery-controller",
        "kube-apiserver-autoregistration",
    )
)
_STARTED = (
    *_HOOKS,
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
)
_ALIVE = ("ping", "log", "loopback-serving-certificate", "etcd", *_STARTED)
_READY = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_STARTED, "shutdown")
_CHECKS = {"healthz": _ALIVE, "livez": _ALIVE, "readyz": _READY}

HEALTH_PATHS = tuple(
    path for endpoint, names in _CHECKS.items() for path in (f"/{endpoint}", *(f"/{endpoint}/{name}" for name in names))
)
"""What is answered here."""


def health(path: str, raw_query: bytes, checks: Mapping[str, Check]) -> Answer:
    """Answer a health path.

    Args:
        path: ``/readyz``, or ``/readyz/etcd`` for a single check.
        raw_query: ``verbose`` lists every check; ``exclude=NAME``, as often as needed, leaves one out.
        checks: What to try, by name; names without an entry always pass.
    """
    endpoint, _, single = path.removeprefix("/").partition("/")
    if single:
        return _one(single, checks) if path in HEALTH_PATHS else NOT_FOUND
    if path not in HEALTH_PATHS:
        return NOT_FOUND
    query = fields_of(raw_query)
    excluded = [value for field, value in query if field == "exclude"]
    names = _CHECKS[endpoint]
    failed = [name for name in names if name not in excluded and not _passes(name, checks)]
    if not failed and "verbose" not in dict(query):
        return text(200, "ok")
    lines = [f"[-]{name} failed: reason withheld" if name in failed else _passed(name, excluded) for name in names]
    if unknown := sorted(set(excluded) - set(names)):
        lines.append(f"warn: some health checks cannot be excluded: no matches for {_quoted(unknown)}")
    verdict = "failed" if failed else "passed"
    return text(500 if failed else 200, "\n".join([*lines, f"{endpoint} check {verdict}\n"]))


def _one(name: str, checks: Mapping[str, Check]) -> Answer:
    return text(200, "ok") if _passes(name, checks) else text(500, "internal server error: check failed\n")


def _passed(name: str, excluded: Collection[str]) -> str:
    return f"[+]{name} excluded: ok" if name in excluded else f"[+]{name} ok"


def _quoted(names: Iterable[str]) -> str:
    return ",".join(f'"{name}"' for name in names)


def _passes(name: str, checks: Mapping[str, Check]) -> bool:
    check = checks.get(name)
    try:
        if check is not None:
            check()
    except Exception:  # whatever it is, the answer is the same: this check fails
        return False
    return True
