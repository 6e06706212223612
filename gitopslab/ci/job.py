"""A job of a pipeline, ready to be run: everything that the file, its defaults and its rules say about it.

``pipeline`` makes jobs; the runner runs them, views draw them. Lists are tuples and maps are plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.ci.normal import Need
from gitopslab.ci.tree import NOWHERE, Place
from gitopslab.ci.variables import Variable, Variables

Strings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """The image that a job runs in."""

    name: str
    entrypoint: Strings | None = None
    pull_policy: Strings = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A container beside the job.

    Attributes:
        name: Its image.
        alias: The names under which the job reaches it, separated by commas or spaces; empty for the image's own.
        command: What it runs instead of its own command.
        entrypoint: What it runs instead of its own entrypoint.
        variables: For it alone.
    """

    name: str
    alias: str = ""
    command: Strings | None = None
    entrypoint: Strings | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What is kept of a job.

    Attributes:
        paths: Patterns.
        exclude: Patterns of what is not kept.
        untracked: Keep all that Git does not know.
        when: ``on_success``, ``on_failure`` or ``always``.
        name: Of the archive.
        expire_in: As it is written; empty for the usual 30 days.
        reports: Patterns by type, as ``junit`` and ``dotenv``.
    """

    paths: Strings = ()
    exclude: Strings = ()
    untracked: bool = False
    when: str = "on_success"
    name: str = "artifacts"
    expire_in: str = ""
    reports: Mapping[str, Strings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept from one pipeline to the next.

    Attributes:
        key: As it is written, when it is a text.
        key_files: Files whose content makes the key; then ``key`` is empty.
        prefix: Before a key made from files.
        paths: Patterns.
        untracked: Keep all that Git does not know.
        policy: ``pull-push``, ``pull`` or ``push``, or a variable.
        when: ``on_success``, ``on_failure`` or ``always``.
        fallback_keys: Tried in order when there is nothing under the key.
    """

    key: str = "default"
    key_files: Strings = ()
    prefix: str = ""
    paths: Strings = ()
    untracked: bool = False
    policy: str = "pull-push"
    when: str = "on_success"
    fallback_keys: Strings = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a job deploys to; texts are expanded."""

    name: str
    url: str = ""
    action: str = "start"
    on_stop: str = ""
    auto_stop_in: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed job is run again.

    Attributes:
        max: How often, at most two.
        when: For which failures; ``always`` for all.
        exit_codes: For which exit codes of the script; empty for all.
    """

    max: int = 0
    when: Strings = ("always",)
    exit_codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        name: Its name in the pipeline.
        origin: The key in the file; several jobs have the same one with ``parallel``.
        stage: Its stage.
        when: ``on_success``, ``on_failure``, ``always``, ``manual`` or ``delayed``.
        allow_failure: Whether the pipeline passes although it fails, or is not started.
        allow_failure_exit_codes: Exit codes of the script with which it may fail.
        start_in: Seconds that a delayed job waits; 0 for others.
        needs: What it waits for, of what is in the pipeline; None when it waits for the stages before.
        dependencies: Whose artifacts it fetches; None when it does not say.
        before_script: Commands before ``script``, in the same shell.
        script: Its commands.
        after_script: Commands after, in a shell of their own.
        image: Where it runs; None when nothing is said.
        services: Beside it.
        variables: Every definition it can see, low ones first; predefined ones that exist only while it runs are the
            runner's to add.
        artifacts: What is kept; None for nothing.
        cache: What is kept between pipelines.
        environment: Where it deploys to.
        retry: How often it is run again.
        timeout: Seconds; None for the project's usual.
        tags: Which runners may take it.
        coverage: The pattern that finds the coverage in its log; empty for none.
        resource_group: At most one job of a group runs at a time.
        interruptible: Whether a newer pipeline may cancel it.
        instance: Which copy, from one; 0 when there is only one.
        total: How many copies there are.
        matrix: The variables of its copy.
        trigger: What it triggers instead of running a script; None for a usual job.
        rule: The number of the rule that matched, from one; 0 when it has no rules.
        reason: In words, why it is in.
        place: Where it is written.
    """

    name: str
    stage: str
    origin: str = ""
    when: str = "on_success"
    allow_failure: bool = False
    allow_failure_exit_codes: tuple[int, ...] = ()
    start_in: float = 0
    needs: tuple[Need, ...] | None = None
    dependencies: Strings | None = None
    before_script: Strings = ()
    script: Strings = ()
    after_script: Strings = ()
    image: Image | None = None
    services: tuple[Service, ...] = ()
    variables: Variables = field(default_factory=Variables)
    artifacts: Artifacts | None = None
    cache: tuple[Cache, ...] = ()
    environment: Environment | None = None
    retry: Retry = field(default_factory=Retry)
    timeout: float | None = None
    tags: Strings = ()
    coverage: str = ""
    resource_group: str = ""
    interruptible: bool = False
    instance: int = 0
    total: int = 1
    matrix: Mapping[str, str] = field(default_factory=dict)
    trigger: Mapping[str, Any] | None = None
    rule: int = 0
    reason: str = ""
    place: Place = NOWHERE

    def summary(self) -> dict[str, Any]:
        """What a list of jobs shows: ``name``, ``stage``, ``when``, ``allow_failure`` and the names it ``needs``."""
        return {
            "name": self.name,
            "stage": self.stage,
            "when": self.when,
            "allow_failure": self.allow_failure,
            "needs": [need.name for need in self.needs or ()],
        }

    def environment_variables(self, running: Mapping[str, str] | None = None) -> dict[str, str]:
        """What its script finds in its environment: expanded, unknown names in a value kept for the shell.

        Args:
            running: Variables that exist only while it runs, such as ``CI_JOB_TOKEN``; the file may overwrite them.
        """
        known = [Variable(name, value, "predefined") for name, value in (running or {}).items()]
        return Variables([*known, *self.variables]).expanded(keep_undefined=True)
