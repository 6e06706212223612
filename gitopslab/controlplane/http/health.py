"""``/healthz``, ``/livez`` and ``/readyz``: whether the API server answers, as a whole or check by check.

Called by ``app``. A process that answers is alive, so the checks are those a learner meets on a real server, of which
only the store can fail here. Upstream: ``apiserver/pkg/server/healthz``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitopslab.controlplane.http.answers import NOT_FOUND, Answer, text
from gitopslab.controlplane.http.parameters import query_of

Check = Callable[[], object]
"""Passes by returning, fails by raising."""

_SHARED = ("ping", "log", "etcd")
_CHECKS = {"healthz": _SHARED, "livez": _SHARED, "readyz": (*_SHARED, "etcd-readiness", "informer-sync", "shutdown")}

HEALTH_PATHS = tuple(
    path for endpoint, names in _CHECKS.items() for path in (f"/{endpoint}", *(f"/{endpoint}/{name}" for name in names))
)
"""What is answered here."""


def health(path: str, raw_query: bytes, checks: Mapping[str, Check]) -> Answer:
    """Answer a health path.

    Args:
        path: ``/readyz``, or ``/readyz/etcd`` for a single check.
        raw_query: ``verbose`` lists every check; ``exclude=NAME`` leaves one out.
        checks: What to try, by name; names without an entry always pass.
    """
    endpoint, _, single = path.strip("/").partition("/")
    if endpoint not in _CHECKS:
        return NOT_FOUND
    query = query_of(raw_query)
    names = [name for name in _CHECKS[endpoint] if name != query.get("exclude")]
    if single:
        if single not in names:
            return NOT_FOUND
        return text(200, "ok") if _passes(single, checks) else text(500, "internal server error: check failed\n")
    failed = [name for name in names if not _passes(name, checks)]
    if not failed and "verbose" not in query:
        return text(200, "ok")
    lines = [f"[-]{name} failed: reason withheld" if name in failed else f"[+]{name} ok" for name in names]
    verdict = "failed" if failed else "passed"
    return text(500 if failed else 200, "\n".join([*lines, f"{endpoint} check {verdict}\n"]))


def _passes(name: str, checks: Mapping[str, Check]) -> bool:
    check = checks.get(name)
    try:
        if check is not None:
            check()
    except Exception:  # whatever it is, the answer is the same: this check fails
        return False
    return True
