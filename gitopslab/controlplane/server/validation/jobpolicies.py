"""Rules of a Job's policies: which failures count, and when it has succeeded early. Called by ``jobs``.

Upstream: ``validatePodFailurePolicy`` and ``validateSuccessPolicy`` in ``pkg/apis/batch/validation``.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise
from typing import Any

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import check_not_negative
from gitopslab.machinery.objects import Object

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_MOST_RULES, _MOST_CODES, _MOST_CONDITIONS = 20, 255, 20
_LONGEST_INDEXES = 64 * 1024


def check_failure_policy(causes: Causes, spec: Object, path: str) -> None:
    """``podFailurePolicy`` of a Job's spec."""
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > _MOST_RULES:
        causes.too_many(f"{path}.rules", len(rules), _MOST_RULES)
    pod = (spec.get("template") or {}).get("spec") or {}
    containers = {each.get("name") for field in ("containers", "initContainers") for each in pod.get(field) or ()}
    for index, rule in enumerate(rules):
        _check_rule(causes, spec, rule, containers, f"{path}.rules[{index}]")


def check_replacement(causes: Causes, spec: Object, path: str) -> None:
    """``podReplacementPolicy``: with a failure policy pods are replaced only once they have failed."""
    policy = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENTS[:1] if spec.get("podFailurePolicy") is not None else _REPLACEMENTS
    if policy is not None and policy not in allowed:
        causes.unsupported(path, policy, allowed)


def check_success_policy(causes: Causes, spec: Object, path: str) -> None:
    """``successPolicy`` of the spec of an Indexed Job."""
    rules = spec["successPolicy"].get("rules") or []
    if not rules:
        causes.required(f"{path}.rules", "at least one rules must be specified when the successPolicy is specified")
    if len(rules) > _MOST_RULES:
        causes.too_many(f"{path}.rules", len(rules), _MOST_RULES)
    for index, rule in enumerate(rules):
        _check_success_rule(causes, rule, spec.get("completions") or 0, f"{path}.rules[{index}]")


def _check_rule(causes: Causes, spec: Object, rule: Object, containers: set[Any], path: str) -> None:
    action = rule.get("action") or ""
    if not action:
        causes.required(f"{path}.action", _valid(_ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        causes.invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set")
    elif action not in _ACTIONS:
        causes.unsupported(f"{path}.action", action, _ACTIONS)
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        _check_codes(causes, codes, containers, f"{path}.onExitCodes")
    if len(conditions) > _MOST_CONDITIONS:
        causes.too_many(f"{path}.onPodConditions", len(conditions), _MOST_CONDITIONS)
    for index, pattern in enumerate(conditions):
        _check_condition(causes, pattern, f"{path}.onPodConditions[{index}]")
    if codes is not None and conditions:
        _invalid(causes, path, "specifying both OnExitCodes and OnPodConditions is not supported")
    elif codes is None and not conditions:
        _invalid(causes, path, "specifying one of OnExitCodes and OnPodConditions is required")


def _check_codes(causes: Causes, codes: Object, containers: set[Any], path: str) -> None:
    operator, name = codes.get("operator") or "", codes.get("containerName")
    if not operator:
        causes.required(f"{path}.operator", _valid(_OPERATORS))
    elif operator not in _OPERATORS:
        causes.unsupported(f"{path}.operator", operator, _OPERATORS)
    if name is not None and name not in containers:
        text = "must be one of the container or initContainer names in the pod template"
        causes.invalid(f"{path}.containerName", name, text)
    _check_values(causes, codes.get("values") or [], operator, f"{path}.values")


def _check_values(causes: Causes, values: list[int], operator: str, path: str) -> None:
    if not values:
        causes.invalid(path, values, "at least one value is required")
    elif len(values) > _MOST_CODES:
        causes.too_many(path, len(values), _MOST_CODES)
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            causes.invalid(f"{path}[{index}]", value, "must not be 0 for the In operator")
        if value in values[:index]:
            causes.duplicate(f"{path}[{index}]", value)
    if any(after < value for value, after in pairwise(values)):
        causes.invalid(path, values, "must be ordered")


def _check_condition(causes: Causes, pattern: Object, path: str) -> None:
    kind, status = pattern.get("type") or "", pattern.get("status") or ""
    causes.each(f"{path}.type", kind, formats.problems_of_qualified_name(kind))
    if not status:
        causes.required(f"{path}.status", _valid(_STATUSES))
    elif status not in _STATUSES:
        causes.unsupported(f"{path}.status", status, _STATUSES)


def _check_success_rule(causes: Causes, rule: Object, completions: int, path: str) -> None:
    count, indexes, total = rule.get("succeededCount"), rule.get("succeededIndexes"), 0
    if count is None and indexes is None:
        causes.required(path, "at least one of succeededCount or succeededIndexes must be specified")
    if indexes is not None:
        if len(indexes) > _LONGEST_INDEXES:
            causes.too_long(f"{path}.succeededIndexes", _LONGEST_INDEXES)
        try:
            total = total_of(indexes, completions)
        except ValueError as error:
            causes.invalid(f"{path}.succeededIndexes", indexes, f"error parsing succeededIndexes: {error}")
    if count is not None:
        check_not_negative(causes, rule, path, "succeededCount")
        limits = [(completions, "the number of specified completions")]
        limits += [] if indexes is None else [(total, "the number of indexes in the specified succeededIndexes field")]
        for limit, what in limits:
            if count > limit:
                causes.invalid(f"{path}.succeededCount", count, f"must be less than or equal to {limit} ({what})")


def total_of(text: str, completions: int) -> int:
    """How many indexes ``0-2,5`` stands for."""
    last, total = -1, 0
    for part in text.split(",") if text else ():
        first, end = _interval(part, completions)
        if total and last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def first_common(one: str, other: str, completions: int) -> int | None:
    """The lowest index that both of two such texts stand for; None when there is none, or one is malformed."""
    try:
        mine, theirs = (
            deque(sorted(_interval(part, completions) for part in text.split(","))) for text in (one, other)
        )
    except ValueError:
        return None
    while mine and theirs:
        low, high = max(mine[0][0], theirs[0][0]), min(mine[0][1], theirs[0][1])
        if low <= high:
            return low
        (mine if mine[0][1] < theirs[0][1] else theirs).popleft()
    return None


def _interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        rule = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise ValueError(f'the fragment "{text}" {rule}')
    numbers = [_index(limit, completions) for limit in limits]
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        raise ValueError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
    return numbers[0], numbers[-1]


def _index(text: str, completions: int) -> int:
    if not re.fullmatch(r"[+]?[0-9]+", text):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)


def _valid(values: tuple[str, ...]) -> str:
    """A list as Go prints it with ``%q``."""
    listed = " ".join(f'"{value}"' for value in values)
    return f"valid values: [{listed}]"


def _invalid(causes: Causes, path: str, detail: str) -> None:
    causes.bare(path, "FieldValueInvalid", "Invalid value", detail)
