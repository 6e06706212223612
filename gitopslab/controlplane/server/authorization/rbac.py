"""RBAC: what the stored roles and bindings allow whom.

The HTTP room asks before every request, reviews and the checks of this package ask in between. Decisions are kept until
a role or binding is written, so asking again costs a look-up; ``system:masters`` is never looked up at all. Aggregated
ClusterRoles are evaluated as they are stored: filling them is their controller's work. Upstream:
``plugin/pkg/auth/authorizer/rbac`` and ``pkg/registry/rbac/validation/rule.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.authorization.attributes import MASTERS, RBAC, Access, refusal
from gitopslab.controlplane.server.feed import Feed
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.records import Change
from gitopslab.errors import aggregated
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.machinery.policyrules import Rule

CLUSTER_ROLES = f"clusterroles.{RBAC}"
ROLES = f"roles.{RBAC}"
CLUSTER_ROLE_BINDINGS = f"clusterrolebindings.{RBAC}"
ROLE_BINDINGS = f"rolebindings.{RBAC}"
RESOURCES = (CLUSTER_ROLES, ROLES, CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS)
"""Whose changes make a decision stale."""

_K = TypeVar("_K")
_V = TypeVar("_V")
_MOST_KEPT = 4096  # decisions, and subjects: a bound on memory, not a tuned number
_LONGEST_KEPT = 600  # characters: more than any real name takes, so that nobody fills memory with made-up ones


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer.

    Attributes:
        allowed: Whether it may be done; nothing ever forbids what something else allows.
        reason: The binding that allows it, or what went wrong while looking for one.
    """

    allowed: bool
    reason: str = ""


_SUPERUSER = Decision(True)


@dataclass(slots=True)
class Grants:
    """Everything that bindings give somebody in one namespace.

    Attributes:
        rules: Each rule with the binding that gives it, in the order bindings are listed.
        errors: Bindings that name a role which is not there.
    """

    rules: list[tuple[Rule, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def trouble(self) -> str:
        """The errors as one text (``utilerrors.Aggregate``)."""
        return aggregated(list(dict.fromkeys(self.errors)))


class Authorizer:
    """Decides by the roles and bindings that are stored.

    Args:
        reader: The current objects.
        feed: Tells of every change, so that no decision outlives the roles it was made from.
    """

    def __init__(self, reader: Reader, feed: Feed) -> None:
        self._reader = reader
        self._grants: dict[tuple[str, tuple[str, ...], str], Grants] = {}
        self._decisions: dict[tuple[str, tuple[str, ...], Access], Decision] = {}
        for resource in RESOURCES:
            feed.subscribe(resource, self._forget)

    def allows(self, who: Caller, access: Access) -> bool:
        """Whether somebody may do something."""
        return MASTERS in who.groups or self.decide(who, access).allowed

    def check(self, who: Caller, access: Access) -> None:
        """Refuse what somebody may not do.

        Raises:
            ApiError: 403.
        """
        decision = self.decide(who, access)
        if not decision.allowed:
            raise refusal(who.user, access, decision.reason)

    def decide(self, who: Caller, access: Access) -> Decision:
        """Whether somebody may do something, and why."""
        if MASTERS in who.groups:
            return _SUPERUSER
        if sum(map(len, access)) > _LONGEST_KEPT:
            return self._evaluate(who, access)
        key = (who.user, who.groups, access)
        found = self._decisions.get(key)
        if found is None:
            found = _kept(self._decisions)[key] = self._evaluate(who, access)
        return found

    def grants(self, who: Caller, namespace: str) -> Grants:
        """Everything bindings give somebody in a namespace, and in all of them."""
        key = (who.user, who.groups, namespace)
        found = self._grants.get(key)
        if found is None:
            found = _kept(self._grants)[key] = self._collected(who, namespace)
        return found

    def rules_of(self, reference: Object, namespace: str) -> list[Rule] | None:
        """The rules of the role that a binding in ``namespace`` refers to; None when there is no such role."""
        is_role = reference.get("kind") == "Role"
        where = (ROLES, namespace) if is_role else (CLUSTER_ROLES, "")
        role = self._reader.find(*where, reference.get("name", ""))
        return None if role is None else [Rule.of(rule) for rule in role.get("rules") or ()]

    def _forget(self, change: Change) -> None:
        self._decisions.clear()
        self._grants.clear()

    def _evaluate(self, who: Caller, access: Access) -> Decision:
        grants = self.grants(who, access.namespace)
        for rule, source in grants.rules:
            if rule.allows(access):
                return Decision(True, f"RBAC: allowed by {source}")
        return Decision(False, f"RBAC: {grants.trouble}" if grants.errors else "")

    def _collected(self, who: Caller, namespace: str) -> Grants:
        found = Grants()
        self._collect(found, who, self._reader.all(CLUSTER_ROLE_BINDINGS))
        if namespace:
            self._collect(found, who, self._reader.all(ROLE_BINDINGS, namespace))
        return found

    def _collect(self, found: Grants, who: Caller, bindings: Iterable[Object]) -> None:
        for binding in bindings:
            namespace = namespace_of(binding)
            subject = next(_applying(who, binding.get("subjects") or (), namespace), None)
            if subject is None:
                continue
            reference = binding.get("roleRef") or {}
            rules = self.rules_of(reference, namespace)
            if rules is None:
                kind = reference.get("kind", "").lower()
                found.errors.append(f'{kind}.{RBAC} "{reference.get("name", "")}" not found')
                continue
            source = _described(binding, subject)
            found.rules.extend((rule, source) for rule in rules)


def _kept(table: dict[_K, _V]) -> dict[_K, _V]:
    """The table, emptied when it is full: strangers may ask for any name, memory must not grow with them."""
    if len(table) >= _MOST_KEPT:
        table.clear()
    return table


def _applying(who: Caller, subjects: Iterable[Object], namespace: str) -> Iterator[Object]:
    for subject in subjects:
        kind, name = subject.get("kind"), subject.get("name", "")
        if kind == "User":
            applies = name == who.user
        elif kind == "Group":
            applies = name in who.groups
        else:
            applies = who.user == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
        if applies:
            yield subject


def _described(binding: Object, subject: Object) -> str:
    namespace, reference = namespace_of(binding), binding["roleRef"]
    called = name_of(binding) + (f"/{namespace}" if namespace else "")
    to = subject["name"]
    if subject["kind"] == "ServiceAccount":
        to = f"{to}/{subject.get('namespace') or namespace}"
    return f'{binding["kind"]} "{called}" of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{to}"'
