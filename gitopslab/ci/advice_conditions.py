"""Conditions that GitLab takes and that do not say what they seem to say, and needs that some events cannot meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitopslab.ci.entries import is_hidden
from gitopslab.ci.expressions import problem_of
from gitopslab.ci.faults import Finding
from gitopslab.ci.tree import Map, Place, Seq
from gitopslab.machinery.messages import sentence

_LATE = (
    "CI_JOB_ID CI_JOB_TOKEN CI_JOB_URL CI_REGISTRY_USER CI_REGISTRY_PASSWORD CI_PIPELINE_ID CI_PIPELINE_URL"
    " CI_PROJECT_DIR CI_BUILDS_DIR CI_JOB_STATUS CI_JOB_STARTED_AT CI_REPOSITORY_URL CI_RUNNER_ID CI_RUNNER_TAGS"
)
_SEEMS = (
    (
        re.compile(r"""\$(\w+)\s*!=\s*(?:""|'')"""),
        sentence('this holds when ${0} is not defined at all: undefined is not ""'),
        sentence("To ask whether it is there, write ${0} alone."),
    ),
    (
        re.compile(r"""\$(\w+)\s*==\s*(?:""|'')"""),
        sentence('this does not hold when ${0} is not defined at all: undefined is not ""'),
        sentence("To ask whether it is missing, write ${0} == null, or !${0} for missing or empty."),
    ),
    (
        re.compile(r"""(\$\w+)\s*[=!]~\s*(?:"[^"]*"|'[^']*')"""),
        sentence("a text in quotes is no pattern: this asks whether {0} occurs inside that text"),
        sentence("Write the pattern between slashes, without quotes around it."),
    ),
)


def notes(root: Map) -> Iterator[Finding]:
    """What is to be said about the conditions of all jobs and of the workflow."""
    for name, value in root.items():
        rules = value.get("rules") if isinstance(value, Map) else None
        for rule, expression in _expressions(rules):
            if problem_of(expression) is None:
                yield from _about(expression, rule.place_of("if"), is_workflow=name == "workflow")
        if isinstance(value, Map) and not is_hidden(name) and isinstance(rules, Seq):
            yield from _after_the_last(rules)


def _expressions(rules: object) -> Iterator[tuple[Map, str]]:
    for rule in _flat(rules):
        if isinstance(rule.get("if"), str):
            yield rule, rule["if"]


def _flat(rules: object) -> Iterator[Map]:
    if isinstance(rules, Map):
        yield rules
    for item in rules if isinstance(rules, Seq) else ():
        yield from _flat(item)


def _about(expression: str, place: Place, *, is_workflow: bool) -> Iterator[Finding]:
    for pattern, message, hint in _SEEMS:
        found = pattern.search(expression)
        if found:
            yield Finding("note", message.format(found[1]), place, hint.format(found[1]))
    for name in re.findall(r"\$(\w+)", expression):
        if name in _LATE.split() or (is_workflow and name.startswith(("CI_JOB_", "CI_BUILD_"))):
            hint = "Use a variable that exists before the job does, such as CI_PIPELINE_SOURCE or CI_COMMIT_BRANCH."
            yield Finding("note", f"${name} is never defined here: it exists only while a job runs", place, hint)
    if _wants_both(expression):
        message = "this never holds: a pipeline runs for a branch or for a tag, never for both"
        hint = "Ask for $CI_COMMIT_BRANCH in one rule and for $CI_COMMIT_TAG in another."
        yield Finding("note", message, place, hint)


def _wants_both(expression: str) -> bool:
    """Whether all parts of a conjunction must hold, and two of them ask for a branch and for a tag."""
    if "||" in expression or "!" in expression:
        return False
    parts = expression.replace("(", " ").replace(")", " ").split("&&")
    asks = {
        name
        for part in parts
        for name in re.findall(r"\$(CI_COMMIT_BRANCH|CI_COMMIT_TAG)\b", part)
        if not re.search(r"==\s*null|null\s*==", part)
    }
    return len(asks) == 2


def _after_the_last(rules: Seq) -> Iterator[Finding]:
    """Rules below one that always holds."""
    listed = list(_flat(rules))
    for at, rule in enumerate(listed[:-1]):
        if not any(rule.get(clause) is not None for clause in ("if", "changes", "exists")):
            below = listed[at + 1]
            place = next((below.place_of(key) for key in below), below.place)
            hint = "The first rule that holds decides: move this one up, or give the rule above a condition."
            yield Finding("note", "this rule is never reached: the one above it always holds", place, hint)
            return
