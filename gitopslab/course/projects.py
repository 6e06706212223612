"""Projects of the lab's Git server as exercises make them and look at them.

``stage`` has it do the steps that push, ``elsewhere`` asks it what a branch holds and how a pipeline went. An
exercise's projects are in a group called like its namespace, and a learner has a working copy of each beside the
exercise's files.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from gitopslab.clusters.forge import USER, Address
from gitopslab.clusters.origins import origin_of
from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.course.exercise import Push
from gitopslab.course.source import Source
from gitopslab.errors import LabError, RenderError, WaitTimeoutError
from gitopslab.gitops.git import remote, speaking
from gitopslab.gitops.git.commits import Commits
from gitopslab.gitops.git.origin import Origin
from gitopslab.gitops.git.working import WorkingCopy
from gitopslab.gitops.render import confined, kustomize

_PIPELINE_SECONDS = 60.0
_MOST_COMMITS = 50
_RESTS = ("manual", "scheduled")  # states in which a pipeline waits for somebody


class Projects:
    """The projects of the forge beside a cluster.

    Args:
        address: Starts the forge when it is needed, and tells where it is.
    """

    def __init__(self, address: Callable[[], Address]) -> None:
        self._address = address
        self._seen: dict[tuple[str, ...], list[Any]] = {}

    # ---- doing ----

    def push(self, push: Push) -> None:
        """Commit and push as a learner would, and wait until the pipelines that this starts have ended.

        Raises:
            LabError: It could not be done, or a pipeline does not end.
        """
        with tempfile.TemporaryDirectory() as folder:
            copy = WorkingCopy.clone(Path(folder) / "copy", self._origin(push.project))
            if push.branch:
                copy.branch(push.branch)
            for name, edit in push.files.items():
                _edit(copy, name, edit.text, edit.replaces)
            if push.files:
                copy.commit(push.message)
            if push.reverts:
                copy.revert()
            if push.tag:
                copy.tag(push.tag)
            copy.push()
        self._wait_for_pipelines(push.project)

    def lay_out(self, project: str, folder: Path) -> None:
        """Give a learner a working copy; an earlier attempt's is kept beside it."""
        if folder.exists():
            kept = folder.with_name(f"{folder.name}.bak")
            shutil.rmtree(kept, ignore_errors=True)
            folder.replace(kept)
        WorkingCopy.clone(folder, self._origin(project))

    def clear(self, group: str) -> None:
        """Remove every project of a group."""
        client = PipelineClient(self._address())
        for project in client.projects()[0]:
            if project["path_with_namespace"].startswith(f"{group}/"):
                client.delete_project(project["path_with_namespace"])

    # ---- looking ----

    def branch(self, source: Source) -> list[Any]:
        """What a branch or tag holds.

        Returns:
            With ``path`` the lines of that file, or with a ``field``, too, its YAML documents; with ``build`` the
            objects that kustomize makes of that folder; else one document: ``head``, ``files``, ``commits`` (newest
            first, each with ``sha``, ``subject``, ``author`` and the files it ``changed``), ``branches`` and ``tags``.

        Raises:
            LabError: The file is no YAML, or kustomize cannot build the folder.
        """
        address = self._remote(source.kind)
        refs = remote.refs_or_none(address)
        ref = source.ref or "main"
        head = refs.get(f"{remote.HEADS}{ref}") or refs.get(f"{remote.TAGS}{ref}")
        if head is None:
            return []
        names = [name.rpartition("/")[2] for name in refs]
        key = (source.kind, ref, head, source.path, source.build, str(bool(source.field)), *names)
        if key not in self._seen:
            self._seen[key] = self._read(source, ref, head, refs)
        return self._seen[key]

    def pipeline(self, source: Source) -> list[Any]:
        """The newest pipeline of a project, or of one of its branches or tags, with the newest run of each job."""
        found, _ = PipelineClient(self._address()).pipelines(source.kind)
        newest = next((each for each in found if source.ref in ("", each["ref"])), None)
        if newest is None:
            return []
        return [{**newest, "jobs": [job for job in newest["jobs"] if not job["retried"]]}]

    def _read(self, source: Source, ref: str, head: str, refs: dict[str, str]) -> list[Any]:
        if not source.path and not source.build:
            return [self._history(source.kind, ref, head, refs)]
        files = remote.checkout(self._remote(source.kind), head).files
        if source.build:
            return _built(files, source.build)
        if source.path not in files:
            return []
        text = files[source.path].content.decode("utf-8", "replace")
        return _documents(text, source.path) if source.field else text.splitlines()

    def _history(self, project: str, ref: str, head: str, refs: dict[str, str]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            copy = WorkingCopy.clone(Path(folder) / "copy", self._origin(project))
            known = {entry.sha: entry for entry in copy.log(_MOST_COMMITS)}
            commits, told = Commits(copy.folder), []
            sha = head
            while entry := known.get(sha):
                sha = entry.parents[0] if entry.parents else ""
                changed = commits.changed(sha, entry.sha) if sha else commits.facts(entry.sha).files
                told.append(
                    {"sha": entry.sha, "subject": entry.subject, "author": entry.author, "changed": list(changed or ())}
                )
            files = list(commits.facts(head).files)
        branches, tags = (
            [name.removeprefix(kind) for name in refs if name.startswith(kind)] for kind in (remote.HEADS, remote.TAGS)
        )
        return {"head": head, "files": files, "commits": told, "branches": branches, "tags": tags, "ref": ref}

    # ---- the forge ----

    def _wait_for_pipelines(self, project: str) -> None:
        client, version, deadline = PipelineClient(self._address()), "", time.monotonic() + _PIPELINE_SECONDS
        while True:
            found, version = client.pipelines(project, newer_than=version)
            if all(one["finished_at"] is not None or one["status"] in _RESTS for one in found):
                return
            if time.monotonic() > deadline:
                hint = "lab.pipelines tells what they do"
                raise WaitTimeoutError(f"the pipelines of {project} did not end within {_PIPELINE_SECONDS:.0f} s", hint)

    def _origin(self, project: str) -> Origin:
        return origin_of(self._address(), project)

    def _remote(self, project: str) -> speaking.Address:
        address = self._address()
        return speaking.Address(f"{address.url}/{project}.git", USER, address.token)


def _edit(copy: WorkingCopy, name: str, text: str | None, replaces: str) -> None:
    path = copy.path(name)
    if text is None:
        path.unlink()
        return
    before = path.read_text(encoding="utf-8") if replaces else ""
    if replaces not in before:
        raise LabError(f"{name} has no {replaces!r}", "See the step in exercise.yaml")
    copy.write(name, before.replace(replaces, text) if replaces else text)


def _documents(text: str, name: str) -> list[Any]:
    try:
        return [each for each in yaml.safe_load_all(text) if each is not None]
    except yaml.YAMLError as error:
        raise LabError(f"{name} is no YAML: {error}", "Mend the file, and push it") from error


def _built(files: Any, folder: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        for name, file in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        try:
            confined.check(root)
            return list(kustomize.build(root / folder))
        except RenderError as error:
            raise LabError(error.message.replace(f"{root}/", ""), "Mend the files, and push them") from error
