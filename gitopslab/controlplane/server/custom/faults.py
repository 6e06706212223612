"""What is wrong with a value, before it is told as a field error.

``values`` collects faults, because the schemas of ``anyOf`` and ``oneOf`` must be tried and their faults thrown away;
``causes_of`` words them as the API server does. Upstream: ``kube-openapi/pkg/validation/errors`` and
``kubeOpenAPIResultToFieldErrors``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from gitopslab.controlplane.server.validation.causes import Causes, shown
from gitopslab.machinery.merge import same

Sort = Literal["type", "required", "enum", "too long", "too many", "invalid", "plain"]


class Fault(NamedTuple):
    """One objection.

    Attributes:
        sort: How it is told.
        path: Relative to the value that was validated.
        message: For the sorts that carry a text of their own.
        value: What is wrong, or how many there are.
        limit: What is allowed.
    """

    sort: Sort
    path: str
    message: str = ""
    value: Any = None
    limit: Any = None


class Outcome:
    """Faults, and how many checks were passed on the way: that decides which of several schemas fits best."""

    __slots__ = ("faults", "matches")

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.matches = 0

    def add(self, other: Outcome) -> None:
        """Take over what another one found."""
        self.faults += other.faults
        self.matches += other.matches


def report(causes: Causes, path: str, faults: Iterable[Fault]) -> None:
    """Tell faults as field errors below a path; an empty one is the object itself."""
    for fault in faults:
        below = fault.path.removeprefix(".")
        where = ".".join(filter(None, (path, below))) or "<nil>"
        if fault.sort == "required":
            causes.required(where)
        elif fault.sort == "enum":
            _unsupported(causes, where, fault)
        elif fault.sort == "too long":
            causes.too_long(where, fault.limit)
        elif fault.sort == "too many":
            causes.too_many(where, fault.value, fault.limit)
        elif fault.sort == "type":
            causes.type_invalid(where, fault.value if fault.value is not None else "", fault.message)
        elif fault.sort == "plain":
            causes.invalid(path or "<nil>", "", fault.message)
        else:
            causes.invalid(where, fault.value if fault.value is not None else "", fault.message)


def _unsupported(causes: Causes, where: str, fault: Fault) -> None:
    values = [value if isinstance(value, str) else shown(value) for value in fault.limit]
    causes.unsupported(where, fault.value, values)


def is_one_of(value: Any, values: Iterable[Any]) -> bool:
    """Whether a value is in an ``enum``; 1 and 1.0 are the same number."""
    return any(same(value, one) for one in values)
