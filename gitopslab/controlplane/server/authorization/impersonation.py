"""Acting as somebody else: ``kubectl --as``, and what one must be allowed for it.

The HTTP room reads the ``Impersonate-*`` headers and asks here before the request itself is authorized. Since 1.36
there are two ways to be allowed: the old one, where ``impersonate`` on a user opens everything that user may do, and
the constrained one, where ``impersonate-on:MODE:VERB`` must allow the very request too. They are tried in upstream's
order, the way that worked last for this user first, and the first refusal is the one told. Upstream:
``apiserver/pkg/endpoints/filters/impersonation``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gitopslab.controlplane.server.authorization.attributes import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    Access,
    refusal,
)
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.options import Caller, Extra
from gitopslab.errors import ApiError

_AUTHENTICATION = "authentication.k8s.io"
_NODE_NAME = "authentication.kubernetes.io/node-name"
_LABEL, _SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_NODE = re.compile(f"system:node:(?P<name>{_SUBDOMAIN})")
_ACCOUNT = re.compile(f"system:serviceaccount:(?P<namespace>{_LABEL}):(?P<name>{_SUBDOMAIN})")
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a request wants to be, as its headers say."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Extra = ()

    @property
    def is_only_a_name(self) -> bool:
        """Whether nothing but the user name is asked for; the rest is then the server's to fill in."""
        return not (self.uid or self.groups or self.extra)


@dataclass(frozen=True, slots=True)
class _Mode:
    """One way to be allowed; ``name`` is empty for the old one."""

    name: str
    applies: Callable[[Wanted, Caller], bool]

    @property
    def verb(self) -> str:
        return f"impersonate:{self.name}" if self.name else "impersonate"


def _is_own_node(wanted: Wanted, who: Caller) -> bool:
    """Whether a service account asks to be the node that its own pod runs on."""
    node = _NODE.fullmatch(wanted.user)
    if node is None or not wanted.is_only_a_name or not _ACCOUNT.fullmatch(who.user):
        return False
    return dict(who.extra).get(_NODE_NAME) == (node["name"],)


_MODES = (
    _Mode("associated-node", _is_own_node),
    _Mode("arbitrary-node", lambda wanted, _: wanted.is_only_a_name and bool(_NODE.fullmatch(wanted.user))),
    _Mode("serviceaccount", lambda wanted, _: wanted.is_only_a_name and bool(_ACCOUNT.fullmatch(wanted.user))),
    _Mode("user-info", lambda wanted, _: not (_NODE.fullmatch(wanted.user) or _ACCOUNT.fullmatch(wanted.user))),
    _Mode("", lambda wanted, _: True),
)


class Impersonation:
    """Lets callers be others.

    Args:
        authorizer: Knows what a caller may do.
    """

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._worked: dict[str, _Mode] = {}

    def caller(self, who: Caller, wanted: Wanted, access: Access) -> Caller:
        """The caller to go on as.

        Args:
            who: Asks.
            wanted: Whom to be.
            access: What will be done as that one.

        Raises:
            ApiError: 403; no way allows it.
        """
        refused: ApiError | None = None
        for mode in self._modes(who):
            if not mode.applies(wanted, who):
                continue
            try:
                found = self._checked(mode, who, wanted, access)
            except ApiError as error:
                refused = refused or error
                continue
            self._remember(who, mode)
            return found
        assert refused is not None, "the old way applies to everybody"
        raise refused

    def _modes(self, who: Caller) -> Iterator[_Mode]:
        last = self._worked.get(who.user)
        if last is not None:
            yield last
        yield from (mode for mode in _MODES if mode is not last)

    def _remember(self, who: Caller, mode: _Mode) -> None:
        if len(self._worked) >= _MOST_KEPT:
            self._worked.clear()
        self._worked[who.user] = mode

    def _checked(self, mode: _Mode, who: Caller, wanted: Wanted, access: Access) -> Caller:
        if mode.name:
            on = access._replace(verb=f"impersonate-on:{mode.name}:{access.verb}")
            self._authorizer.check(who, on)
        for needed in _needed(mode, who, wanted):
            self._authorizer.check(who, needed)
        return Caller(wanted.user, _groups(mode, wanted), who.manager, wanted.uid, wanted.extra)


def _needed(mode: _Mode, who: Caller, wanted: Wanted) -> Iterator[Access]:
    """Each thing one must be allowed to take on: the name, the uid, every group, every extra value.

    Raises:
        ApiError: 403 for what the constrained way never gives.
    """
    group = _AUTHENTICATION if mode.name else ""
    yield _name_access(mode, wanted, group)
    if wanted.uid:
        yield Access(mode.verb, _AUTHENTICATION, "uids", name=wanted.uid)
    groups = Access(mode.verb, group, "groups")
    if mode.name and "" in wanted.groups:
        raise refusal(who.user, groups, "impersonating the empty string group is not allowed")
    if mode.name and MASTERS in wanted.groups:
        why = "impersonating the system:masters group is not allowed"
        raise refusal(who.user, groups._replace(name=MASTERS), why)
    yield from (groups._replace(name=name) for name in wanted.groups)
    extras = Access(mode.verb, _AUTHENTICATION, "userextras")
    if mode.name and (why := _extra_trouble(wanted.extra)):
        raise refusal(who.user, extras, why)
    for key, values in wanted.extra:
        yield from (extras._replace(subresource=key, name=value) for value in values)


def _name_access(mode: _Mode, wanted: Wanted, group: str) -> Access:
    if account := _ACCOUNT.fullmatch(wanted.user):
        return Access(mode.verb, group, "serviceaccounts", namespace=account["namespace"], name=account["name"])
    if mode.name and (node := _NODE.fullmatch(wanted.user)):
        # A right to be one's own node is a right to be any node one may run on
        name = "*" if mode.name == "associated-node" else node["name"]
        return Access(mode.verb, group, "nodes", name=name)
    return Access(mode.verb, group, "users", name=wanted.user)


def _groups(mode: _Mode, wanted: Wanted) -> tuple[str, ...]:
    groups = wanted.groups
    if not groups and (account := _ACCOUNT.fullmatch(wanted.user)):
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account['namespace']}")
    elif mode.name and _NODE.fullmatch(wanted.user):
        groups = ("system:nodes",)
    if wanted.user == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    return groups if UNAUTHENTICATED in groups or AUTHENTICATED in groups else (*groups, AUTHENTICATED)


def _extra_trouble(extra: Extra) -> str:
    for key, values in extra:
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        if "/" not in key:
            why = f'extra.key: Invalid value: "{key}": must be a domain-prefixed path (such as "acme.io/foo")'
            return f"impersonating an invalid key in extra is not allowed: {why}"
        if not values:
            return "impersonating empty values in extra is not allowed"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""
