"""``only`` and ``except``: the older way to say when a job runs (``lib/gitlab/ci/build/policy``)."""

from __future__ import annotations

from typing import Any

from gitopslab.ci import expressions, glob
from gitopslab.ci.entries.checks import is_pattern
from gitopslab.ci.event import Event
from gitopslab.ci.expressions.patterns import pattern
from gitopslab.ci.tree import Map
from gitopslab.ci.variables import Variables

USUAL = ("branches", "tags")
"""What a job without ``only``, ``except`` and ``rules`` runs for."""


def only_says(value: Any, event: Event, variables: Variables) -> tuple[bool, str]:
    """Whether all parts of ``only`` hold, and which does not."""
    parts = {"refs": list(USUAL), **_parts(value)}
    for name, part in parts.items():
        if not _holds(name, part, event, variables):
            return False, f"only: {name} does not hold for a {event}"
    return True, f"only holds for a {event}"


def except_says(value: Any, event: Event, variables: Variables) -> tuple[bool, str]:
    """Whether no part of ``except`` holds, and which does."""
    for name, part in _parts(value).items():
        if _holds(name, part, event, variables):
            return False, f"except: {name} holds for a {event}"
    return True, f"except does not hold for a {event}"


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, Map):
        return {name: part for name, part in value.items() if part is not None}
    return {} if value is None else {"refs": value}


def _holds(name: str, part: Any, event: Event, variables: Variables) -> bool:
    if name == "refs":
        return any(_is_ref(str(ref), event) for ref in part)
    if name == "variables":
        return any(expressions.is_true(expression, variables.values()) for expression in part)
    if name == "changes":
        return event.changed_paths is None or glob.any_matches(part, event.changed_paths)
    # Simplified: kubernetes holds in GitLab when a cluster is tied to the project; here none is.
    return False


def _is_ref(ref: str, event: Event) -> bool:
    ref, _, path = ref.partition("@")
    if path and path != event.project.path:
        return False
    source = event.source.removesuffix("_event")
    plural = {"push": "pushes", "web": "webs", "api": "apis"}.get(source, f"{source}s")
    if (ref == "tags" and event.is_tag) or (ref == "branches" and event.is_branch) or ref in (source, plural):
        return True
    if event.is_merge_request:
        return False
    return pattern(ref).found_in(event.ref) if is_pattern(ref) else ref == event.ref
