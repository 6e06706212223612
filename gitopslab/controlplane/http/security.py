"""Who a request comes from, whom it wants to be, and whether that one may ask at all.

``app`` has every request admitted here before anything else looks at it. Credentials are a bearer token or a client
certificate, made by ``new_token`` here and in ``certificates``, and kept by the daemon; whose they are and what that
one may do is for ``server.authentication`` and ``server.authorization`` to say. Upstream:
``apiserver/pkg/endpoints/filters``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from starlette.types import Scope

from gitopslab.controlplane.http.certificates import caller_of
from gitopslab.controlplane.http.impersonation import wanted_of
from gitopslab.controlplane.http.parameters import query_of, truth
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.server.authentication.bearer import BearerTokens
from gitopslab.controlplane.server.authentication.claims import InvalidTokenError
from gitopslab.controlplane.server.authorization.attributes import (
    ANONYMOUS,
    MASTERS,
    UNAUTHENTICATED,
    Access,
)
from gitopslab.controlplane.server.authorization.impersonation import Impersonation
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import ApiError, forbidden
from gitopslab.machinery import selectors

Headers = Mapping[bytes, bytes]

NOBODY = Caller(ANONYMOUS, (UNAUTHENTICATED,))
"""Whoever shows no credentials."""

CLIENT_CERTIFICATE = "client_certificate"
"""Where ``serve`` leaves the certificate (DER) of a connection, in the state of its requests."""

_TOKEN_BYTES = 32
_LONGEST_MANAGER = 128
_WRITING_STREAMS = frozenset({"exec", "attach", "portforward"})


def new_token() -> str:
    """A bearer token that cannot be guessed."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


class Entrance:
    """Lets a request in, or says why not.

    Args:
        tokens: Knows whose a bearer token is.
        authorizer: Knows what a caller may do.
    """

    def __init__(self, tokens: BearerTokens, authorizer: Authorizer) -> None:
        self._tokens = tokens
        self._authorizer = authorizer
        self._impersonation = Impersonation(authorizer)

    def admit(self, scope: Scope, headers: Headers, info: RequestInfo | None) -> Caller:
        """The caller as whom the request may go on.

        Args:
            scope: The request.
            headers: Its headers.
            info: What it is about; None when its path names no resource.

        Raises:
            ApiError: 401 for credentials that are not good, 403 for what the caller may not do.
        """
        caller = managing(self._authenticated(scope, headers), headers.get(b"user-agent", b""))
        wanted = wanted_of(scope["headers"])
        if wanted is None and MASTERS in caller.groups:
            return caller  # nothing is forbidden to them, so nothing is looked up
        access = access_of(scope, info)
        if wanted is not None:
            caller = self._impersonation.caller(caller, wanted, access)
        self._check(caller, access)
        return caller

    def _authenticated(self, scope: Scope, headers: Headers) -> Caller:
        certificate = scope.get("state", {}).get(CLIENT_CERTIFICATE)
        if certificate and (found := caller_of(certificate)) is not None:
            return found
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            return NOBODY
        try:
            return self._tokens.identify(token.strip())[0]
        except InvalidTokenError:
            raise ApiError(401, "Unauthorized", "Unauthorized") from None  # why is for the server's owner alone

    def _check(self, caller: Caller, access: Access) -> None:
        self._authorizer.check(caller, access)
        if access.verb == "get" and access.subresource in _WRITING_STREAMS:  # opens with GET, yet it can write
            decision = self._authorizer.decide(caller, access._replace(verb="create"))
            if not decision.allowed:
                raise forbidden(access.resource, access.name, decision.reason)


@lru_cache(maxsize=256)
def managing(who: Caller, user_agent: bytes) -> Caller:
    """The caller with the field manager that its User-Agent names: what stands before the first ``/``."""
    text = user_agent.decode("latin-1").partition("/")[0]
    manager = "".join(letter for letter in text if letter.isprintable())[:_LONGEST_MANAGER]
    return replace(who, manager=manager or "unknown")


def access_of(scope: Scope, info: RequestInfo | None) -> Access:
    """What a request does, as authorization is asked about it (``RequestInfoFactory``)."""
    if info is None:
        return Access(scope.get("method", "GET").lower(), path=scope["path"])
    verb, name, namespace = info.verb, info.name, info.namespace
    if info.resource == "namespaces":
        namespace = name  # a namespace lies within itself, so a RoleBinding in it can open it
    if verb == "list" and scope["query_string"]:
        query = query_of(scope["query_string"])
        if truth(query, "watch"):
            verb = "watch"
        name = _selected_name(query)
    return Access(verb, info.group, info.resource, info.subresource, namespace, name)


def _selected_name(query: Mapping[str, Any]) -> str:
    """The one object that a field selector picks by name: listing it is like getting it."""
    text = query.get("fieldSelector", "")
    if "metadata.name=" not in text:
        return ""
    try:
        terms = selectors.parse_fields(text)
    except ValueError:
        return ""
    return next((value for path, equal, value in terms if equal and path == "metadata.name"), "")
