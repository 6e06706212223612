"""What the API server counts, as ``/metrics`` tells it to Prometheus: requests, those under way, and objects.

``app`` has every request counted that names a resource which is served, and the health checks. Upstream:
``apiserver/pkg/endpoints/metrics``.

Simplified: these are four of the real server's some hundred metrics; none tells how long anything took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gitopslab.controlplane.http.answers import Answer
from gitopslab.controlplane.http.parameters import Query, truth
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery import version

PATH = "/metrics"

_MEDIA_TYPE = b"text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_HEALTH = ("/healthz", "/livez", "/readyz")
_NOT_FOUND = 404
_DRY_RUNS = {"": "", "All": "All"}
_VERBS = {"create": "POST", "update": "PUT"}
_APPLY = b"application/apply-patch+yaml"
_REQUESTS = "Requests that have ended, by what they were for and the code of the answer."
_IN_FLIGHT = "Requests under way, by whether they may change something."
_OBJECTS = "Objects that are stored, by kind."
_BUILD = "Always 1; the labels tell which version of Kubernetes is served."

Labels = tuple[tuple[str, str], ...]


class Requests:
    """Counts requests.

    Args:
        verbs: Knows what is served and kept.
    """

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._ended: Counter[Labels] = Counter()
        self.under_way: Counter[str] = Counter(mutating=0, readOnly=0)

    def count(self, info: RequestInfo | None, path: str, query: Query, content_type: bytes, code: int) -> None:
        """Count a request that has ended.

        Args:
            info: What it was for, when it was for a resource.
            path: Of the request.
            query: Of the request.
            content_type: Of its body.
            code: Of the answer.
        """
        if info is not None and self._is_served(info):
            self._ended[_row(code=str(code), **_labels(info, query, content_type))] += 1
        elif path.startswith(_HEALTH) and code != _NOT_FOUND:
            self._ended[_row(code=str(code), subresource=path, verb="GET")] += 1

    def _is_served(self, info: RequestInfo) -> bool:
        """Whether there is such a thing, else any client could make as many rows as it likes."""
        resource = self._verbs.catalog.at(info.group, info.version, info.resource)
        if resource is None or not info.verb:
            return False
        return not info.subresource or info.subresource in {known.name for known in resource.subresources}

    def answer(self) -> Answer:
        """All that is counted."""
        return Answer(200, "".join(self._lines()).encode(), _MEDIA_TYPE)

    def _lines(self) -> Iterator[str]:
        yield from _metric("apiserver_request_total", "counter", _REQUESTS, sorted(self._ended.items()))
        flying = [((("request_kind", kind),), count) for kind, count in self.under_way.items()]
        yield from _metric("apiserver_current_inflight_requests", "gauge", _IN_FLIGHT, flying)
        kept = sorted((row.group, row.plural, row.key) for row in self._verbs.catalog if row.stored)
        objects = [
            ((("group", group), ("resource", plural)), sum(1 for _ in self._verbs.reader.all(key)))
            for group, plural, key in dict.fromkeys(kept)
        ]
        yield from _metric("apiserver_resource_objects", "gauge", _OBJECTS, objects)
        built = (("git_version", version.SERVER), ("major", version.MAJOR), ("minor", version.MINOR))
        yield from _metric("kubernetes_build_info", "gauge", _BUILD, [(built, 1)])


def _labels(info: RequestInfo, query: Query, content_type: bytes) -> dict[str, str]:
    verb = _VERBS.get(info.verb, info.verb.upper())
    if info.verb == "list" and truth(query, "watch"):
        verb = "WATCH"
    elif info.verb == "patch" and content_type.startswith(_APPLY):
        verb = "APPLY"
    is_one = bool(info.name) or info.verb == "create"
    return {
        "component": "apiserver",
        "dry_run": _DRY_RUNS.get(query.get("dryRun", ""), "invalid"),
        "group": info.group,
        "resource": info.resource,
        "scope": "resource" if is_one else "namespace" if info.namespace else "cluster",
        "subresource": info.subresource,
        "verb": verb,
        "version": info.version,
    }


_NAMES = ("code", "component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version")


def _row(**labels: str) -> Labels:
    return tuple((name, labels.get(name, "")) for name in _NAMES)


def _metric(name: str, kind: str, about: str, rows: Iterable[tuple[Labels, int]]) -> Iterator[str]:
    yield f"# HELP {name} {about}\n# TYPE {name} {kind}\n"
    for labels, value in rows:
        yield f"{name}{{{_written(dict(labels))}}} {value}\n"


def _written(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
