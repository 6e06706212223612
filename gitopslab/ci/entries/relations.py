"""The entries that tie jobs to each other and to the outside: ``needs``, ``parallel``, ``environment``, ``trigger``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gitopslab.ci.entries import checks, schemas
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.tree import Map, Seq

_MOST_COPIES = 200
_ACTIONS = ("start", "stop", "prepare", "verify", "access")
_ENVIRONMENT_NAME = re.compile(r"[a-zA-Z0-9_${}. -](?:[a-zA-Z0-9_/${}. -]*[a-zA-Z0-9_${}. -])?")
_ENVIRONMENT_SAID = (
    "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces,"
    " but it cannot start or end with '/'"
)
_NO_REF = re.compile(
    r"^refs/heads/|^refs/remotes/|^-|[/.]$|[\x00-\x1f\x7f ~^:?*\[\\]|\.\.|//|@\{|(?:^|/)\.|\.lock(?:/|$)", re.ASCII
)


def needs(node: Node, other: str = "cross_dependency") -> Iterator[Fault]:
    """``needs``; besides jobs of this pipeline one other type is allowed, ``cross_dependency`` or ``bridge``."""
    value = node.value
    if not isinstance(value, (Map, Seq)):
        yield node.fault("can only be a hash or an array")
        return
    if isinstance(value, Map) and not value:
        yield node.fault("can not be an empty hash")
        return
    given = [item.get("parallel") for item in _maps(value)]
    if any(isinstance(one, (int, float)) and not isinstance(one, bool) for one in given):
        yield node.fault('cannot use "parallel: <number>".')
        return
    kinds: list[str] = []
    for item in node.items("need"):
        kind, faults = _need(item)
        yield from faults
        kinds.append(kind)
    if "cross_dependency" in kinds and other != "cross_dependency":
        yield node.fault("uses invalid types: cross_dependency")


def _maps(value: Any) -> list[Map]:
    return [item for item in (value if isinstance(value, Seq) else [value]) if isinstance(item, Map)]


def _need(node: Node) -> tuple[str, list[Fault]]:
    """What type a need has, and what is wrong with it."""
    if isinstance(node.value, str):
        return "job", [] if node.value.strip() else [node.fault("can't be blank")]
    if node.has("job") and not any(map(node.has, ("project", "ref", "pipeline"))):
        return "job", list(_job_need(node))
    if node.has("job") and node.has("pipeline") and not node.has("project"):
        return "cross_dependency", list(_other_need(node))
    return "", [Fault(f"{':'.join(node.location)} has an unsupported type", node.place)]


def _job_need(node: Node) -> Iterator[Fault]:
    own = list(checks.keys(node, ("job", "artifacts", "optional", "parallel")))
    if not isinstance(node.get("job"), str):
        own.append(node.fault("should be a string", "job"))
    own += checks.present(node, "job")
    own += checks.boolean(node, "artifacts")
    own += checks.boolean(node, "optional")
    yield from own or node.below(parallel=parallel)


def _other_need(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, ("pipeline", "job", "artifacts"))
    for name in ("pipeline", "job"):
        if not isinstance(node.get(name), str):
            yield node.fault("should be a string", name)
        yield from checks.present(node, name)
    yield from checks.boolean(node, "artifacts")


def parallel(node: Node, numbers: bool = True) -> Iterator[Fault]:
    """``parallel``: a number, where that is allowed, or a matrix."""
    if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        yield from checks.between(node, "config", node.value, 1, _MOST_COPIES)
        if not numbers:
            yield node.fault('cannot use "parallel: <number>".')
    elif isinstance(node.value, Map):
        own = [*checks.keys(node, ("matrix",)), *checks.required(node, "matrix")]
        yield from own or node.below(matrix=_matrix)
    else:
        yield Fault(f"{':'.join(node.location)} should be an integer or a hash", node.place)


def _matrix(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, Seq) or not all(isinstance(item, Map) for item in node.value):
        yield node.fault("should be an array of hashes")
        return
    faults = [fault for item in node.items("variables") for fault in _combination(item)]
    yield from faults
    sizes = [[len(value) if isinstance(value, Seq) else 1 for value in item.values()] for item in node.value]
    if not faults and sum(map(math.prod, sizes)) > _MOST_COPIES:
        yield node.fault(f"generates too many jobs (maximum is {_MOST_COPIES})")


def _combination(node: Node) -> Iterator[Fault]:
    listed = [one for value in node.value.values() for one in (value if isinstance(value, Seq) else [value])]
    if not all(isinstance(one, str) or checks.is_integer(one) for one in listed):
        yield node.fault("should be a hash of key value pairs, value can be an array")
    if not node.value:
        yield node.fault("requires at least 1 items")


def environment(node: Node) -> Iterator[Fault]:
    """``environment``."""
    value = node.value
    own: list[Fault] = []
    if not isinstance(value, (Map, str)):
        own.append(node.fault("should be a hash or a string"))
    name = value if isinstance(value, str) else node.get("name")
    if checks.is_blank(name):
        own.append(node.fault("can't be blank", "name"))
    if not isinstance(name, str):
        own.append(node.fault(_ENVIRONMENT_SAID, "name"))
    if not isinstance(name, str) or not _ENVIRONMENT_NAME.fullmatch(name):
        own.append(node.fault(_ENVIRONMENT_SAID, "name"))
    if isinstance(value, Map):
        own += _environment_keys(node)
    yield from own or node.below(kubernetes=schemas.kubernetes)


def _environment_keys(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, keywords("environment"))
    yield from checks.string(node, "url")
    if isinstance(node.get("url"), str) and len(node.get("url")) > 255:
        yield node.fault("is too long (maximum is 255 characters)", "url")
    yield from checks.one_of(node, "action", _ACTIONS, "should be start, stop, prepare, verify, or access")
    yield from checks.string(node, "deployment_tier")
    yield from checks.string(node, "on_stop")
    if node.get("kubernetes") is not None and not isinstance(node.get("kubernetes"), Map):
        yield node.fault("should be a hash", "kubernetes")
    yield from checks.string(node, "auto_stop_in")


def release(node: Node) -> Iterator[Fault]:
    """``release``."""
    own = list(_release(node))
    yield from own or node.below(assets=_assets)


def _is_ref(text: str) -> bool:
    """Whether Git takes this for a branch or a tag, or it is a commit."""
    return not _NO_REF.search(text) and text not in ("", "HEAD")


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _assets(node: Node) -> Iterator[Fault]:
    links = node.get("links")
    yield from checks.hash_(node)
    yield from checks.keys(node, ("links",))
    if not (isinstance(links, Seq) and all(isinstance(link, Map) for link in links)):
        yield node.fault("should be an array of hashes", "links")
    yield from checks.present(node, "links")


def _release(node: Node) -> Iterator[Fault]:
    yield from checks.hash_(node)
    yield from checks.keys(node, keywords("release"))
    if not checks.is_blank(node.get("tag_message")):
        yield from checks.string(node, "tag_message")
    if not checks.is_blank(node.get("milestones")):
        yield from checks.strings_or_string(node, "milestones")
    if isinstance(moment := node.get("released_at"), str) and not _is_moment(moment):
        yield node.fault("must be a valid datetime", "released_at")
    if isinstance(ref := node.get("ref"), str) and not _is_ref(ref):
        yield node.fault("must be a valid ref", "ref")
    for name in ("tag_name", "description"):
        if not isinstance(node.get(name), str):
            yield node.fault("should be a string", name)
        yield from checks.present(node, name)
