"""Jobs as GitLab runs them: ``default`` filled in and ``parallel`` multiplied (``config/normalizer.rb``).

``logic`` checks what comes out, ``pipeline`` makes jobs of it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.ci.entries import is_hidden, is_visible
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.scalars import as_text
from gitopslab.ci.tree import Map, Seq

EDGES = (".pre", ".post")
_USUAL = ("build", "test", "deploy")
_GLOBAL = ("before_script", "after_script", "cache", "image", "services")
_MATRIX = re.compile(r"\$\[\[\s*matrix\.([\w-]+)\s*\]\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Need:
    """A job that another one waits for.

    Attributes:
        name: Its name.
        artifacts: Whether its artifacts are fetched.
        optional: Whether it may be missing from the pipeline.
    """

    name: str
    artifacts: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class NormalJob:
    """One job of the configuration, or one copy of a parallel one.

    Attributes:
        name: Its name in the pipeline, as in ``test 1/2`` or ``test: [a, b]``.
        origin: The key it stands under.
        config: Its keywords, with those of ``default``.
        stage: Its stage.
        needs: What it waits for; None when it says nothing about that.
        dependencies: Whose artifacts it fetches; None when it does not say.
        instance: Which copy, from one; 0 when there is only one.
        total: How many copies.
        matrix: The variables of this copy.
        trouble: What GitLab refuses about its ``needs``.
    """

    name: str
    origin: str
    config: Map
    stage: str
    needs: tuple[Need, ...] | None
    dependencies: tuple[str, ...] | None
    instance: int = 0
    total: int = 1
    matrix: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


def stages(root: Map) -> tuple[str, ...]:
    """The stages in order, ``.pre`` first and ``.post`` last."""
    named = _flat(root.get("stages"))
    if root.get("stages") is not None and not named:
        return ()
    return (EDGES[0], *(stage for stage in named or _USUAL if stage not in EDGES), EDGES[1])


def _flat(value: Any) -> list[str]:
    if isinstance(value, Seq):
        return [one for item in value for one in _flat(item)]
    return [] if value is None else [str(value)]


def normal_jobs(root: Map) -> dict[str, NormalJob]:
    """Every visible job by its name, in the order of the file."""
    names = [name for name, value in root.items() if not is_hidden(name) and is_visible(name, value)]
    copies = {name: list(_copies(name, root[name].get("parallel"))) for name in names}
    made = [job for name in names for job in _jobs(name, with_default(root, root[name]), copies)]
    return {job.name: job for job in made}


def with_default(root: Map, job: Map) -> Map:
    """A job with what it takes over from ``default``, keyword by keyword, never merged."""
    inherits = (job.get("inherit") or {}).get("default", True)
    default = root.get("default") or Map()
    made = job.copied()
    for key in keywords("default"):
        source = root if default.get(key) is None and key in _GLOBAL else default
        is_taken = inherits is True or (isinstance(inherits, list) and key in inherits)
        if is_taken and made.get(key) is None and source.get(key) is not None:
            made.put(key, source[key], source.place_of(key))
    return made


def _copies(name: str, parallel: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The names of a job's copies with their variables."""
    if isinstance(parallel, int):
        yield from ((f"{name} {at}/{parallel}", {}) for at in range(1, parallel + 1))
    elif isinstance(parallel, Map):
        for combination in parallel.get("matrix") or ():
            values = [value if isinstance(value, Seq) else [value] for value in combination.values()]
            for chosen in itertools.product(*values):
                texts = [as_text(one) for one in chosen]
                yield f"{name}: [{', '.join(texts)}]", dict(zip(combination, texts, strict=True))


def _jobs(name: str, config: Map, copies: Mapping[str, list[tuple[str, dict[str, str]]]]) -> Iterator[NormalJob]:
    found = copies[name] or [(name, {})]
    for at, (own, matrix) in enumerate(found, 1):
        needs, trouble = _needs(config, matrix, copies)
        dependencies = config.get("dependencies")
        yield NormalJob(
            name=own,
            origin=name,
            config=config,
            stage="test" if config.get("stage") is None else str(config["stage"]),
            needs=needs,
            dependencies=None if dependencies is None else tuple(_multiplied(dependencies, copies)),
            instance=at if copies[name] else 0,
            total=len(found),
            matrix=matrix,
            trouble=f"{name} job: {trouble}" if trouble else "",
        )


def _multiplied(names: Any, copies: Mapping[str, list[tuple[str, dict[str, str]]]]) -> Iterator[str]:
    for name in names:
        yield from [own for own, _ in copies.get(name, ())] or [name]


def _needs(config: Map, matrix: Mapping[str, str], copies: Any) -> tuple[tuple[Need, ...] | None, str]:
    if config.get("needs") is None:
        return None, ""
    trouble: list[str] = []

    def fill(found: re.Match[str]) -> str:
        if found[1] not in matrix:
            trouble.append(f"'{found[1]}' does not exist in matrix configuration")
        return matrix.get(found[1], found[0])

    is_interpolated = bool(matrix) or config.get("variables") is not None
    found: list[Need] = []
    for item in listed_needs(config["needs"]):
        wanted = item.get("parallel") if isinstance(item, Map) else None
        need = need_of(item)
        name = _MATRIX.sub(fill, need.name) if is_interpolated else need.name
        filled = _filled(wanted, fill) if is_interpolated else wanted
        chosen = filled if copies.get(name) else None  # of a job that is not parallel there is nothing to choose
        own = [one for one, _ in _copies(name, chosen)] if chosen else list(_multiplied([name], copies))
        found += [Need(one, need.artifacts, need.optional) for one in own]
    return tuple(found), trouble[0] if trouble else ""


def _filled(value: Any, fill: Any) -> Any:
    if isinstance(value, str):
        return _MATRIX.sub(fill, value)
    if isinstance(value, Map):
        return Map([(key, _filled(below, fill)) for key, below in value.items()])
    return Seq(_filled(item, fill) for item in value) if isinstance(value, Seq) else value


def listed_needs(value: Any) -> list[Any]:
    """The needs of jobs of this pipeline, as they are written."""
    items = list(_items(value))
    return [item for item in items if isinstance(item, str) or (isinstance(item, Map) and "pipeline" not in item)]


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, Seq):
        for item in value:
            yield from _items(item)
    elif value is not None:
        yield value


def need_of(item: Any) -> Need:
    """A need from a name or a map."""
    if isinstance(item, str):
        return Need(item)
    return Need(str(item.get("job")), item.get("artifacts") is not False, item.get("optional") is True)
