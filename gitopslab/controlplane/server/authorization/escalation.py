"""Nobody hands out rights that he does not have: the check before a role or binding is written.

``verbs`` calls it for every write of the four RBAC kinds. Whoever has the verb ``escalate`` on a role, or ``bind`` on
the role a binding refers to, passes. Upstream: ``pkg/registry/rbac/*/policybased``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.server.authorization.attributes import MASTERS, RBAC, Access
from gitopslab.controlplane.server.authorization.rbac import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    RESOURCES,
    ROLES,
    Authorizer,
)
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import ApiError, forbidden, not_found
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.machinery.policyrules import EVERYTHING, Rule, missing, quoted

_COLLECTED = ("ownerReferences", "finalizers", "selfLink", "managedFields")


def check(authorizer: Authorizer, who: Caller, resource: Resource, obj: Object, before: Object | None) -> None:
    """Refuse a write that would give somebody more than ``who`` has.

    Args:
        authorizer: Knows what ``who`` has.
        who: Writes.
        resource: Of the object; other kinds than RBAC's pass.
        obj: The role or binding to be stored.
        before: As it is stored, None when new.

    Raises:
        ApiError: 403, naming the rights that are missing.
        NotFoundError: A binding refers to a role that is not there, so nobody can tell what it gives.
    """
    if resource.key not in RESOURCES or MASTERS in who.groups:
        return
    if before is not None and _without_collected(obj) == _without_collected(before):
        return  # the garbage collector and owners may always do their part
    attempt = _Attempt(authorizer, who, resource, obj, before)
    if resource.key in (ROLES, CLUSTER_ROLES):
        attempt.check_role()
    else:
        attempt.check_binding()


@dataclass(slots=True)
class _Attempt:
    """One write by somebody who is not all-powerful."""

    authorizer: Authorizer
    who: Caller
    resource: Resource
    obj: Object
    before: Object | None

    def check_role(self) -> None:
        name = name_of(self.obj) if self.before is not None else ""  # a create has no name in its path
        namespace = namespace_of(self.obj)
        escalate = Access("escalate", RBAC, self.resource.plural, namespace=namespace, name=name)
        if self.authorizer.allows(self.who, escalate):
            return
        self._check_held([Rule.of(rule) for rule in self.obj.get("rules") or ()])
        states = (self.obj, self.before or {})
        if any(map(_aggregates, states)) and self._lacking(EVERYTHING):
            raise self._refusal("must have cluster-admin privileges to use the aggregationRule")

    def check_binding(self) -> None:
        reference = self.obj.get("roleRef") or {}
        namespace = "" if self.resource.key == CLUSTER_ROLE_BINDINGS else namespace_of(self.obj)
        plural = {"Role": "roles", "ClusterRole": "clusterroles"}.get(reference.get("kind", ""), "")
        name = reference.get("name", "")
        bind = Access("bind", reference.get("apiGroup", ""), plural, namespace=namespace, name=name)
        if plural and self.authorizer.allows(self.who, bind):
            return
        rules = self.authorizer.rules_of(reference, namespace) if plural else []
        if rules is None:
            raise not_found(self.resource.key, name)  # upstream's store names what the request is about
        self._check_held(rules)

    def _check_held(self, rules: Iterable[Rule]) -> None:
        lacking = self._lacking(rules)
        if not lacking:
            return
        shown = "\n".join(sorted({str(rule) for rule in lacking}))
        user, groups = self.who.user, quoted(self.who.groups)
        why = f'user "{user}" (groups={groups}) is attempting to grant RBAC permissions not currently held:\n{shown}'
        trouble = self.authorizer.grants(self.who, namespace_of(self.obj)).trouble
        raise self._refusal(f"{why}; resolution errors: [{trouble}]" if trouble else why)

    def _lacking(self, rules: Iterable[Rule]) -> list[Rule]:
        held = self.authorizer.grants(self.who, namespace_of(self.obj)).rules
        return missing((rule for rule, _ in held), rules)

    def _refusal(self, why: str) -> ApiError:
        return forbidden(self.resource.key, name_of(self.obj), why)


def _aggregates(role: Object) -> bool:
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def _without_collected(obj: Object) -> Object:
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key not in _COLLECTED}
    return {**obj, "metadata": metadata}
