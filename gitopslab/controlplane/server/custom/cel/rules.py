"""The rules of a schema, evaluated on an object that is written.

``objects`` calls ``Rules.check`` after every other check has passed. It walks the object along the places that have
rules at or below them (``rule``), until what all of them may cost is spent. A rule that looks at the old value
(``oldSelf``) is evaluated only where there is one, unless it says that it can do without. Upstream:
``apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.budget import Budget, OutOfBudget
from gitopslab.controlplane.server.custom.cel.conversion import converted
from gitopslab.controlplane.server.custom.cel.declarations import checkers_of
from gitopslab.controlplane.server.custom.cel.rule import Failed, Rule
from gitopslab.controlplane.server.custom.correlation import Correlation, KeyedItems
from gitopslab.controlplane.server.custom.paths import field_path
from gitopslab.controlplane.server.custom.structural import Node, rooted
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object


class Place:
    """A value on the way through an object.

    Attributes:
        path: As errors spell it; empty for the object itself.
        correlation: With the value before; None when nothing is comparable, or the object is new.
        above: The nearest place above that is comparable.
    """

    __slots__ = ("above", "correlation", "path")

    def __init__(self, path: str, correlation: Correlation | None, above: Correlation | None) -> None:
        self.path = path
        self.correlation = correlation
        self.above = above

    @property
    def is_unchanged(self) -> bool:
        """Whether what is wrong here was so before."""
        known = self.correlation if self.correlation is not None else self.above
        return known is not None and known.is_same

    def field(self, name: str, path: str) -> Place:
        """The place of a field."""
        if self.correlation is None:
            return Place(path, None, self.above)
        if self.above is None and name in ("apiVersion", "kind"):
            return Place(path, None, None)
        return Place(path, self.correlation.field(name), self.correlation)

    def item(self, index: int) -> Place:
        """The place of an item."""
        path = f"{self.path}[{index}]"
        if self.correlation is None:
            return Place(path, None, self.above)
        return Place(path, self.correlation.item(index), self.correlation)


class _Stopped(Exception):
    """Nothing more is evaluated."""


class _Report(NamedTuple):
    """What is found on the way through an object, and what may still be spent on it."""

    causes: Causes
    warnings: list[str]
    budget: Budget


class Rules:
    """The rules of one schema, and of what is below it.

    Attributes:
        rules: Those of the schema itself.
    """

    def __init__(self, node: Node, *, is_root: bool) -> None:
        self._node = node
        self._is_root = is_root
        self.rules = [Rule(spec, lambda: self._checkers) for spec in node.rules]
        self._items = _below(node.items)
        self._values = _below(node.additional)
        found = {name: _below(field) for name, field in node.properties.items()}
        self._fields = {name: rules for name, rules in found.items() if rules is not None}

    @cached_property
    def _checkers(self) -> tuple[engine.Checker, engine.Checker]:
        return checkers_of(self._node, is_root=self._is_root)

    def check(
        self, causes: Causes, warnings: list[str], value: Any, old: Any, place: Place, budget: Budget | None = None
    ) -> None:
        """Report every rule that a value breaks.

        Args:
            causes: Where to report.
            warnings: Where to tell of what was wrong before and did not change.
            value: The new value.
            old: The one before; None when there is none.
            place: Where it is.
            budget: What may be spent on it; default what an object may cost.
        """
        try:
            self._walk(_Report(causes, warnings, budget or Budget()), value, old, place)
        except _Stopped:
            return

    def _walk(self, report: _Report, value: Any, old: Any, place: Place) -> None:
        if value is None:
            return
        if self.rules:
            self._check_here(report, value, old, place)
        if isinstance(value, list) and self._items is not None:
            before = KeyedItems(self._node, old)
            for index, item in enumerate(value):
                self._items._walk(report, item, before.like(item), place.item(index))
        elif isinstance(value, dict):
            self._walk_fields(report, value, old if isinstance(old, dict) else {}, place)

    def _walk_fields(self, report: _Report, value: Object, old: Object, place: Place) -> None:
        for name, item in value.items():
            if self._values is not None:
                self._values._walk(report, item, old.get(name), place.field(name, f"{place.path}[{name}]"))
            if name in self._fields:
                below = place.field(name, f"{place.path}.{name}" if place.path else name)
                self._fields[name]._walk(report, item, old.get(name), below)

    def _check_here(self, report: _Report, value: Any, old: Any, place: Place) -> None:
        node = rooted(self._node) if self._is_root else self._node
        path, kind = place.path or "<nil>", self._node.type
        if report.budget.is_spent:
            report.causes.invalid(path, kind, str(OutOfBudget()))
            raise _Stopped
        try:
            own, before = converted(value, node), [converted(old, node)] if old is not None else []
        except ValueError as error:
            report.causes.invalid(path, kind, str(error))
            return
        for rule in self.rules:
            if rule.uses_old and old is None and not rule.is_optional:
                continue
            try:
                known = [old] if before and rule.is_optional else before  # upstream, what is optional loses its types
                if not rule.holds(own, known, report.budget):
                    self._broken(report, rule, value, (own, known), place)
            except Failed as error:
                report.causes.invalid(path, kind, str(error))
                if error.is_last:
                    raise _Stopped from error

    def _broken(self, report: _Report, rule: Rule, value: Any, values: tuple[Any, list[Any]], place: Place) -> None:
        """Report that a rule does not hold, or warn of it where that is nothing new."""
        found, path, failed = Causes(), place.path, None
        if rule.spec.get("fieldPath"):
            below = field_path(rule.spec["fieldPath"], self._node)
            path = f"{path}.{below}" if path else str(below)
        path = path or "<nil>"
        try:
            self._object(found, rule.spec.get("reason") or "", path, value, rule.said(*values, report.budget))
        except Failed as error:
            found.invalid(path, self._node.type, str(error))
            failed = error
        if rule.uses_old or not place.is_unchanged:
            report.causes.found += found.found
        else:
            report.warnings.extend(f"{where}: {message}" for where, _, message in found.found)
        if failed is not None:
            raise _Stopped from failed

    def _object(self, causes: Causes, reason: str, path: str, value: Any, detail: str) -> None:
        is_large = self._node.type in ("object", "array")
        match reason:
            case "FieldValueForbidden":
                causes.forbidden(path, detail)
            case "FieldValueRequired":
                causes.required(path, detail)
            case "FieldValueDuplicate" if is_large:
                causes.bare(path, "FieldValueDuplicate", "Duplicate value")
            case "FieldValueDuplicate":
                causes.duplicate(path, value)
            case _ if is_large:
                causes.bare(path, "FieldValueInvalid", "Invalid value", detail)
            case _:
                causes.invalid(path, value, detail)


def rules_of(node: Node, *, is_root: bool = True) -> Rules:
    """The rules of a schema that has some."""
    return Rules(node, is_root=is_root)


def _below(node: Node | None) -> Rules | None:
    return Rules(node, is_root=node.embedded) if node is not None and node.has_rules else None
