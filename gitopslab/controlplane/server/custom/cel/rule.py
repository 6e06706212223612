"""One rule of a schema: its expression and what it says, compiled when it is first evaluated.

``rules`` evaluates it wherever an object has a value for it, and reports. Upstream: ``validateExpressions`` in
``apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.budget import Budget, OutOfBudget
from gitopslab.controlplane.server.custom.cel.evaluation.meter import CostExceeded
from gitopslab.controlplane.server.custom.cel.evaluation.planning import Program
from gitopslab.controlplane.server.custom.cel.evaluation.values import NOTHING, Optional
from gitopslab.machinery.objects import Object

log = logging.getLogger(__name__)

_NO_OVERLOAD = "call arguments did not match a supported operator, function or macro signature"
_NO_MORE = "no further validation rules will be run"
_TOO_LONG = str(CostExceeded())
_LONGEST_MESSAGE = 5 * 1024


class Failed(ValueError):
    """A rule could not be evaluated.

    Attributes:
        is_last: Whether nothing may be evaluated any more.
    """

    def __init__(self, message: str, *, is_last: bool = False) -> None:
        super().__init__(message)
        self.is_last = is_last


class Rule:
    """A rule.

    Args:
        spec: What the schema says of it.
        checkers: What expressions are held against: with an old value, and with one that may be missing.
    """

    def __init__(self, spec: Object, checkers: Callable[[], tuple[engine.Checker, engine.Checker]]) -> None:
        self.spec = spec
        self.is_optional = bool(spec.get("optionalOldSelf"))
        self._checkers = checkers

    @cached_property
    def uses_old(self) -> bool:
        """Whether it looks at the value before the update; what does not compile looks at nothing."""
        try:
            return self._checked.tree.names("oldSelf")
        except engine.CompileError:
            return False

    def holds(self, value: object, old: list[object], budget: Budget) -> bool:
        """Whether a value keeps it.

        Args:
            value: It.
            old: The value before, if any.
            budget: What may be spent.

        Raises:
            Failed: That cannot be told.
        """
        try:
            return engine.evaluate(self._checked.program, self._names(value, old), budget) is True
        except OutOfBudget as error:
            raise Failed(str(error), is_last=True) from error
        except engine.CompileError as error:
            raise Failed(f"rule compile error: {error.told}") from error
        except engine.EvaluationError as error:
            raise self._failed(str(error)) from error

    def said(self, value: object, old: list[object], budget: Budget) -> str:
        """What it says of a value that does not keep it.

        Raises:
            Failed: That takes too much.
        """
        return self._message(value, old, budget) or rule_message(self.spec)

    @cached_property
    def _checked(self) -> engine.Checked:
        return self._compiled(self.spec["rule"])

    @cached_property
    def _message_program(self) -> Program:
        return self._compiled(self.spec["messageExpression"]).program

    def _compiled(self, expression: str) -> engine.Checked:
        plain, optional = self._checkers()
        return (optional if self.is_optional else plain).check(expression.strip())

    def _names(self, value: object, old: list[object]) -> Object:
        if self.is_optional:
            return {"self": value, "oldSelf": Optional((old[0],)) if old else NOTHING}
        return {"self": value, "oldSelf": old[0] if old else None}

    def _failed(self, error: str) -> Failed:
        told = _told(self.spec)
        if error.startswith("no such overload"):
            return Failed(f"'{error}': {_NO_OVERLOAD} for rule: {told}")
        if error == _TOO_LONG:
            return Failed(f"'{error}': {_NO_MORE} due to call cost exceeds limit for rule: {told}", is_last=True)
        return Failed(f"{error} evaluating rule: {told}")

    def _message(self, value: object, old: list[object], budget: Budget) -> str:
        """What ``messageExpression`` says; empty when there is none, or it says nothing of use."""
        expression = self.spec.get("messageExpression")
        if not expression:
            return ""
        try:
            said = engine.evaluate(self._message_program, self._names(value, old), budget)
        except OutOfBudget as error:
            message = f"messageExpression evaluation failed due to running out of cost budget, {_NO_MORE}"
            raise Failed(message, is_last=True) from error
        except (engine.EvaluationError, engine.CompileError) as error:
            if str(error) == _TOO_LONG:
                message = f'{_NO_MORE} due to call cost exceeds limit for messageExpression: "{expression}"'
                raise Failed(message, is_last=True) from error
            log.info("messageExpression evaluation failed due to: %s", error)
            return ""
        text = said.strip() if isinstance(said, str) else ""
        return "" if len(text) > _LONGEST_MESSAGE or "\n" in text else text


def _told(spec: Object) -> str:
    return str(spec.get("message") or spec["rule"]).strip()


def rule_message(spec: Object) -> str:
    """What a rule without a working ``messageExpression`` says."""
    message = spec.get("message") or ""
    return str(message).strip() if message else f"failed rule: {_told(spec)}"
