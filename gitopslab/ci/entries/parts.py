"""The smaller entries that stand both in ``default`` and in jobs: scripts, variables, tags, time-outs, retries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.ci.entries import checks
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.scalars import joined
from gitopslab.ci.tree import Map, Seq

_MONTH = 2_592_000


def commands(node: Node) -> Iterator[Fault]:
    """``script`` and its kin."""
    if not checks.is_nested(node.value, lambda value: isinstance(value, str)):
        yield node.fault("should be a string or a nested array of strings up to 10 levels deep")


def hooks(node: Node) -> Iterator[Fault]:
    """``hooks``."""
    own = [*checks.hash_(node), *checks.keys(node, ("pre_get_sources_script",))]
    yield from own or node.below(pre_get_sources_script=commands)


def variables(node: Node, allowed: tuple[str, ...] = ()) -> Iterator[Fault]:
    """``variables``; a map as a value may have the allowed keys, and none is allowed where there are none."""
    yield from (own := list(checks.hash_(node)))
    for name in () if own else node.value:
        yield from _variable(Node(node.value[name], (*node.location, name), node.value.place_of(name)), allowed)


def _variable(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if node.value is None:
        node = Node(Map(), node.location, node.place)
    if isinstance(node.value, Map):
        yield from _detailed(node, allowed)
    elif isinstance(node.value, Seq):
        yield Fault("variable definition must be either a string or a hash", node.place)


def _detailed(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if isinstance(node.get("value"), (Map, Seq)):
        yield node.fault("must be a scalar", "config_value", "value")
    if isinstance(node.get("description"), (Map, Seq, bool, float)):
        yield node.fault("must be an alphanumeric string", "config_description", "description")
    if node.get("expand") is not None and not isinstance(node.get("expand"), bool):
        yield node.fault("should be a boolean value", "config_expand", "expand")
    options = node.get("options")
    if options is not None and not checks.is_strings(options):
        yield node.fault("should be an array of strings", "config_options", "options")
    extra = [key for key in node.value if key not in allowed]
    if not allowed:
        yield node.fault("must be a string")
    elif extra:
        yield node.fault(f"uses invalid data keys: {', '.join(extra)}", key=extra[0])
    if options and node.get("value") not in options:
        yield node.fault("value must be present in options")


def tags(node: Node) -> Iterator[Fault]:
    """``tags``."""
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings")
    elif len(node.value) >= 50:
        yield node.fault("must be less than the limit of 50 tags")


def timeout(node: Node) -> Iterator[Fault]:
    """``timeout``: under a month."""
    yield from checks.duration(node, "config", node.value, _MONTH)


def retry(node: Node) -> Iterator[Fault]:
    """``retry``; GitLab leaves the job out of its location."""
    value, node = node.value, Node(node.value, ("retry",), node.place)
    if checks.is_integer(value):
        yield from checks.between(node, "config", value, 0, 2)
    elif isinstance(value, Map):
        yield from checks.keys(node, ("max", "when", "exit_codes"))
        if value.get("max") is not None:
            yield from checks.between(node, "max", value["max"], 0, 2)
        yield from _retry_when(node, value.get("when"))
        yield from checks.exit_codes(node)
    else:
        yield Fault("retry config has to be either an integer or a hash", node.place)


def _retry_when(node: Node, when: Any) -> Iterator[Fault]:
    yield from checks.strings_or_string(node, "when")
    if isinstance(when, Seq) and (unknown := [item for item in when if item not in keywords("failures")]):
        yield node.fault(f"contains unknown values: {joined(unknown)}", "when")
    if isinstance(when, str) and when not in keywords("failures"):
        yield node.fault("is not included in the list", "when")


def flag(node: Node) -> Iterator[Fault]:
    """``interruptible``."""
    if not isinstance(node.value, bool):
        yield node.fault("should be a boolean value")


def id_tokens(node: Node) -> Iterator[Fault]:
    """``id_tokens``."""
    yield from (own := list(checks.hash_(node)))
    for name in () if own else node.value:
        token = Node(node.value[name], (*node.location, name), node.value.place_of(name))
        yield from checks.required(token, "aud")
        yield from checks.keys(token, ("aud",))
        aud = token.get("aud")
        if not isinstance(aud, str) and not checks.is_strings(aud):
            yield token.fault("should be an array of strings or a string", "aud")
