"""A working copy: a folder that a learner changes, commits and pushes, without a ``git`` program.

``lab.git`` hands them out. What is here is an ordinary repository: stock ``git`` works in the same folder. Names and
messages are Git's.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.objects import Commit
from dulwich.objectspec import parse_commit
from dulwich.patch import write_tree_diff
from dulwich.refs import Ref
from dulwich.repo import Repo

from gitopslab.errors import LabError
from gitopslab.gitops.git.history import HEAD, LogEntry, entry_of, log_of
from gitopslab.gitops.git.origin import Origin, explained, must_be_clean, pull, push

AUTHOR = b"Learner <learner@example.org>"


class WorkingCopy:
    """A folder with a repository.

    Args:
        folder: The folder.
        origin: Where it is pushed to.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        self.folder = folder
        self._origin = origin

    @classmethod
    def clone(cls, folder: Path, origin: Origin) -> WorkingCopy:
        """Copy a repository into a folder; one that is empty or not there yet gives an empty copy.

        Raises:
            LabError: The folder is in use for something else.
        """
        if folder.exists() and any(folder.iterdir()):
            raise LabError(f"{folder} is not empty", "Take another folder, or open what is there with lab.git.open")
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder, origin)
        Repo.init(str(folder), default_branch=b"main").close()
        made._configure()
        made.pull()
        return made

    @classmethod
    def open(cls, folder: Path, origin: Origin) -> WorkingCopy:
        """A working copy that is there.

        Raises:
            LabError: There is none.
        """
        made = cls(folder, origin)
        with made._opened():
            made._configure()
        return made

    # ---- files ----

    def path(self, name: str) -> Path:
        """The file of a name; never one outside of the folder.

        Raises:
            LabError: It would lie outside, or among Git's own.
        """
        found = (self.folder / name).resolve()
        root = self.folder.resolve()
        if not found.is_relative_to(root) or ".git" in found.relative_to(root).parts:
            raise LabError(f"{name!r} is no file of {self.folder.name}", "Name it from the repository's root: app.py")
        return found

    def write(self, name: str, text: str) -> None:
        """Write a file, and the folders above it."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def status(self) -> dict[str, list[str]]:
        """What differs from the last commit: ``added``, ``modified``, ``deleted`` and ``untracked`` paths."""
        with self._opened() as repo:
            told = porcelain.status(repo, untracked_files="all")
            changed = {path.decode("utf-8", "replace") for path in told.unstaged}
            staged = {key: [path.decode("utf-8", "replace") for path in paths] for key, paths in told.staged.items()}
            deleted = {path for path in changed if not (self.folder / path).exists()}
            return {
                "added": sorted(staged["add"]),
                "modified": sorted({*staged["modify"], *(changed - deleted)}),
                "deleted": sorted({*staged["delete"], *deleted}),
                "untracked": sorted(os.fsdecode(path) for path in told.untracked),
            }

    # ---- commits ----

    def commit(self, message: str) -> str:
        """Commit every change in the folder, and give the commit's name.

        Raises:
            LabError: Nothing has changed.
        """
        if not any(self.status().values()):
            raise LabError("nothing to commit, working tree clean", "Change a file first")
        with self._opened() as repo:
            porcelain.add(repo)
            gone = [path for path in self.status()["deleted"] if not (self.folder / path).exists()]
            repo.get_worktree().stage([path.encode() for path in gone])
            return porcelain.commit(repo, message.encode(), author=AUTHOR, committer=AUTHOR).decode()

    def revert(self, name: str = "HEAD") -> str:
        """Make a commit that undoes another one, and give its name.

        Raises:
            LabError: There is no such commit, or what it changed has changed again since.
        """
        with self._opened() as repo, explained():
            commit = self._commit(repo, name)
            must_be_clean(repo, "revert")
            subject = commit.message.decode("utf-8", "replace").partition("\n")[0]
            message = f'Revert "{subject}"\n\nThis reverts commit {commit.id.decode()}.\n'
            made = porcelain.revert(repo, commit.id, message=message, author=AUTHOR, committer=AUTHOR)
            return (made or b"").decode()

    def branch(self, name: str) -> None:
        """Make a branch here and go to it; one that is there is only gone to.

        Raises:
            LabError: The name cannot be one, or changes would be lost.
        """
        with self._opened() as repo, explained():
            if Ref(b"refs/heads/" + name.encode()) not in repo.refs:
                porcelain.branch_create(repo, name)
            porcelain.checkout(repo, name)

    def tag(self, name: str, message: str = "") -> None:
        """Name the newest commit; with a message the tag is an object of its own.

        Raises:
            LabError: There is such a tag already, or the name cannot be one.
        """
        with self._opened() as repo, explained():
            porcelain.tag_create(repo, name, author=AUTHOR, message=message.encode(), annotated=bool(message))

    def head(self) -> str:
        """The newest commit; empty when there is none."""
        with self._opened() as repo:
            return repo.get_refs().get(HEAD, b"").decode()

    def entry(self, name: str = "HEAD") -> LogEntry:
        """A commit as the log has it.

        Raises:
            LabError: There is no such commit.
        """
        with self._opened() as repo:
            return entry_of(self._commit(repo, name), [])

    def current_branch(self) -> str:
        """The branch that commits go to."""
        with self._opened() as repo:
            ref = repo.refs.get_symrefs().get(HEAD, b"")
            return ref.removeprefix(b"refs/heads/").decode()

    def diff(self, before: str = "", after: str = "") -> str:
        """What differs, as ``git diff`` shows it.

        Args:
            before: A commit; empty for the newest.
            after: Another; empty for the folder as it is.
        """
        out = io.BytesIO()
        with self._opened() as repo, explained():
            if after:
                old, new = self._commit(repo, before or "HEAD"), self._commit(repo, after)
                write_tree_diff(out, repo.object_store, old.tree, new.tree)
            else:
                porcelain.diff(repo, commit=self._commit(repo, before or "HEAD").id, outstream=out)
        return out.getvalue().decode("utf-8", "replace")

    def log(self, most: int = 20) -> list[LogEntry]:
        """The newest commits of all branches, newest first."""
        with self._opened() as repo:
            return log_of(repo, most)

    # ---- the forge ----

    def push(self, *, force: bool = False, progress: Callable[[str], None] = lambda line: None) -> dict[str, str]:
        """Push the current branch and all tags; gives what moved, by ref. See ``origin.push``."""
        with self._opened() as repo, explained():
            return push(repo, self._origin, force=force, progress=progress)

    def pull(self) -> bool:
        """Bring the forge's commits; False when there is no such project yet. See ``origin.pull``."""
        with self._opened() as repo, explained():
            return pull(repo, self._origin)

    # ---- inside ----

    def _configure(self) -> None:
        """Let stock ``git`` find the forge and the token, as this class does."""
        with self._opened() as repo:
            config = repo.get_config()
            config.set((b"remote", b"origin"), b"url", self._origin.url.encode())
            config.set((b"remote", b"origin"), b"fetch", b"+refs/heads/*:refs/remotes/origin/*")
            config.set((b"branch", b"main"), b"remote", b"origin")
            config.set((b"branch", b"main"), b"merge", b"refs/heads/main")
            name, _, mail = AUTHOR.decode().rstrip(">").partition(" <")
            config.set((b"user",), b"name", name.encode())
            config.set((b"user",), b"email", mail.encode())
            if self._origin.helper is not None:
                config.set((b"credential",), b"helper", f"store --file='{self._origin.helper}'".encode())
            config.write_to_path()

    def _commit(self, repo: Repo, name: str) -> Commit:
        try:
            return parse_commit(repo, name.encode())
        except (KeyError, ValueError) as error:
            raise LabError(f"There is no commit {name!r} here", "See which there are: log()") from error

    @contextmanager
    def _opened(self) -> Iterator[Repo]:
        try:
            repo = Repo(str(self.folder))
        except NotGitRepository as error:
            raise LabError(f"{self.folder} is no working copy", "Make one: lab.git.clone") from error
        with repo:
            yield repo
