"""A ``.gitlab-ci.yml`` from text to a configuration that pipelines can be made of.

``read`` is the way in for the command line, the notebooks and the forge; ``lint`` uses ``load``, which is the part of
the way on which GitLab stops at the first thing it cannot take. The order is GitLab's: YAML, inputs, ``include``,
``extends``, ``!reference``; then the shape (``entries``), then the meaning (``logic``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.ci import entries, logic, predefined, reading
from gitopslab.ci.event import Event
from gitopslab.ci.extends import extended, resolved
from gitopslab.ci.faults import ConfigurationError, Finding
from gitopslab.ci.files import Files, Texts
from gitopslab.ci.include import Inclusion
from gitopslab.ci.inputs import interpolate
from gitopslab.ci.normal import NormalJob, normal_jobs, stages
from gitopslab.ci.tree import Map, Place
from gitopslab.ci.variables import Variable, Variables


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file with everything in it resolved, right or wrong.

    Attributes:
        root: The whole.
        notes: What was left out on the way.
        oddities: What is odd about the text.
    """

    root: Map
    notes: tuple[Finding, ...] = ()
    oddities: tuple[reading.Oddity, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that GitLab would take.

    Attributes:
        root: The whole, resolved.
        stages: In order, ``.pre`` first.
        jobs: Every job that can run, by name.
        notes: What was left out when it was read.
    """

    root: Map
    stages: tuple[str, ...]
    jobs: Mapping[str, NormalJob] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()

    @property
    def workflow(self) -> Map:
        """The keyword ``workflow``; empty when it is not there."""
        found = self.root.get("workflow")
        return found if isinstance(found, Map) else Map()


def load(
    text: str, files: Files | None = None, event: Event | None = None, inputs: Mapping[str, Any] | None = None
) -> Loaded:
    """A file with includes, ``extends`` and references resolved.

    Args:
        text: The file.
        files: The project, for ``include:local``; default without files.
        event: For ``include:rules`` and variables in paths; default a push to the default branch.
        inputs: Values for ``spec:inputs``.

    Raises:
        ConfigurationError: GitLab reads no further; the message is its own.
    """
    event = event or Event()
    if not text.strip():
        raise ConfigurationError("Please provide content of .gitlab-ci.yml", Place(1))
    known = before_pipeline(event)
    found, oddities = reading.documents(text)
    root = interpolate(found, inputs or {}, known.values())
    if not isinstance(root, Map):
        hint = "Write keywords and jobs as NAME: at the left margin."
        raise ConfigurationError("Invalid configuration format", Place(1), hint)
    inclusion = Inclusion(files or Texts(), event, known)
    root = resolved(extended(inclusion.included(root)))
    return Loaded(root, tuple(inclusion.notes), (*oddities, *inclusion.oddities))


def before_pipeline(event: Event) -> Variables:
    """The variables that exist before there is a pipeline."""
    project = [Variable(name, value, "project") for name, value in event.project.variables.items()]
    given = [Variable(name, value, "event") for name, value in event.variables.items()]
    return Variables([*predefined.of_event(event), *project, *given])


def faults(root: Map) -> list[entries.Fault]:
    """What GitLab refuses about a resolved file: all that is wrong with its shape, else the first of its meaning."""
    found = entries.root(root)
    if found:
        return found
    first = logic.fault(root)
    return [first] if first else []


def read(
    text: str, files: Files | None = None, event: Event | None = None, inputs: Mapping[str, Any] | None = None
) -> Configuration:
    """A configuration to make pipelines of.

    Args:
        text: The file.
        files: The project, for ``include:local``.
        event: For ``include:rules``.
        inputs: Values for ``spec:inputs``.

    Raises:
        ConfigurationError: GitLab would refuse it; the message is its first, the hint says how to see all.
    """
    loaded = load(text, files, event, inputs)
    found = faults(loaded.root)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        hint = f"It is about {found[0].place}; lab.lint(FILE) or gitopslab ci lint FILE shows all with its line."
        raise ConfigurationError(f"{found[0].message}{more}", found[0].place, hint)
    return configured(loaded)


def configured(loaded: Loaded) -> Configuration:
    """The configuration of a file in which nothing is wrong."""
    return Configuration(loaded.root, stages(loaded.root), normal_jobs(loaded.root), loaded.notes)
