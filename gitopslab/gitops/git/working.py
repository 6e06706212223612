"""A working copy: a folder that a learner changes, commits and pushes, without a ``git`` program.

``lab.git`` hands them out. What is here is an ordinary repository: stock ``git`` works in the same folder. Names and
messages are Git's.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.client import GitClient, get_transport_and_path
from dulwich.errors import GitProtocolError, NotGitRepository
from dulwich.objects import Commit, ObjectID, Tag
from dulwich.objectspec import parse_commit
from dulwich.patch import write_tree_diff
from dulwich.refs import Ref
from dulwich.repo import Repo

from gitopslab.errors import LabError
from gitopslab.gitops.git.receive import ZERO

AUTHOR = b"Learner <learner@example.org>"
_HEAD = Ref(b"HEAD")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit in a log.

    Attributes:
        sha: Its full name.
        parents: Of what it follows.
        subject: The first line of its message.
        author: Who made it.
        time: Seconds since the epoch.
        refs: What points to it, as ``main``, ``origin/main`` or ``tag: v1.2.3``; ``HEAD -> main`` for where we are.
    """

    sha: str
    parents: tuple[str, ...]
    subject: str
    author: str
    time: int
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a working copy is pushed to.

    Attributes:
        url: Without credentials.
        user: Who pushes.
        password: The token that goes with it.
        helper: A file with both in Git's own form, for stock ``git``; readable by its owner alone.
    """

    url: str
    user: str = ""
    password: str = ""
    helper: Path | None = None


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
                "untracked": sorted(told.untracked),
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
        with self._opened() as repo, _explained():
            commit = self._commit(repo, name)
            subject = commit.message.decode("utf-8", "replace").partition("\n")[0]
            message = f'Revert "{subject}"\n\nThis reverts commit {commit.id.decode()}.\n'
            made = porcelain.revert(repo, commit.id, message=message, author=AUTHOR, committer=AUTHOR)
            return (made or b"").decode()

    def branch(self, name: str) -> None:
        """Make a branch here and go to it; one that is there is only gone to.

        Raises:
            LabError: The name cannot be one, or changes would be lost.
        """
        with self._opened() as repo, _explained():
            if Ref(b"refs/heads/" + name.encode()) not in repo.refs:
                porcelain.branch_create(repo, name)
            porcelain.checkout(repo, name)

    def tag(self, name: str, message: str = "") -> None:
        """Name the newest commit; with a message the tag is an object of its own.

        Raises:
            LabError: There is such a tag already, or the name cannot be one.
        """
        with self._opened() as repo, _explained():
            porcelain.tag_create(repo, name, author=AUTHOR, message=message.encode(), annotated=bool(message))

    def head(self) -> str:
        """The newest commit; empty when there is none."""
        with self._opened() as repo:
            return repo.get_refs().get(_HEAD, b"").decode()

    def current_branch(self) -> str:
        """The branch that commits go to."""
        with self._opened() as repo:
            ref = repo.refs.get_symrefs().get(_HEAD, b"")
            return ref.removeprefix(b"refs/heads/").decode()

    def diff(self, before: str = "", after: str = "") -> str:
        """What differs, as ``git diff`` shows it.

        Args:
            before: A commit; empty for the newest.
            after: Another; empty for the folder as it is.
        """
        out = io.BytesIO()
        with self._opened() as repo, _explained():
            if after:
                old, new = self._commit(repo, before or "HEAD"), self._commit(repo, after)
                write_tree_diff(out, repo.object_store, old.tree, new.tree)
            else:
                porcelain.diff(repo, commit=self._commit(repo, before or "HEAD").id, outstream=out)
        return out.getvalue().decode("utf-8", "replace")

    def log(self, most: int = 20) -> list[LogEntry]:
        """The newest commits of all branches, newest first."""
        with self._opened() as repo:
            names = self._names(repo)
            if not names:
                return []
            walker = repo.get_walker(include=list(names), max_entries=most, order="topo")
            return [_entry(each.commit, names.get(each.commit.id, [])) for each in walker]

    # ---- the forge ----

    def push(self, *, force: bool = False, progress: Callable[[str], None] = lambda line: None) -> dict[str, str]:
        """Push the current branch and all tags; gives what moved, by ref.

        Args:
            force: Even where commits are lost.
            progress: Told what the forge says to it.

        Raises:
            LabError: It is refused, or the forge does not answer.
        """
        said = io.BytesIO()
        with self._opened() as repo, _explained():
            client, path = self._client()
            local = {ref: sha for ref, sha in repo.get_refs().items() if ref.startswith(b"refs/tags/")}
            branch = Ref(b"refs/heads/" + self.current_branch().encode())
            if branch in repo.refs:
                local[branch] = repo.refs[branch]
            moved: dict[str, str] = {}

            def wanted(there: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
                changed = {ref: sha for ref, sha in local.items() if there.get(ref) != sha}
                for ref, sha in changed.items():
                    old = there.get(ref)
                    if not force and old and old != ZERO.encode() and not _follows(repo, sha, old):
                        raise LabError(
                            f"Updates were rejected because the tip of {ref.decode()} is behind its remote counterpart",
                            "Bring the others' commits first: pull. Or overwrite them: push(force=True)",
                        )
                    moved[ref.decode()] = sha.decode()
                return changed

            def pack(have: Any, want: Any, *, ofs_delta: bool = False, progress: Any = None) -> Any:
                return repo.generate_pack_data(have, want, ofs_delta=ofs_delta)  # in silence: not the forge's words

            result = client.send_pack(path.encode(), wanted, pack, progress=lambda piece: _heard(said, piece))
            refused = {ref: why for ref, why in (result.ref_status or {}).items() if why}
            for line in said.getvalue().decode("utf-8", "replace").splitlines():
                if line.strip():
                    progress(line.strip())
            if refused:
                raise LabError("; ".join(f"{ref.decode()}: {why}" for ref, why in refused.items()))
            repo.refs[Ref(b"refs/remotes/origin/" + branch.removeprefix(b"refs/heads/"))] = local[branch]
            return moved

    def pull(self) -> bool:
        """Bring the forge's commits, and go forward to them; False when there is no such project yet.

        Raises:
            LabError: Both sides have commits of their own, or the forge does not answer.
        """
        with self._opened() as repo, _explained():
            client, path = self._client()
            try:
                found = client.fetch(path, repo)
            except NotGitRepository:
                return False
            refs = {ref: sha for ref, sha in found.refs.items() if sha is not None}
            for ref, sha in refs.items():
                if ref.startswith(b"refs/heads/"):
                    repo.refs[Ref(b"refs/remotes/origin/" + ref.removeprefix(b"refs/heads/"))] = sha
                elif ref.startswith(b"refs/tags/"):
                    repo.refs[Ref(ref)] = sha
            self._go_forward(repo, refs, found.symrefs.get(_HEAD))
            return True

    def _go_forward(self, repo: Repo, refs: dict[Ref, ObjectID], default: Ref | None) -> None:
        branch = repo.refs.get_symrefs().get(_HEAD)
        if branch is not None and branch not in repo.refs and branch not in refs and default in refs:
            branch = default
            repo.refs.set_symbolic_ref(_HEAD, branch)
        theirs = refs.get(branch) if branch else None
        if branch is None or theirs is None:
            return
        ours = repo.get_refs().get(branch)
        if ours is not None and _follows(repo, ours, theirs):
            return
        if ours is not None and not _follows(repo, theirs, ours):
            raise LabError(
                f"{branch.decode()} and the forge's have diverged: both have commits of their own",
                "Undo yours, or overwrite theirs with push(force=True)",
            )
        repo.refs[branch] = theirs
        porcelain.reset(repo, "hard", theirs)

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

    def _client(self) -> tuple[GitClient, str]:
        client, path = get_transport_and_path(
            self._origin.url, username=self._origin.user or None, password=self._origin.password or None
        )
        return client, path

    def _commit(self, repo: Repo, name: str) -> Commit:
        try:
            return parse_commit(repo, name.encode())
        except (KeyError, ValueError) as error:
            raise LabError(f"There is no commit {name!r} here", "See which there are: log()") from error

    def _names(self, repo: Repo) -> dict[ObjectID, list[str]]:
        head = repo.refs.get_symrefs().get(_HEAD)
        found: dict[ObjectID, list[str]] = {}
        for ref, sha in sorted(repo.get_refs().items()):
            target = repo[sha] if sha in repo.object_store else None
            commit = target.object[1] if isinstance(target, Tag) else sha
            if ref != _HEAD:
                found.setdefault(ObjectID(commit), []).append(_shown(ref, is_head=ref == head))
        return found

    @contextmanager
    def _opened(self) -> Iterator[Repo]:
        try:
            repo = Repo(str(self.folder))
        except NotGitRepository as error:
            raise LabError(f"{self.folder} is no working copy", "Make one: lab.git.clone") from error
        with repo:
            yield repo


def _heard(said: io.BytesIO, piece: bytes) -> None:
    said.write(piece)


def _shown(ref: bytes, *, is_head: bool) -> str:
    name = ref.decode("utf-8", "replace")
    if name.startswith("refs/tags/"):
        return f"tag: {name.removeprefix('refs/tags/')}"
    short = name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return f"HEAD -> {short}" if is_head else short


def _entry(commit: Commit, refs: list[str]) -> LogEntry:
    return LogEntry(
        commit.id.decode(),
        tuple(parent.decode() for parent in commit.parents),
        commit.message.decode("utf-8", "replace").partition("\n")[0],
        commit.author.decode("utf-8", "replace").partition(" <")[0],
        int(commit.commit_time),
        tuple(sorted(refs, key=lambda ref: (not ref.startswith("HEAD"), ref))),
    )


def _follows(repo: Repo, newer: ObjectID, older: ObjectID) -> bool:
    """Whether a commit is the other one or comes after it."""
    if older not in repo.object_store:
        return False
    waiting, seen = [newer], {newer}
    while waiting:
        sha = waiting.pop()
        if sha == older:
            return True
        found = repo[sha]
        parents = found.parents if isinstance(found, Commit) else []
        waiting += [parent for parent in parents if parent not in seen]
        seen.update(parents)
    return False


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what dulwich raises into words for a learner."""
    try:
        yield
    except LabError:
        raise
    except (porcelain.Error, GitProtocolError, KeyError, ValueError, OSError) as error:
        raise LabError(f"Git: {str(error) or type(error).__name__}") from error
    except Exception as error:  # urllib3's, which this room does not know
        if type(error).__module__.startswith("urllib3"):
            raise LabError("The forge does not answer", "Start it: lab.git does so, or gitopslab up") from error
        raise
