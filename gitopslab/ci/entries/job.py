"""The entry of a job, and of a job that triggers another pipeline (which GitLab calls a bridge).

Simplified: GitLab also checks what stands below ``run``, ``inputs``, ``secrets``, ``identity`` and
``dast_configuration``; here anything may stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gitopslab.ci.entries import checks, conditions, images, kept, parts, relations, triggers
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.scalars import joined
from gitopslab.ci.tree import Map, NotText, Seq

_WEEK = 604_800
_WHEN = ("on_success", "on_failure", "always", "manual", "delayed")
_VARIABLE = re.compile(r"\$[a-zA-Z_]\w*|\$\{[a-zA-Z_]\w*\}|%[a-zA-Z_]\w*%", re.ASCII)
_PAGES_KEYS = ("path_prefix", "expire_in", "publish")


def job(node: Node) -> Iterator[Fault]:
    """A job with ``script`` or ``run``."""
    own = [*_common(node), *_own(node)]
    yield from own or _below(node)


def bridge(node: Node) -> Iterator[Fault]:
    """A job with ``trigger``, or with ``needs`` and nothing to run."""
    own = [*_common(node), *checks.keys(node, keywords("bridge", "common"))]
    own += checks.one_of(node, "when", ("on_success", "on_failure", "always", "manual"))
    own += checks.boolean(node, "allow_failure")
    if own:  # then GitLab does not look at what stands below, and misses the trigger there
        yield from own
        yield node.fault("should contain either a trigger or a needs:pipeline")
        return
    yield from _common_below(node)
    yield from node.below(
        trigger=triggers.trigger,
        needs=lambda needs: relations.needs(needs, "bridge"),
        parallel=lambda parallel: relations.parallel(parallel, numbers=False),
    )
    wants_pipeline = isinstance(node.get("needs"), Map) and node.get("needs").get("pipeline")
    if node.get("trigger") is None and not wants_pipeline:
        yield node.fault("should contain either a trigger or a needs:pipeline")


def _common(node: Node) -> Iterator[Fault]:
    name = node.name
    if not node.value:
        yield node.fault("can't be blank")
    if not name.strip():
        yield node.fault("can't be blank", "name")
    if isinstance(name, NotText):
        yield node.fault("should be a symbol", "name")
    if len(name) > 255:
        yield node.fault("is too long (maximum is 255 characters)", "name")
    yield from checks.exclusive(node, "script", "trigger")
    yield from checks.exclusive(node, "run", "trigger")
    if node.get("rules") is not None:
        used = [key for key in node.value if key in ("only", "except", "start_in") and node.get(key) is not None]
        if used:
            yield node.fault(f"key may not be used with `rules`: {', '.join(used)}", key=used[0])
    yield from checks.strings_or_string(node, "extends")
    rules = node.get("rules")
    if rules is not None and not _is_rules(rules):
        yield node.fault("should be an array containing hashes and arrays of hashes", "rules")
    yield from checks.string(node, "resource_group")


def _is_rules(value: Any) -> bool:
    return isinstance(value, Seq) and checks.is_nested(value, lambda one: isinstance(one, Map))


def _own(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, keywords("job", "common"))
    for first in ("script", "before_script", "after_script"):
        yield from checks.exclusive(node, first, "run")
    if not node.has("run"):
        yield from checks.present(node, "script")
    yield from checks.one_of(node, "when", _WHEN)
    yield from checks.strings(node, "dependencies")
    allow_failure = node.get("allow_failure")
    if allow_failure is not None and not isinstance(allow_failure, (bool, Map)):
        yield node.fault("should be a hash or a boolean value", "allow_failure")
    yield from checks.string(node, "manual_confirmation")
    yield from _delay(node)
    is_pages = not checks.is_blank(node.get("pages")) or (
        node.location[-1] == "pages" and node.get("pages") is not False
    )
    if not checks.is_blank(node.get("publish")) and not is_pages:
        yield node.fault("can only be used within a `pages` job", "publish")


def _delay(node: Node) -> Iterator[Fault]:
    start_in = node.get("start_in")
    is_delayed = node.get("when") == "delayed"
    if is_delayed:
        yield from checks.duration(node, "start_in", start_in, _WEEK)
    if (not is_delayed or node.has("rules")) and not checks.is_blank(start_in):
        yield node.fault("must be blank", "start_in")


def _common_below(node: Node) -> Iterator[Fault]:
    yield from node.below(
        stage=_stage,
        only=conditions.policy,
        except_=conditions.policy,
        rules=conditions.job_rules,
        variables=lambda variables: parts.variables(variables, ("value", "expand")),
        inherit=_inherit,
        environment=relations.environment,
        interruptible=parts.flag,
    )


def _below(node: Node) -> Iterator[Fault]:
    yield from _common_below(node)
    yield from node.below(
        before_script=parts.commands,
        script=parts.commands,
        after_script=parts.commands,
        hooks=parts.hooks,
        cache=kept.caches,
        image=images.image,
        services=images.services,
        timeout=parts.timeout,
        retry=parts.retry,
        tags=parts.tags,
        artifacts=kept.artifacts,
        needs=relations.needs,
        coverage=_coverage,
        release=relations.release,
        parallel=relations.parallel,
        allow_failure=_allow_failure,
        id_tokens=parts.id_tokens,
        publish=_text,
        pages=_pages,
    )
    yield from _dependencies(node)


def _dependencies(node: Node) -> Iterator[Fault]:
    """What is fetched from must be needed, when there are needs at all."""
    dependencies, needs = node.get("dependencies"), node.get("needs")
    if not checks.is_strings(dependencies) or not dependencies or not needs or not isinstance(needs, (Map, Seq)):
        return
    listed = needs if isinstance(needs, Seq) else [needs]
    named = [need if isinstance(need, str) else need.get("job") for need in listed if isinstance(need, (str, Map))]
    if all(isinstance(need, Map) and ("pipeline" in need or "project" in need) for need in listed):
        yield node.fault("corresponding to dependencies must be from the same pipeline", "needs")
        return
    missing = [name for name in dependencies if name not in named]
    if missing and any(named):  # else what is wrong with the needs is said there
        yield node.fault(f"the {', '.join(missing)} should be part of needs", "dependencies")


def _text(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, str):
        yield node.fault("should be a string")


_stage = _text


def _coverage(node: Node) -> Iterator[Fault]:
    if not checks.is_pattern(node.value):
        yield node.fault("must be a regular expression with re2 syntax")


def _allow_failure(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, ("exit_codes",))
    yield from checks.exit_codes(node)


def _pages(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, (Map, bool)):
        yield node.fault("should be a hash or a boolean value")
    yield from checks.keys(node, _PAGES_KEYS)
    yield from checks.string(node, "path_prefix")
    if not (isinstance(expire := node.get("expire_in"), str) and _VARIABLE.search(expire)):
        yield from checks.expiry(node, "expire_in")
    yield from checks.string(node, "publish")


def _inherit(node: Node) -> Iterator[Fault]:
    own = [*checks.hash_(node), *checks.keys(node, ("default", "variables"))]
    yield from own or node.below(default=lambda one: _inherited(one, keywords("default")), variables=_inherited)


def _inherited(node: Node, allowed: tuple[str, ...] | None = None) -> Iterator[Fault]:
    if isinstance(node.value, bool):
        return
    if not isinstance(node.value, Seq):
        yield Fault(f"{':'.join(node.location)} should be a bool or array of strings", node.place)
        return
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings")
    if allowed is not None and (unknown := [one for one in node.value if one not in allowed]):
        yield node.fault(f"contains unknown values: {joined(unknown)}")
