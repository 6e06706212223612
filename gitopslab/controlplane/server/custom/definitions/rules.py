"""The CEL rules of a schema, before any object meets them: are they CEL, do they fit it, and what do they cost?

``schemas`` calls both halves at every place: ``check_texts`` for the fields of a rule, ``check_expressions`` for what
the type checker says and the ``budget``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitopslab.controlplane.server.custom import paths
from gitopslab.controlplane.server.custom.definitions import internal
from gitopslab.controlplane.server.custom.definitions.budget import Budget
from gitopslab.controlplane.server.custom.structural import RULES, Node
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.engine import Checker
    from gitopslab.controlplane.server.custom.cel.sizes import Sized
    from gitopslab.controlplane.server.custom.cel.tree import Tree

_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")

_UNUSED = "may not be set if oldSelf is not used in rule"


def check_texts(causes: Causes, schema: Object, path: str) -> None:
    """Report rules that say nothing, or say it in a form that cannot be told."""
    for index, rule in enumerate(schema.get(RULES) or ()):
        where = f"{path}.{RULES}[{index}]"
        _check_message(causes, rule, where)
        expression, reason = rule.get("messageExpression") or "", rule.get("reason")
        if expression and not expression.strip():
            causes.required(f"{where}.messageExpression", "messageExpression must be non-empty if specified")
        if reason is not None and reason not in _REASONS:
            causes.unsupported(f"{where}.reason", reason, _REASONS)
        _check_path(causes, rule.get("fieldPath") or "", schema, f"{where}.fieldPath")


def _check_message(causes: Causes, rule: Object, where: str) -> None:
    text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    if not text:
        causes.required(f"{where}.rule", "rule is not specified")
    elif message and not message.strip():
        causes.invalid(f"{where}.message", message, "must be non-empty if specified")
    elif _has_breaks(message.strip()):
        causes.invalid(f"{where}.message", message, "must not contain line breaks")
    elif _has_breaks(text) and not message:
        causes.required(f"{where}.message", "message must be specified if rule contains line breaks")


def _check_path(causes: Causes, given: str, schema: Object, where: str) -> None:
    if given and not given.strip():
        causes.invalid(where, given, "must be non-empty if specified")
    if _has_breaks(given):
        causes.invalid(where, given, "must not contain line breaks")
    if given:
        try:
            paths.follow(given, Node(schema))
        except ValueError:
            causes.invalid(where, given, "must be a valid path")


def _has_breaks(text: str) -> bool:
    return "\n" in text or "\r" in text


def check_expressions(causes: Causes, schema: Object, path: str, place: Place, budget: Budget) -> None:
    """Report rules that do not compile, or that cost too much.

    Args:
        causes: Where to report.
        schema: The place; one without rules has nothing to report.
        path: Its path.
        place: Where in an object it is.
        budget: What all rules together may cost.
    """
    rules = schema.get(RULES) or []
    if not rules:
        return
    from gitopslab.controlplane.server.custom.cel.declarations import checkers_of
    from gitopslab.controlplane.server.custom.cel.sizes import sized

    node = Node(schema)
    try:
        plain, optional = checkers_of(node, is_root=place.is_root)
    except ValueError as error:
        detail = f"internal error: failed to construct type information for {RULES} rules: {error}"
        causes.bare(f"{path}.{RULES}", "InternalError", "Internal error", detail)
        return
    size = sized(node, is_root=place.is_root)
    for index, rule in enumerate(rules):
        checker = optional if rule.get("optionalOldSelf") else plain
        _Rule(causes, rule, checker, size, budget).check(f"{path}.{RULES}[{index}]", place)


class Place(NamedTuple):
    """Where a schema is in an object.

    Attributes:
        is_root: Whether it is the whole object.
        uncorrelated: The place above below which there is no old value; empty when there is one.
        cardinality: How often it occurs at most; None when nothing says so.
    """

    is_root: bool
    uncorrelated: str
    cardinality: int | None


class _Rule(NamedTuple):
    """One rule, with what it is held against."""

    causes: Causes
    rule: Object
    checker: Checker
    size: Sized | None
    budget: Budget

    def check(self, where: str, place: Place) -> None:
        """Report what is wrong with it."""
        from gitopslab.controlplane.server.custom.cel import engine

        rule, causes = self.rule, self.causes
        try:
            kind, tree, _ = self.checker.check(rule["rule"])
        except engine.CompileError as error:
            causes.invalid(f"{where}.rule", internal.rule(rule), error.told)
            if rule.get("optionalOldSelf") is not None:  # what does not compile uses nothing
                causes.invalid(f"{where}.optionalOldSelf", rule["optionalOldSelf"], _UNUSED)
            return
        if kind not in ("BOOL", ""):
            causes.invalid(f"{where}.rule", internal.rule(rule), "cel expression must evaluate to a bool")
            return
        self._count(tree, f"{where}.rule", "estimated rule cost", place.cardinality)
        if rule.get("messageExpression"):
            self._check_message(f"{where}.messageExpression")
        self._check_old_self(where, place.uncorrelated, uses_old=tree.names("oldSelf"))

    def _check_message(self, where: str) -> None:
        from gitopslab.controlplane.server.custom.cel import engine

        try:
            kind, tree, _ = self.checker.check(self.rule["messageExpression"])
        except engine.CompileError as error:
            message = f"messageExpression {error.stage} failed: {error}"
            self.causes.invalid(where, internal.rule(self.rule), message)
            return
        if kind not in ("STRING", ""):
            self.causes.invalid(where, internal.rule(self.rule), "messageExpression must evaluate to a string")
            return
        self._count(tree, where, "estimated messageExpression cost", 1)

    def _count(self, tree: Tree, where: str, named: str, cardinality: int | None) -> None:
        from gitopslab.controlplane.server.custom.cel.costs import estimate

        if self.size is None:
            return
        often = self.size.cardinality if cardinality is None else cardinality
        self.budget.spend(self.causes, where, named, estimate(tree, self.size) * often)

    def _check_old_self(self, where: str, uncorrelated: str, *, uses_old: bool) -> None:
        causes, rule = self.causes, self.rule
        if uses_old:
            if uncorrelated:
                message = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
                causes.invalid(f"{where}.rule", rule["rule"], message)
        elif rule.get("optionalOldSelf") is not None:
            causes.invalid(f"{where}.optionalOldSelf", rule["optionalOldSelf"], _UNUSED)
