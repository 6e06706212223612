"""What a request is about, read from its method and path.

Called by ``resources`` for everything below ``/api`` and ``/apis``; pure, and knows no catalog: whether such a
resource exists is found out later. Upstream: ``apiserver/pkg/endpoints/request`` (``RequestInfoFactory``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gitopslab.errors import ApiError

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PREFIXES = {"api": 2, "apis": 3}  # how many parts stand before the resource
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


class RequestInfo(NamedTuple):
    """A resource request, taken apart.

    Attributes:
        verb: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete`` or ``deletecollection``;
            a list becomes a watch only when its query says so, which is decided later; empty for a method that is
            none of the API's.
        group: The API group; empty for core.
        version: As in ``v1``.
        namespace: Empty when the path names none.
        resource: The plural.
        name: Empty for a collection.
        subresource: As in ``status``; what follows it (the path behind a ``proxy``) is in ``rest``.
        rest: The remaining path segments.
    """

    verb: str
    group: str
    version: str
    namespace: str
    resource: str
    name: str
    subresource: str = ""
    rest: tuple[str, ...] = ()


@lru_cache(maxsize=2048)
def parse(method: str, path: str) -> RequestInfo | None:
    """Take a path such as ``/apis/apps/v1/namespaces/default/deployments/web/scale`` apart.

    Returns:
        None when the path names no resource (``/apis/apps/v1``).
    """
    verb = _VERBS.get(method, "")
    parts = [part for part in path.split("/") if part]
    prefix = _PREFIXES.get(parts[0] if parts else "", 0)
    if not prefix or len(parts) <= prefix:
        return None
    group, version = ("", parts[1]) if prefix == 2 else (parts[1], parts[2])
    parts = parts[prefix:]
    if parts[0] == "watch" and verb == "get":  # the old spelling of ?watch=true
        verb, parts = "watch", parts[1:]
    namespace, parts = _namespace(parts)
    if not parts:
        return None
    resource, name, subresource, *rest = [*parts[:3], *[""] * (3 - len(parts)), *parts[3:]]
    return RequestInfo(_collective(verb, name), group, version, namespace, resource, name, subresource, tuple(rest))


def _namespace(parts: list[str]) -> tuple[str, list[str]]:
    """Split ``namespaces/NS/RESOURCE…``; ``namespaces/NS`` and ``namespaces/NS/status`` are about the namespace."""
    if len(parts) > 2 and parts[0] == "namespaces" and parts[2] not in _NAMESPACE_SUBRESOURCES:
        return parts[1], parts[2:]
    return "", parts


def _collective(verb: str, name: str) -> str:
    if name:
        return verb
    return {"get": "list", "delete": "deletecollection"}.get(verb, verb)


def method_not_allowed() -> ApiError:
    """405 as the router words it, for a path that does not know the method."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={}
    )


def nowhere() -> ApiError:
    """404 as the router words it, for a path in a group of the server's own that nobody registered."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})
