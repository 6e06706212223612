"""The roles that hold in kube-system and kube-public alone.

Upstream: ``rbac/bootstrappolicy/namespace_policy.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.authorization.rows import EVENTS, READ, Row, bound, made, rules_of, subject
from gitopslab.machinery.objects import Object

_SYSTEM, _PUBLIC = "kube-system", "kube-public"
_AUTHENTICATION = "extension-apiserver-authentication"
_LEADING = (
    ("create get list update watch", "coordination.k8s.io", "leases"),
    ("create get list update watch", "coordination.k8s.io", "leasecandidates"),
)
_MANAGER, _SCHEDULER = "kube-controller-manager", "kube-scheduler"

_ROLES: tuple[tuple[str, str, tuple[Row, ...]], ...] = (
    (_SYSTEM, f"{_AUTHENTICATION}-reader", ((READ, "core", "configmaps", _AUTHENTICATION),)),
    (_SYSTEM, f"system::leader-locking-{_MANAGER}", _LEADING),
    (_SYSTEM, f"system::leader-locking-{_SCHEDULER}", _LEADING),
    (_SYSTEM, "system:controller:bootstrap-signer", ((READ, "core", "secrets"),)),
    (_SYSTEM, "system:controller:cloud-provider", (("create get list watch", "core", "configmaps"),)),
    (_SYSTEM, "system:controller:token-cleaner", (("delete get list watch", "core", "secrets"), EVENTS)),
    (
        _PUBLIC,
        "system:controller:bootstrap-signer",
        ((READ, "core", "configmaps"), ("update", "core", "configmaps", "cluster-info"), EVENTS),
    ),
)


def system_policy() -> list[Object]:
    """Their Roles and RoleBindings."""
    roles = [_within(namespace, made("Role", name, rules=rules_of(rows))) for namespace, name, rows in _ROLES]
    return [*roles, *(_within(namespace, _binding(name)) for namespace, name, _ in _ROLES)]


def _binding(role: str) -> Object:
    if role.startswith(_AUTHENTICATION):
        users = [subject("User", f"system:{name}") for name in (_MANAGER, _SCHEDULER)]
        return bound("Role", role, users, name=f"system::{role}")
    program = role.removeprefix("system::leader-locking-")
    if program == role:
        return bound("Role", role, [subject("ServiceAccount", role.removeprefix("system:controller:"))])
    accounts = [program, "leader-election-controller"] if program == _MANAGER else [program]
    who = [subject("User", f"system:{program}"), *(subject("ServiceAccount", account) for account in accounts)]
    return bound("Role", role, who)


def _within(namespace: str, obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
