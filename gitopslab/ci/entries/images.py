"""The entries about containers: ``image`` and ``services``."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.ci.entries import checks, schemas
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.entries.parts import commands, variables
from gitopslab.ci.scalars import joined
from gitopslab.ci.tree import Map, Seq

_PULL = ("always", "never", "if-not-present")


def image(node: Node, allowed: tuple[str, ...] = keywords("image")) -> Iterator[Fault]:
    """``image``; with more keys also an item of ``services``."""
    own = list(_image(node, allowed))
    yield from own or node.below(pull_policy=_pull_policy)


def _image(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    value = node.value
    if not isinstance(value, (Map, str)):
        yield node.fault("should be a hash or a string")
    if node.has("ports"):
        yield node.fault("contains disallowed keys: ports", key="ports")
    name = value if isinstance(value, str) else node.get("name")
    if not isinstance(name, str):
        yield node.fault("should be a string", "name")
    if checks.is_blank(name):
        yield node.fault("can't be blank", "name")
    yield from checks.strings(node, "entrypoint")
    yield from schemas.executor_opts(node)
    yield from checks.keys(node, allowed)


def _pull_policy(node: Node) -> Iterator[Fault]:
    if isinstance(node.value, str):
        if node.value not in _PULL:
            yield node.fault("is not included in the list")
        return
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings or a string")
    if isinstance(node.value, Seq):
        if unknown := [item for item in node.value if item not in _PULL]:
            yield node.fault(f"contains unknown values: {joined(unknown)}")
        if not node.value:
            yield node.fault("can't be blank")


def services(node: Node) -> Iterator[Fault]:
    """``services``."""
    if not isinstance(node.value, Seq):
        yield node.fault("should be an array")
        return
    for item in node.items("service"):
        yield from service(item)


def service(node: Node) -> Iterator[Fault]:
    """An item of ``services``."""
    own = [*_image(node, keywords("service", "image")), *checks.string(node, "alias")]
    if not checks.is_blank(node.get("ports")) and not isinstance(node.get("alias"), str):
        own += [node.fault("should be a string", "alias"), *checks.present(node, "alias")]
    yield from own or node.below(pull_policy=_pull_policy, variables=variables, command=commands)
