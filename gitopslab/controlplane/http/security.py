"""Who a request comes from, and whether that one may ask at all.

``app`` calls an ``Authenticate`` and an ``Authorize`` for every request; the daemon chooses them. Credentials are
made by ``new_token`` here and in ``certificates``, and kept by the daemon. Upstream: ``apiserver/pkg/authentication``
and ``pkg/registry/rbac``.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache

from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import ApiError

Headers = Mapping[bytes, bytes]

Authenticate = Callable[[Headers], Caller]
"""Names the caller behind a request's headers; raises 401 for credentials it does not know."""

Authorize = Callable[[Caller, RequestInfo], bool]
"""Whether a caller may do this to a resource; raises nothing."""

ANONYMOUS = Caller("system:anonymous", ("system:unauthenticated",))
"""Whoever shows no credentials."""

PUBLIC_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
"""What anybody may read (the default ClusterRole ``system:public-info-viewer``)."""

_TOKEN_BYTES = 32
_LONGEST_MANAGER = 128


def new_token() -> str:
    """A bearer token that cannot be guessed."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class TokenAuthenticator:
    """Knows callers by their bearer tokens, compared in constant time.

    Args:
        callers: Who each token stands for.
    """

    def __init__(self, callers: Mapping[str, Caller]) -> None:
        self._callers = [(token.encode(), caller) for token, caller in callers.items()]

    def __call__(self, headers: Headers) -> Caller:
        """The caller; anonymous without a bearer token.

        Raises:
            ApiError: 401 for a token that is none of ours.
        """
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            return ANONYMOUS
        found = None
        for known, caller in self._callers:
            if hmac.compare_digest(token.strip(), known):
                found = caller
        if found is None:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        return found


def only_authenticated(who: Caller, info: RequestInfo) -> bool:
    """Everybody who is known may do everything.

    Simplified: real clusters ask RBAC, which the lab does from the chapter on access control on.
    """
    return who.user != ANONYMOUS.user


@lru_cache(maxsize=256)
def managing(who: Caller, user_agent: bytes) -> Caller:
    """The caller with the field manager that its User-Agent names: what stands before the first ``/``."""
    text = user_agent.decode("latin-1").partition("/")[0]
    manager = "".join(letter for letter in text if letter.isprintable())[:_LONGEST_MANAGER]
    return Caller(who.user, who.groups, manager or "unknown")


def refusal(who: Caller, info: RequestInfo) -> ApiError:
    """403 for a resource request, worded as ``responsewriters.Forbidden``."""
    kind = f"{info.resource}.{info.group}" if info.group else info.resource
    subject = f'{kind} "{info.name}"' if info.name else kind
    path = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    why = f'User "{who.user}" cannot {info.verb} resource "{path}" in API group "{info.group}" {where}'
    details = {"name": info.name, "group": info.group, "kind": info.resource}
    details = {key: value for key, value in details.items() if value}
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details=details)


def path_refusal(who: Caller, method: str, path: str) -> ApiError:
    """403 for a path that is no resource."""
    return ApiError(403, "Forbidden", f'forbidden: User "{who.user}" cannot {method.lower()} path "{path}"')
