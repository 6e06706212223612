"""The entries that decide when something runs: ``rules``, ``only`` and ``except``, ``workflow``, ``include:rules``."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.ci.entries import checks, parts
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.entries.relations import needs
from gitopslab.ci.expressions import problem_of
from gitopslab.ci.tree import Map, Seq

_WEEK = 604_800
_WHEN = ("on_success", "on_failure", "always", "never", "manual", "delayed")
_NEW_COMMIT, _JOB_FAILURE = ("conservative", "interruptible", "none"), ("none", "all")
_MOST_PATHS = 50


def job_rules(node: Node) -> Iterator[Fault]:
    """``rules`` of a job."""
    yield from _rules(node, _WHEN, keywords("job_rule"))


def _rules(node: Node, allowed_when: tuple[str, ...], allowed: tuple[str, ...]) -> Iterator[Fault]:
    if checks.is_blank(node.value):
        yield node.fault("can't be blank")
    if not isinstance(node.value, Seq):
        yield node.fault("should be an array")
    elif node.value:
        for item in node.items("rule"):
            yield from _rule(item, allowed_when, allowed)


def _rule(node: Node, allowed_when: tuple[str, ...], allowed: tuple[str, ...]) -> Iterator[Fault]:
    own: list[Fault] = []
    if checks.is_blank(node.value):
        own.append(node.fault("can't be blank"))
    if not isinstance(node.value, Map):
        own.append(node.fault("should be a hash"))
    own += _delay(node)
    own += _condition(node)
    own += checks.boolean(node, "allow_failure")
    own += checks.boolean(node, "interruptible")
    own += checks.known(node, "when", allowed_when)
    own += checks.keys(node, allowed)
    yield from own or node.below(
        changes=changes, exists=exists, variables=parts.variables, needs=needs, auto_cancel=auto_cancel
    )


def _delay(node: Node) -> Iterator[Fault]:
    start_in = node.get("start_in")
    if node.get("when") != "delayed":
        if node.has("start_in"):
            yield node.fault("contains disallowed keys: start_in", key="start_in")
        return
    if checks.is_blank(start_in):
        yield node.fault("can't be blank", "start_in")
    yield from checks.duration(node, "start_in", start_in, _WEEK)


def _condition(node: Node) -> Iterator[Fault]:
    if node.get("if") is not None and problem_of(node.get("if")):
        yield node.fault("invalid expression syntax", "if")


def changes(node: Node) -> Iterator[Fault]:
    """``rules:changes``."""
    if isinstance(node.value, Seq):
        if not checks.is_strings(node.value):
            yield node.fault("should be an array of strings")
        yield from checks.at_most(node, "config", node.value, _MOST_PATHS)
    elif isinstance(node.value, Map):
        yield from checks.keys(node, ("paths", "compare_to"))
        yield from checks.required(node, "paths")
        if not checks.is_strings(node.get("paths")):
            yield node.fault("should be an array of strings", "paths")
        if node.get("paths") is None:  # GitLab says this, too
            yield node.fault(f"has too many entries (maximum {_MOST_PATHS})", "paths")
        yield from checks.at_most(node, "paths", node.get("paths"), _MOST_PATHS)
        yield from checks.string(node, "compare_to")
    else:
        yield Fault(f"{':'.join(node.location)} should be an array or a hash", node.place)


def exists(node: Node, most: int = _MOST_PATHS) -> Iterator[Fault]:
    """``rules:exists``."""
    if isinstance(node.value, Map) and node.value:
        yield from checks.keys(node, ("paths", "project", "ref"))
        yield from checks.required(node, "paths")
        if node.get("ref") is not None:
            yield from checks.required(node, "project")
        yield from checks.strings(node, "paths")
        yield from checks.at_most(node, "paths", node.get("paths"), most)
        yield from checks.string(node, "project")
        yield from checks.string(node, "ref")
    elif isinstance(node.value, Seq):
        if not checks.is_strings(node.value):
            yield node.fault("should be an array of strings")
        yield from checks.at_most(node, "config", node.value, most)
    elif not isinstance(node.value, str) and not checks.is_blank(node.value):
        yield Fault(f"{':'.join(node.location)} should be a string, an array of strings, or a hash", node.place)


def policy(node: Node) -> Iterator[Fault]:
    """``only`` and ``except``."""
    if isinstance(node.value, Seq):
        if not _is_refs(node.value):
            yield node.fault("should be an array of strings or regular expressions using re2 syntax")
    elif isinstance(node.value, Map):
        yield from _detailed_policy(node)
    else:
        yield Fault(f"{':'.join(node.location)} has to be either an array of conditions or a hash", node.place)


def _detailed_policy(node: Node) -> Iterator[Fault]:
    if not node.value:
        yield node.fault("can't be blank")
    yield from checks.keys(node, ("refs", "kubernetes", "variables", "changes"))
    expressions = node.get("variables")
    if isinstance(expressions, Seq) and any(isinstance(one, str) and problem_of(one) for one in expressions):
        yield node.fault("invalid expression syntax", "variables")
    if node.get("refs") is not None and not _is_refs(node.get("refs")):
        yield node.fault("should be an array of strings or regular expressions using re2 syntax", "refs")
    yield from checks.known(node, "kubernetes", ("active",))
    yield from checks.strings(node, "variables")
    yield from checks.strings(node, "changes")


def _is_refs(value: object) -> bool:
    def is_right(ref: object) -> bool:
        is_slashed = isinstance(ref, str) and len(ref) > 1 and ref[0] == "/" and ref.rstrip("ismU")[-1] == "/"
        return isinstance(ref, str) and (not is_slashed or checks.is_pattern(ref))

    return isinstance(value, Seq) and all(map(is_right, value))


def workflow(node: Node) -> Iterator[Fault]:
    """``workflow``."""
    own = [*checks.hash_(node), *checks.keys(node, ("rules", "name", "auto_cancel"))]
    if isinstance(node.get("name"), str) and len(node.get("name")) > 255:
        own.append(node.fault("is too long (maximum is 255 characters)", "name"))
    yield from own or node.below(
        rules=lambda rules: _rules(rules, ("always", "never"), keywords("workflow_rule")), auto_cancel=auto_cancel
    )


def auto_cancel(node: Node) -> Iterator[Fault]:
    """``auto_cancel``."""
    yield from checks.hash_(node)
    yield from checks.keys(node, ("on_new_commit", "on_job_failure"))
    for name, allowed in (("on_new_commit", _NEW_COMMIT), ("on_job_failure", _JOB_FAILURE)):
        yield from checks.one_of(node, name, allowed, f"must be one of: {', '.join(allowed)}")


def include_rules(node: Node) -> Iterator[Fault]:
    """``include:rules``."""
    for item in node.items("rule"):
        own: list[Fault] = []
        if checks.is_blank(item.value):
            own.append(item.fault("can't be blank"))
        own += checks.hash_(item)
        own += checks.keys(item, ("if", "exists", "when", "changes"))
        own += _condition(item)
        own += checks.known(item, "when", ("never", "always"))
        yield from own or item.below(changes=changes, exists=lambda one: exists(one, most=50_000))
