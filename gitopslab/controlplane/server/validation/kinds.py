"""Which rules belong to which kind.

``validate`` asks here; the rules themselves are in the modules named below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

Create = Callable[[Causes, Object], None]
Change = Callable[[Causes, Object, Object, str], None]


def _nothing(causes: Causes, obj: Object) -> None:
    """A kind whose spec has no rules."""


def _any_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """A kind whose changes have no rules."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a kind: the format of its names, of new objects, and of changes."""

    name: formats.Check = formats.problems_of_subdomain
    create: Create = _nothing
    change: Change = _any_change


_RULES: dict[str, Rules] = {
    "namespaces": Rules(formats.problems_of_label),
}
_PLAIN = Rules()


def rules_of(resource: Resource) -> Rules:
    """The rules of a kind; custom resources have only those of metadata, their schema is checked elsewhere."""
    return _RULES.get(resource.key, _PLAIN)
