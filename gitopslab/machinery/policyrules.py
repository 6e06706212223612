"""One rule of a role: what it allows, and whether several rules together cover another.

Pure; authorization asks it, and Argo CD, which tells what a role lacked. Upstream:
``pkg/apis/rbac/v1/evaluation_helpers.go`` and ``component-helpers/auth/rbac/validation``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from gitopslab.machinery import golang
from gitopslab.machinery.objects import Object

ALL = "*"


class Act(Protocol):
    """What a rule may allow: a verb on a resource, or on a path that is no resource."""

    @property
    def verb(self) -> str:
        """As in ``list``; for a path the HTTP method in lower case."""
        ...

    @property
    def group(self) -> str:
        """The API group."""
        ...

    @property
    def target(self) -> str:
        """The resource with its subresource, as in ``pods/log``."""
        ...

    @property
    def name(self) -> str:
        """Empty for all objects."""
        ...

    @property
    def path(self) -> str:
        """As in ``/healthz``, when it is about no resource."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A ``PolicyRule``; sequences keep the order of the role, sets would lose what messages show."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Object) -> Rule:
        """The rule as a role spells it."""
        fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(tuple(rule.get(field) or ()) for field in fields))

    def allows(self, act: Act) -> bool:
        """Whether this rule alone allows an act."""
        if act.verb not in self.verbs and ALL not in self.verbs:
            return False
        if act.path:
            return any(_covers_url(url, act.path) for url in self.urls)
        return (
            (act.group in self.groups or ALL in self.groups)
            and self._names_resource(act.target)
            and (not self.names or act.name in self.names)
        )

    def covers(self, part: Rule) -> bool:
        """Whether whoever has this rule has ``part`` too, which has one value of each kind (``ruleCovers``)."""
        return (
            _has_all(self.verbs, part.verbs)
            and _has_all(self.groups, part.groups)
            and all(self._names_resource(resource) for resource in part.resources)
            and all(any(_covers_url(url, wanted) for url in self.urls) for wanted in part.urls)
            and (not self.names or (bool(part.names) and set(part.names) <= set(self.names)))
        )

    def parts(self) -> Iterator[Rule]:
        """The same as rules with at most one value of each kind."""
        for group in self.groups:
            for resource in self.resources:
                for verb in self.verbs:
                    for name in self.names or (None,):
                        yield Rule((verb,), (group,), (resource,), (name,) if name is not None else ())
        for url in self.urls:
            for verb in self.verbs:
                yield Rule((verb,), urls=(url,))

    def _names_resource(self, target: str) -> bool:
        if target in self.resources or ALL in self.resources:
            return True
        _, slash, subresource = target.partition("/")
        return bool(slash) and f"{ALL}/{subresource}" in self.resources

    def __str__(self) -> str:
        """As escalation messages show it: ``{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}``."""
        named = {
            "APIGroups": self.groups,
            "Resources": self.resources,
            "NonResourceURLs": self.urls,
            "ResourceNames": self.names,
            "Verbs": self.verbs,
        }
        return "{" + ", ".join(f"{label}:{quoted(values)}" for label, values in named.items() if values) + "}"


EVERYTHING = (Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), urls=(ALL,)))
"""What ``cluster-admin`` may do."""


def uncovered(held: Iterable[Rule], wanted: Iterable[Rule]) -> Iterator[Rule]:
    """The parts of ``wanted`` that ``held`` lacks."""
    owned = list(held)
    for part in (part for rule in wanted for part in rule.parts()):
        if not any(rule.covers(part) for rule in owned):
            yield part


def missing(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What ``held`` lacks of ``wanted``, compacted: one rule a resource, with all the verbs it lacks."""
    found: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for part in uncovered(held, wanted):
        # Upstream compacts resource rules only: each verb on a path stays a rule of its own
        apart = part.verbs if part.urls else ()
        found.setdefault((part.groups, part.resources, part.names, part.urls, apart), []).extend(part.verbs)
    return [Rule(tuple(verbs), *key[:4]) for key, verbs in found.items()]


def quoted(values: Iterable[str]) -> str:
    """Strings as Go's ``%q`` prints a slice of them."""
    return "[" + " ".join(map(golang.quoted, values)) + "]"


def _has_all(set_: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return ALL in set_ or set(wanted) <= set(set_)


def _covers_url(url: str, wanted: str) -> bool:
    return url in (wanted, ALL) or (url.endswith(ALL) and wanted.startswith(url.rstrip(ALL)))
