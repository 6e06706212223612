"""The rules of a schema, evaluated on an object that is written.

``objects`` calls ``Rules.check`` after every other check has passed. It walks the object along the places that have
rules at or below them. A rule that looks at the old value (``oldSelf``) is evaluated only where there is one, unless
it says that it can do without. Upstream: ``apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go``.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.conversion import converted
from gitopslab.controlplane.server.custom.correlation import Correlation, item_like
from gitopslab.controlplane.server.custom.paths import field_path
from gitopslab.controlplane.server.custom.structural import Node, rooted
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

log = logging.getLogger(__name__)

_NO_OVERLOAD = "call arguments did not match a supported operator, function or macro signature"
_LONGEST_MESSAGE = 5 * 1024
_STRINGS = re.compile(r"""r?(\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", re.DOTALL)
_OLD_SELF = re.compile(r"(?<![\w.])oldSelf\b")


def uses_old_self(rule: str) -> bool:
    """Whether an expression looks at the value before the update."""
    return "oldSelf" in rule and _OLD_SELF.search(_STRINGS.sub("''", rule)) is not None


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


class Rules:
    """The rules of one schema, and of what is below it."""

    def __init__(self, node: Node, *, is_root: bool) -> None:
        self._node = node
        self._is_root = is_root
        self._rules = node.rules
        self._items = _below(node.items)
        self._values = _below(node.additional)
        found = {name: _below(field) for name, field in node.properties.items()}
        self._fields = {name: rules for name, rules in found.items() if rules is not None}

    def check(self, causes: Causes, warnings: list[str], value: Any, old: Any, place: Place) -> None:
        """Report every rule that a value breaks.

        Args:
            causes: Where to report.
            warnings: Where to tell of what was wrong before and did not change.
            value: The new value.
            old: The one before; None when there is none.
            place: Where it is.
        """
        if value is None:
            return
        if self._rules:
            self._check_here(causes, warnings, value, old, place)
        if isinstance(value, list) and self._items is not None:
            for index, item in enumerate(value):
                before = item_like(self._node, old, item)
                self._items.check(causes, warnings, item, before, place.item(index))
        elif isinstance(value, dict):
            self._check_fields(causes, warnings, value, old if isinstance(old, dict) else {}, place)

    def _check_fields(self, causes: Causes, warnings: list[str], value: Object, old: Object, place: Place) -> None:
        for name, item in value.items():
            if self._values is not None:
                below = place.field(name, f"{place.path}[{name}]")
                self._values.check(causes, warnings, item, old.get(name), below)
            if name in self._fields:
                below = place.field(name, f"{place.path}.{name}" if place.path else name)
                self._fields[name].check(causes, warnings, item, old.get(name), below)

    def _check_here(self, causes: Causes, warnings: list[str], value: Any, old: Any, place: Place) -> None:
        node = rooted(self._node) if self._is_root else self._node
        path, kind = place.path or "<nil>", self._node.type
        try:
            values = {"self": converted(value, node), "oldSelfs": [converted(old, node)] if old is not None else []}
            values["oldSelf"] = values["oldSelfs"][0] if values["oldSelfs"] else None
        except ValueError as error:
            causes.invalid(path, kind, str(error))
            return
        for rule in self._rules:
            uses_old, optional = uses_old_self(rule["rule"]), bool(rule.get("optionalOldSelf"))
            if uses_old and old is None and not optional:
                continue
            try:
                holds = engine.evaluate(_bound(rule["rule"], optional=optional), values)
            except engine.EvaluationError as error:
                causes.invalid(path, kind, _failure(str(error), rule))
                continue
            if holds is not True:
                found = Causes()
                self._object(found, rule, value, values, place)
                if uses_old or not place.is_unchanged:
                    causes.found += found.found
                else:
                    warnings += [f"{where}: {message}" for where, _, message in found.found]

    def _object(self, causes: Causes, rule: Object, value: Any, values: Object, place: Place) -> None:
        """Report that a rule does not hold."""
        path = place.path
        if rule.get("fieldPath"):
            path = (
                f"{path}.{field_path(rule['fieldPath'], self._node)}"
                if path
                else str(field_path(rule["fieldPath"], self._node))
            )
        path = path or "<nil>"
        detail = _said(rule, values) or rule_message(rule)
        match rule.get("reason"):
            case "FieldValueForbidden":
                causes.forbidden(path, detail)
            case "FieldValueRequired":
                causes.required(path, detail)
            case "FieldValueDuplicate" if self._node.type in ("object", "array"):
                causes.bare(path, "FieldValueDuplicate", "Duplicate value")
            case "FieldValueDuplicate":
                causes.duplicate(path, value)
            case _ if self._node.type in ("object", "array"):
                causes.bare(path, "FieldValueInvalid", "Invalid value", detail)
            case _:
                causes.invalid(path, value, detail)


def rules_of(node: Node, *, is_root: bool = True) -> Rules:
    """The rules of a schema that has some."""
    return Rules(node, is_root=is_root)


def _below(node: Node | None) -> Rules | None:
    return Rules(node, is_root=node.embedded) if node is not None and node.has_rules else None


def _bound(expression: str, *, optional: bool) -> str:
    """With ``optionalOldSelf`` the old value is an optional one."""
    expression = expression.strip()
    return engine.with_optional(expression) if optional else expression


def _failure(error: str, rule: Object) -> str:
    told = _told(rule)
    if error.startswith("no such overload"):
        return f"'{error}': {_NO_OVERLOAD} for rule: {told}"
    return f"{error} evaluating rule: {told}"


def _told(rule: Object) -> str:
    return str(rule.get("message") or rule["rule"]).strip()


def rule_message(rule: Object) -> str:
    """What a rule without a working ``messageExpression`` says."""
    message = rule.get("message") or ""
    return str(message).strip() if message else f"failed rule: {_told(rule)}"


def _said(rule: Object, values: Object) -> str:
    """What ``messageExpression`` says; empty when there is none, or it says nothing of use."""
    expression = rule.get("messageExpression")
    if not expression:
        return ""
    try:
        said = engine.evaluate(_bound(expression, optional=bool(rule.get("optionalOldSelf"))), values)
    except (engine.EvaluationError, engine.CompileError) as error:
        log.info("messageExpression evaluation failed due to: %s", error)
        return ""
    text = said.strip() if isinstance(said, str) else ""
    return "" if len(text) > _LONGEST_MESSAGE or "\n" in text else text
