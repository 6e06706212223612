"""What a push starts: pipelines, made of the commit's own ``.gitlab-ci.yml`` and run by ``ci.runner``.

Between ``gitops.git``, which knows commits, and ``ci``, which knows pipelines: neither knows the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from gitopslab.ci import ConfigurationError, Event, Files, make, read
from gitopslab.ci.event import NO_SHA, Commit, Project
from gitopslab.ci.pipeline import Pipeline
from gitopslab.ci.rules import Verdict
from gitopslab.ci.runner.machine import machine_of
from gitopslab.ci.runner.record import PipelineRecord
from gitopslab.ci.runner.runner import Runner
from gitopslab.errors import LabError
from gitopslab.forge.entrance import Entrance
from gitopslab.forge.settings import Settings
from gitopslab.gitops.git.commits import Commits
from gitopslab.gitops.git.receive import RefUpdate
from gitopslab.gitops.git.repositories import Repositories
from gitopslab.machinery.messages import sentence

FILE = ".gitlab-ci.yml"
"""Where a project says what its pipelines do."""

_PATIENCE = 60.0  # seconds a push waits to be told the number of its pipeline
_MOST_REFS = 4  # of one push that start pipelines: GitLab's ``git_push_create_all_pipelines`` limit


class Pipelines:
    """The pipelines of a forge's projects.

    Args:
        root: Where the runner keeps them.
        host: Where the forge is reached.
        repositories: Where commits are.
        entrance: Gives jobs their tokens.
        settings: Has the projects' variables.
        engine: The container engine that jobs may use; empty for none.

    Attributes:
        runner: Runs them.
    """

    def __init__(
        self, root: Path, host: str, repositories: Repositories, entrance: Entrance, settings: Settings, engine: str
    ) -> None:
        self._host = host
        self._repositories = repositories
        self._entrance = entrance
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self.runner = Runner(root, self, machine_of(root, engine))

    async def run(self) -> None:
        """Run what pushes start, until cancelled."""
        self._loop = asyncio.get_running_loop()
        await self.runner.run()

    def pushed(self, project: str, updates: Sequence[RefUpdate], options: Sequence[str] = ()) -> str:
        """Start the pipelines of a push, and give the lines that are shown to who pushed. Called in a thread.

        Args:
            project: Where it went.
            updates: What it moved.
            options: ``ci.skip`` starts none, ``ci.variable=KEY=VALUE`` gives a variable, as on GitLab; others are not
                for us.
        """
        if self._loop is None:
            return ""
        self._loop.call_soon_threadsafe(self.runner.history.tell)
        moved = [one for one in updates if not one.is_removal and (one.branch or one.tag)]
        if len(moved) > _MOST_REFS:
            return f"\n{len(moved)} refs were pushed at once, which starts no pipelines\n"
        if any(option.partition("=")[0] == "ci.skip" for option in options):
            return "\nNo pipeline: ci.skip\n"
        given = [
            option.removeprefix("ci.variable=").strip('"') for option in options if option.startswith("ci.variable=")
        ]
        variables = dict(each.split("=", 1) for each in given if "=" in each)
        lines = [line for update in moved if (line := self._started(project, update, variables))]
        return "\n" + "".join(f"{line}\n" for line in lines) if lines else ""

    async def start(self, project: str, ref: str, variables: Mapping[str, str], kind: str) -> PipelineRecord:
        """Start a pipeline because somebody asks for it.

        Args:
            project: Of which project.
            ref: A branch or a tag.
            variables: Given with it.
            kind: ``web``, ``api``, ``schedule`` or ``trigger``.

        Raises:
            LabError: There is no such project, ref or file.
        """
        commits = self._commits(project)
        is_tag = f"refs/tags/{ref}" in commits.branches_and_tags()
        branch, tag = ("", ref) if is_tag else (ref, "")
        event = self._event(commits, project, ref, kind=kind, branch=branch, tag=tag, variables=dict(variables))
        if commits.read(event.commit.sha, FILE) is None:
            raise LabError(f"{project} has no {FILE} at {ref}", "Add one and push it")
        return await self._add(event)

    # ---- what the runner asks ----

    def pipeline(self, record: PipelineRecord) -> Pipeline:
        """What a pipeline is made of; a file that GitLab refuses makes one with an error and no jobs."""
        event = record.event
        commits = self._commits(event.project.path)
        text = commits.read(event.commit.sha, FILE) or ""
        try:
            return make(read(text, CommitFiles(commits, event.commit), event), event)
        except ConfigurationError as error:
            return Pipeline(event, (), (), {}, Verdict("never"), errors=(str(error),))

    def check_out(self, record: PipelineRecord, folder: Path) -> None:
        """Put a pipeline's commit into a folder."""
        self._commits(record.event.project.path).check_out(record.event.commit.sha, folder)

    def job_token(self, project: str) -> AbstractContextManager[str]:
        """A token for a job of a project."""
        return self._entrance.job_token(project.lower())

    # ---- from a push to an event ----

    def _started(self, project: str, update: RefUpdate, variables: Mapping[str, str]) -> str:
        """Start the pipeline of one ref, and tell of it; empty when the project has no file."""
        commits = self._commits(project)
        if commits.read(update.after, FILE) is None:
            return ""
        if update.tag:
            event = self._event(commits, project, update.after, kind="tag", tag=update.tag, variables=variables)
        else:
            changed = None if update.before == NO_SHA else commits.changed(update.before, update.after)
            event = self._event(
                commits, project, update.after, kind="push", branch=update.branch, before=update.before,
                changed=changed, variables=variables,
            )  # fmt: skip
        assert self._loop is not None
        record = asyncio.run_coroutine_threadsafe(self._add(event), self._loop).result(_PATIENCE)
        if record.error:
            return sentence(f"No pipeline for {event.ref}: {record.error}")
        page = f"http://{self._host}/api/pipelines/{record.id}"
        jobs = f"{len(record.jobs)} job{'' if len(record.jobs) == 1 else 's'}"
        return sentence(f"Pipeline #{record.event.iid} of {event.ref}: {jobs}, {page}")

    def _event(
        self, commits: Commits, project: str, sha: str, *, kind: str, before: str = NO_SHA,
        changed: tuple[str, ...] | None = None, branch: str = "", tag: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Event:  # fmt: skip
        facts = commits.facts(sha)
        commit = Commit(facts.sha, before, facts.message, facts.author, facts.timestamp, facts.files)
        server = f"http://{self._host}"
        own = self._settings.of(project)
        where = Project(
            project, commits.default_branch(), server, self._host, dict(own.variables), frozenset(own.masked)
        )
        return Event(
            kind, branch=branch, tag=tag, changed=changed, commit=commit, project=where, variables=variables or {}
        )

    async def _add(self, event: Event) -> PipelineRecord:
        """Number an event and begin its pipeline; numbers are given on the loop, so that none is given twice."""
        numbered = replace(event, iid=self.runner.history.next_iid(event.project.path))
        return self.runner.add(self.pipeline(PipelineRecord(0, numbered)))

    def _commits(self, project: str) -> Commits:
        if not self._repositories.exists(project):
            raise LabError(f"There is no project {project}", "Push to it first; that makes it")
        return Commits(self._repositories.path(project))


class CommitFiles(Files):
    """The files of a commit, as ``include:local`` and ``rules:exists`` see them."""

    def __init__(self, commits: Commits, commit: Commit) -> None:
        self._commits = commits
        self._commit = commit

    def paths(self) -> tuple[str, ...]:
        """Every path, sorted."""
        return self._commit.files

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is no such file."""
        return self._commits.read(self._commit.sha, path.lstrip("/"))
