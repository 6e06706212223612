"""Roles' bindings in a table; roles themselves have no printer of their own."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, name_of


def _binding(obj: Object, now: float) -> Cells:
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or []
    accounts = [f"{one.get('namespace', '')}/{one.get('name', '')}" for one in subjects if _is(one, "ServiceAccount")]
    return [
        name_of(obj),
        f"{role.get('kind', '')}/{role.get('name', '')}",
        age(obj, now),
        ", ".join(one.get("name", "") for one in subjects if _is(one, "User")),
        ", ".join(one.get("name", "") for one in subjects if _is(one, "Group")),
        ", ".join(accounts),
    ]


def _is(subject: Object, kind: str) -> bool:
    return subject.get("kind") == kind


_PRINTER = Printer(
    (
        NAME,
        Column("Role", "What is granted."),
        AGE,
        Column("Users", "To which users.", priority=1),
        Column("Groups", "To which groups.", priority=1),
        Column("ServiceAccounts", "To which service accounts.", priority=1),
    ),
    _binding,
)

PRINTERS = {
    "rolebindings.rbac.authorization.k8s.io": _PRINTER,
    "clusterrolebindings.rbac.authorization.k8s.io": _PRINTER,
}
