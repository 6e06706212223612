"""The entry of jobs that start another pipeline: ``trigger``, with the files of a child pipeline."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from gitopslab.ci.duration import seconds
from gitopslab.ci.entries import checks, conditions
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.tree import Map, Seq

_MOST_INCLUDED = 3
_SHORTEST_CACHE = 60  # seconds
_STRATEGIES = ("depend", "mirror")


def trigger(node: Node) -> Iterator[Fault]:
    """``trigger``."""
    if isinstance(node.value, str):
        if not node.value.strip():
            yield node.fault("can't be blank")
    elif not isinstance(node.value, Map):
        yield Fault(f"{':'.join(node.location)} has to be either a string or a hash", node.place)
    elif "include" in node.value:
        own = [*checks.keys(node, ("strategy", "include", "forward")), *_strategy(node)]
        yield from own or node.below(include=_included, forward=_forward)
    else:
        own = list(_project(node))
        yield from own or node.below(forward=_forward)


def _project(node: Node) -> Iterator[Fault]:
    """The pipeline of another project."""
    if not node.value:
        yield node.fault("can't be blank")
    yield from checks.keys(node, ("project", "branch", "strategy", "forward", "inputs"))
    if node.get("inputs") is not None and not isinstance(node.get("inputs"), Map):
        yield node.fault("should be a hash", "inputs")
    if not isinstance(node.get("project"), str):
        yield node.fault("should be a string", "project")
    yield from checks.present(node, "project")
    yield from checks.string(node, "branch")
    yield from _strategy(node)


def _forward(node: Node) -> Iterator[Fault]:
    names = ("yaml_variables", "pipeline_variables")
    yield from checks.keys(node, names)
    for name in names:
        yield from checks.boolean(node, name)


def _included(node: Node) -> Iterator[Fault]:
    """The files of a child pipeline."""
    if not isinstance(node.value, (Seq, str)):
        yield node.fault("should be an array or a string")
    elif isinstance(node.value, Seq) and len(node.value) > _MOST_INCLUDED:
        yield node.fault(f"is too long (maximum is {_MOST_INCLUDED})")
    else:
        for item in node.items("include"):
            own = list(_include(item))
            yield from own or item.below(rules=_rules)


def _rules(node: Node) -> Iterator[Fault]:
    if not node.value:
        yield node.fault("can't be blank")
    yield from conditions.include_rules(node)


def _is_said(node: Node, key: str) -> bool:
    """What Ruby calls true."""
    return node.get(key) is not None and node.get(key) is not False


def _include(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, (Map, str)):
        yield node.fault("should be a hash or a string")
    if _is_said(node, "project") and checks.is_blank(node.get("file")):
        yield node.fault("must specify the file where to fetch the config from")
    yield from _integrity(node)
    if not checks.is_blank(node.get("cache")):
        yield from _include_cache(node)
    yield from checks.keys(node, keywords("include"))
    if _is_said(node, "artifact") and checks.is_blank(node.get("job")):
        yield node.fault("must specify the job where to fetch the artifact from")
    rules = node.get("rules")
    if rules is not None and not (isinstance(rules, Seq) and all(isinstance(rule, Map) for rule in rules)):
        yield node.fault("should be an array of hashes", "rules")


def _integrity(node: Node) -> Iterator[Fault]:
    integrity = node.get("integrity")
    if not _is_said(node, "integrity"):
        return
    if checks.is_blank(node.get("remote")):
        yield node.fault("integrity can only be specified for remote includes", key="integrity")
    if not isinstance(integrity, str) or not integrity.startswith("sha256-"):
        yield node.fault("integrity hash must start with 'sha256-'", key="integrity")
        return
    try:
        base64.b64decode(integrity.removeprefix("sha256-"), validate=True)
    except binascii.Error:
        yield node.fault("integrity hash must be base64 encoded", key="integrity")


def _include_cache(node: Node) -> Iterator[Fault]:
    cache = node.get("cache")
    if checks.is_blank(node.get("remote")):
        yield node.fault("cache can only be specified for remote includes", key="cache")
    span = seconds(cache) if isinstance(cache, str) else None
    if cache is True:
        return
    if not isinstance(cache, str):
        yield node.fault("cache must be a boolean or a duration string", key="cache")
    elif span is None:
        yield node.fault("cache contains an invalid duration", key="cache")
    elif span < _SHORTEST_CACHE:
        yield node.fault("cache duration must be at least 1 minute", key="cache")


def _strategy(node: Node) -> Iterator[Fault]:
    yield from checks.one_of(node, "strategy", _STRATEGIES, "should be depend or mirror")
