"""The names in a definition: group, scope, plural, kind and the rest."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_SCOPES = ("Cluster", "Namespaced")
_MIXED = "may have mixed case, but should otherwise match: "


def check_group(causes: Causes, group: str, path: str) -> None:
    """A domain with a dot in it."""
    if not group:
        causes.required(path)
    elif problems := formats.problems_of_subdomain(group):
        causes.invalid(path, group, ",".join(problems))
    elif "." not in group:
        causes.invalid(path, group, "should be a domain with at least one dot")


def check_scope(causes: Causes, scope: str, path: str) -> None:
    """One of two."""
    if not scope:
        causes.required(path)
    elif scope not in _SCOPES:
        causes.unsupported(path, scope, _SCOPES)


def check_required(causes: Causes, names: Object, path: str) -> None:
    """The names that every definition has."""
    for field in ("plural", "singular", "kind", "listKind"):
        if not names.get(field):
            causes.required(f"{path}.{field}")


def check(causes: Causes, names: Object, path: str) -> None:
    """Report names that cannot be part of a path or a kind."""
    for field in ("plural", "singular"):
        _check_label(causes, names.get(field) or "", f"{path}.{field}")
    for field in ("kind", "listKind"):
        _check_label(causes, names.get(field) or "", f"{path}.{field}", mixed=True)
    for index, name in enumerate(names.get("shortNames") or ()):
        _check_label(causes, name, f"{path}.shortNames[{index}]", empty=True)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        causes.invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same")
    for index, name in enumerate(names.get("categories") or ()):
        _check_label(causes, name, f"{path}.categories[{index}]", empty=True)


def _check_label(causes: Causes, name: str, path: str, *, mixed: bool = False, empty: bool = False) -> None:
    problems = formats.problems_of_1035_label(name.lower() if mixed else name)
    if problems and (name or empty):
        causes.invalid(path, name, f"{_MIXED if mixed else ''}{','.join(problems)}")
