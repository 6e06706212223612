"""The entry of a whole file: its global keywords, and which of its keys are jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.ci.entries import checks, conditions, images, kept, parts
from gitopslab.ci.entries.job import bridge, job
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Check, Fault, Node
from gitopslab.ci.tree import NOWHERE, Map

_ALSO_DEFAULT = ("before_script", "after_script", "cache", "image", "services")


def root(value: Map) -> list[Fault]:
    """The faults of a whole configuration.

    Raises nothing: a keyword that is given both at the top and in ``default`` is a fault like the others.
    """
    node = Node(value, (), value.place)
    names = job_names(value)
    jobs = Map(place=value.place)
    for name in names:
        jobs.put(name, value[name], value.place_of(name))
    both = [key for key in _ALSO_DEFAULT if _is_said(value, key) and _is_said(value.get("default"), key)]
    if both:
        return [Fault(f"{both[0]} is defined in top-level and `default:` entry", value.place_of(both[0]))]
    return [*_globals(node, names), *_jobs(Node(jobs, ("jobs",), value.place))]


def _is_said(value: Any, key: str) -> bool:
    return isinstance(value, Map) and value.get(key) is not None


def job_names(value: Map) -> list[str]:
    """The keys that are jobs, hidden ones too; ``default`` and ``workflow`` are when they have a script."""
    return [
        name
        for name, below in value.items()
        if name not in keywords("root") or (name in ("default", "workflow") and _kind_of(name, below) is not None)
    ]


def is_hidden(name: str) -> bool:
    """Whether a job never runs by itself."""
    return name.startswith(".")


def is_visible(name: str, value: Any) -> bool:
    """Whether a key is a job that can run."""
    return _kind_of(name, value) in (job, bridge)


def _kind_of(name: str, value: Any) -> Check | None:
    if is_hidden(name):
        return _hidden
    if isinstance(value, Map) and ("script" in value or "run" in value):
        return job
    return bridge if isinstance(value, Map) and ("trigger" in value or "needs" in value) else None


def _hidden(node: Node) -> Iterator[Fault]:
    if checks.is_blank(node.value):
        yield node.fault("can't be blank")


def _globals(node: Node, jobs: list[str]) -> Iterator[Fault]:
    if "default" not in jobs:
        yield from node.below(default=_default)
    yield from node.below(
        before_script=parts.commands,
        image=images.image,
        services=images.services,
        after_script=parts.commands,
        variables=lambda variables: parts.variables(variables, ("value", "description", "expand", "options")),
        stages=_stages,
        cache=kept.caches,
    )
    if "workflow" not in jobs:
        yield from node.below(workflow=conditions.workflow)


def _default(node: Node) -> Iterator[Fault]:
    own = [*checks.hash_(node), *checks.keys(node, keywords("default"))]
    yield from own or node.below(
        before_script=parts.commands,
        after_script=parts.commands,
        hooks=parts.hooks,
        cache=kept.caches,
        image=images.image,
        services=images.services,
        interruptible=parts.flag,
        timeout=parts.timeout,
        retry=parts.retry,
        tags=parts.tags,
        artifacts=kept.artifacts,
        id_tokens=parts.id_tokens,
    )


def _stages(node: Node) -> Iterator[Fault]:
    is_list = isinstance(node.value, list)
    if not is_list or not checks.is_nested(node.value, lambda value: isinstance(value, str)):
        yield node.fault("should be an array of strings or a nested array of strings up to 10 levels deep")


def _jobs(node: Node) -> Iterator[Fault]:
    kinds = {name: _kind_of(name, value) for name, value in node.value.items()}
    own = [_unmatched(node, name) for name, kind in kinds.items() if kind is None]
    if not any(kind in (job, bridge) for kind in kinds.values()):
        own.append(node.fault("should contain at least one visible job"))
    yield from own
    for name, kind in kinds.items():
        if kind and not own:
            yield from kind(_job_node(name, node.value))


def _unmatched(node: Node, name: str) -> Fault:
    # GitLab turns the spaces of a name into underscores, when it is made of letters and spaces alone.
    said = name.lower().replace(" ", "_") if all(one.isalpha() or one.isspace() for one in name) else name.lower()
    return Fault(f"jobs {said} config should implement the script:, run:, or trigger: keyword", node.place_of(name))


def _job_node(name: str, jobs: Map) -> Node:
    value = Map(place=jobs.place) if jobs[name] is None else jobs[name]
    return Node(value, ("jobs", name), jobs.place_of(name))


def job_faults(name: str, root_value: Map) -> list[Fault]:
    """What is wrong with one job, whatever the others are like; a job with nothing to run is taken for one."""
    value = root_value[name]
    kind = _kind_of(name, value) or (job if isinstance(value, Map) else None)
    return list(kind(_job_node(name, root_value))) if kind else []


def include_rules(value: Any) -> list[Fault]:
    """What is wrong with ``include:rules``."""
    return list(conditions.include_rules(Node(value, ("rules",), getattr(value, "place", NOWHERE))))
