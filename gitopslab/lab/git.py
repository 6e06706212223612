"""``lab.git``: repositories on the lab's Git server, from cells, without a ``git`` program.

What a working copy does is ``gitops.git.working``'s; here its answers are printed and drawn. Every command may be run
again: a clone that is there is opened, a branch that is there is gone to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from gitopslab.clusters.forge import USER, Address
from gitopslab.clusters.origins import origin_of
from gitopslab.errors import LabError
from gitopslab.gitops.git.history import LogEntry
from gitopslab.gitops.git.working import WorkingCopy
from gitopslab.lab.answers import say
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told
from gitopslab.views.commits import commit_log

_TOKEN = re.compile(r"//[^/@]*@")


class Log(list[LogEntry]):
    """Commits, newest first; a cell shows them as ``git log --graph --oneline`` does."""

    def __repr__(self) -> str:
        return commit_log(self) or told("no commits yet")


class Diff(str):
    """A difference; a cell shows it as ``git diff`` does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self).rstrip("\n") or told("no difference")


class CommitName(str):
    """The full name of a commit; a cell shows it short, with its subject, as ``git log --oneline`` does."""

    subject: str

    @classmethod
    def of(cls, entry: LogEntry) -> CommitName:
        """The name of a commit in a log."""
        name = cls(entry.sha)
        name.subject = entry.subject
        return name

    def __repr__(self) -> str:
        return f"{self[:8]} {self.subject}"


class Git:
    """The Git server of a lab; ``lab.git`` gives it.

    Args:
        forge: Starts the forge when it is needed, and tells where it is.
    """

    def __init__(self, forge: Callable[[], Address]) -> None:
        self._forge = forge

    def __repr__(self) -> str:
        return told(f"Git server at {self._forge().url}, user {USER}; its token is in {self._forge().token_file}")

    def url(self, project: str) -> str:
        """Where a project is, for ``git clone``. The same URL for every cluster of this machine.

        Example:
            >>> lab.git.url("waal/waal-web")
            'http://localhost:5050/waal/waal-web.git'
        """
        return f"{self._forge().url}/{project.strip('/').removesuffix('.git')}.git"

    def clone(self, project: str, folder: str | Path = "") -> Repository:
        """A working copy of a project; of one that nobody has pushed to yet, an empty one.

        Args:
            project: ``group/project``.
            folder: Where; default a folder of the project's name here. A copy that is there already is opened.

        Example:
            >>> web = lab.git.clone("waal/waal-web")
            waal-web: cloned from http://localhost:5050/waal/waal-web.git
        """
        name = project.strip("/").removesuffix(".git")
        place = Path(folder or name.rpartition("/")[2])
        origin = origin_of(self._forge(), name)
        if (place / ".git").exists():
            made = WorkingCopy.open(place, origin)
            say(_("{folder}: here already, from {url}").format(folder=place, url=origin.url))
        else:
            made = WorkingCopy.clone(place, origin)
            words = (
                _("{folder}: cloned from {url}")
                if made.head()
                else _("{folder}: empty; push makes the project at {url}")
            )
            say(words.format(folder=place, url=origin.url))
        return Repository(made)

    def open(self, folder: str | Path) -> Repository:
        """The working copy in a folder.

        Raises:
            LabError: There is none, or it is of another server.
        """
        place = Path(folder)
        config = place / ".git" / "config"
        found = re.search(r"url = (\S+)", config.read_text()) if config.exists() else None
        project = _TOKEN.sub("//", found[1]).removeprefix(self._forge().url).strip("/") if found else ""
        if not project or "://" in project:
            raise LabError(f"{place} is no working copy of this lab's Git server", "Make one: lab.git.clone(PROJECT)")
        return Repository(WorkingCopy.open(place, origin_of(self._forge(), project)))


class Repository:
    """A working copy; ``lab.git.clone`` gives it.

    Args:
        copy: The folder and its repository.
    """

    def __init__(self, copy: WorkingCopy) -> None:
        self._copy = copy

    def __repr__(self) -> str:
        changed = [f"{key}: {', '.join(paths)}" for key, paths in self._copy.status().items() if paths]
        return f"{self._copy.folder} on branch {self._copy.current_branch()}\n" + (
            "\n".join(changed) or "nothing changed"
        )

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._copy.folder

    @property
    def head(self) -> str:
        """The newest commit; empty before the first one."""
        return CommitName.of(self._copy.entry()) if self._copy.head() else ""

    def read(self, name: str) -> str:
        """The text of a file in the folder."""
        return self._copy.path(name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """Write a file; nothing is committed yet."""
        self._copy.write(name, text)
        say(_("{file} written").format(file=name))

    def remove(self, name: str) -> None:
        """Remove a file; nothing is committed yet."""
        self._copy.path(name).unlink(missing_ok=True)
        say(_("{file} removed").format(file=name))

    def commit(self, message: str, files: Mapping[str, str] | None = None, *, push: bool = False) -> str:
        """Commit what has changed, and give the commit's name.

        Args:
            message: Why.
            files: Written first, by name.
            push: Push it as well.

        Example:
            >>> web.commit("A new title", {"app.py": text}, push=True)
            [main 1a2b3c4d] A new title
            main -> 1a2b3c4d
            1a2b3c4d A new title
        """
        for name, text in (files or {}).items():
            self._copy.write(name, text)
        if not any(self._copy.status().values()):
            say("nothing to commit, working tree clean")
        else:
            sha = self._copy.commit(message)
            say(f"[{self._copy.current_branch()} {sha[:8]}] {message.partition(chr(10))[0]}")
        if push:
            self.push()
        return self.head

    def branch(self, name: str) -> None:
        """Make a branch and go to it, or go to one that is there."""
        self._copy.branch(name)
        say(f"on branch {name}")

    def tag(self, name: str, message: str = "") -> None:
        """Name the newest commit, as in ``v1.2.3``; push sends it."""
        self._copy.tag(name, message)
        say(f"tag {name} at {self._copy.head()[:8]}")

    def revert(self, name: str = "HEAD") -> str:
        """Make a commit that undoes another, and give its name."""
        made = CommitName.of(self._copy.entry(self._copy.revert(name)))
        say(f"[{self._copy.current_branch()} {made[:8]}] {made.subject}")
        return made

    def diff(self, before: str = "", after: str = "") -> Diff:
        """What has changed since the last commit, or between two."""
        return Diff(self._copy.diff(before, after))

    def log(self, most: int = 20) -> Log:
        """The newest commits, drawn."""
        return Log(self._copy.log(most))

    def push(self, *, force: bool = False) -> None:
        """Push the branch and all tags; the forge says which pipelines that starts."""
        moved = self._copy.push(force=force, progress=lambda line: say(f"remote: {line}"))
        for ref, sha in moved.items():
            say(f"{ref.removeprefix('refs/heads/').removeprefix('refs/')} -> {sha[:8]}")
        if not moved:
            say("Everything up-to-date")

    def pull(self) -> None:
        """Bring what others have pushed."""
        before = self._copy.head()
        self._copy.pull()
        after = self._copy.head()
        say("Already up to date." if before == after else f"{before[:8] or 'nothing'}..{after[:8]}")
