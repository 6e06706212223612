"""What ``kubectl auth reconcile`` makes of a role or a binding, which Argo CD has it do before it applies one.

It adds what is missing and takes nothing away: that is left to the apply. A binding to another role, which cannot be
changed, is made anew. Sources: ``kubectl/pkg/cmd/auth/reconcile.go``, ``component-helpers/auth/rbac/reconciliation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gitopslab.machinery.objects import Object, annotations_of, copy_of
from gitopslab.machinery.policyrules import Rule, uncovered

_VERSION = "rbac.authorization.k8s.io/v1"
_PROTECTED = "rbac.authorization.kubernetes.io/autoupdate"
_CAVEAT = f", but object opted out ({_PROTECTED}: false)"
_RULE = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
_SUBJECT = ("kind", "apiGroup", "name", "namespace")

CREATE, UPDATE, RECREATE, NONE = "create", "update", "recreate", ""
"""What is required."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What is to be done with a role or binding.

    Attributes:
        object: As it is to be written; without what only an apply brings.
        required: One of the above.
        lacked: The rules or subjects that were missing, as Go prints them.
        is_protected: Whether the live object says that nobody may do it.
    """

    object: Object
    required: str
    lacked: tuple[str, ...] = ()
    is_protected: bool = False

    @property
    def words(self) -> str:
        """What kubectl says of it, besides the object's name; empty when nothing is required."""
        if not self.required:
            return ""
        what = "rules" if self.object["kind"].endswith("Role") else "subjects"
        lines = [f"reconciliation required {self.required}{_CAVEAT if self.is_protected else ''}"]
        lines += [f"\tmissing {what} added:", *(f"\t\t{each}" for each in self.lacked)] if self.lacked else []
        return "\n".join(lines)


def is_of_roles(obj: Object) -> bool:
    """Whether an object is a role or a binding, and can be read as one; what cannot, the server refuses."""
    lists = [obj.get(field) or [] for field in ("rules", "subjects")]
    is_readable = all(isinstance(each, list) and all(isinstance(item, dict) for item in each) for each in lists)
    return obj.get("apiVersion") == _VERSION and is_readable and isinstance(obj.get("roleRef") or {}, dict)


def reconciled(target: Object, live: Object | None) -> Reconciled:
    """What is to be done so that a role or binding grants what a target does."""
    is_role = target["kind"].endswith("Role")
    field = "rules" if is_role else "subjects"
    wanted, held = (list((side or {}).get(field) or ()) for side in (target, live))
    shown = _shown_rule if is_role else _shown_subject
    if live is None:
        return Reconciled(target, CREATE, tuple(map(shown, wanted)))
    is_protected = annotations_of(live).get(_PROTECTED) == "false"
    if not is_role and _place(target) != _place(live):
        return Reconciled(target, RECREATE, is_protected=is_protected)
    lacking = _lacking_rules(wanted, held) if is_role else _lacking_subjects(wanted, held)
    after = _with_metadata_of(target, live)
    if lacking:
        after[field] = [*held, *lacking]
    return Reconciled(after, UPDATE if after != live else NONE, tuple(map(shown, lacking)), is_protected)


def _with_metadata_of(target: Object, live: Object) -> Object:
    """The live object, with the annotations and labels that only the target has."""
    after: Object = copy_of(live)
    for field in ("annotations", "labels"):
        if merged := {**(target["metadata"].get(field) or {}), **(live["metadata"].get(field) or {})}:
            after["metadata"][field] = merged
    return after


def _lacking_rules(wanted: list[Object], held: list[Object]) -> list[Object]:
    return [
        {field: list(values) for field, values in zip(_RULE, _values(part), strict=True) if values}
        for part in uncovered(map(Rule.of, held), map(Rule.of, wanted))
    ]


def _lacking_subjects(wanted: list[Object], held: list[Object]) -> list[Object]:
    there = {_subject(each) for each in held}
    return [each for each in wanted if _subject(each) not in there]


def _values(rule: Rule) -> tuple[tuple[str, ...], ...]:
    return rule.verbs, rule.groups, rule.resources, rule.names, rule.urls


def _place(binding: Object) -> tuple[Any, ...]:
    role = binding.get("roleRef") or {}
    return role.get("kind"), role.get("name"), role.get("apiGroup")


def _subject(subject: Object) -> tuple[str, ...]:
    return tuple(subject.get(field) or "" for field in _SUBJECT)


def _shown_rule(rule: Object) -> str:
    """As Go prints one: ``{Verbs:[get] APIGroups:[] …}``."""
    fields = (f"{_go(field)}:[{' '.join(rule.get(field) or ())}]" for field in _RULE)
    return "{" + " ".join(fields) + "}"


def _shown_subject(subject: Object) -> str:
    return "{" + " ".join(f"{_go(field)}:{subject.get(field) or ''}" for field in _SUBJECT) + "}"


def _go(field: str) -> str:
    """The name of a field in Go."""
    return field.replace("api", "API") if field.startswith("api") else field[0].upper() + field[1:]
