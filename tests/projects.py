"""Projects of a forge that a test commits to, without a clone of their own."""

from __future__ import annotations

from collections.abc import Mapping

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from serving_forge import ServedForge

from gitopslab.gitops.git.receive import ZERO, move_refs


class Project:
    """A project of a forge that a test commits to, without a clone of its own.

    Attributes:
        path: ``group/project``.
        url: Where controllers find it.
        head: The newest commit of ``main``; empty when there is none.
        token: Good for pushing.
        submodules: Commits of other projects that the next commit names, by path.
    """

    def __init__(self, forge: ServedForge, path: str) -> None:
        self.path = path
        self.url = forge.url(path, user="")
        self.head = ""
        self.token = forge.token
        self._repositories = forge.forge.repositories
        self._files: dict[str, str | bytes] = {}
        self.submodules: dict[str, str] = {}
        self._repositories.create(path)

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change", *, branch: str = "main") -> str:
        """Commit files (None removes one) on a branch, on top of the last commit; its id."""
        for path, content in files.items():
            if content is None:
                del self._files[path]
            else:
                self._files[path] = content
        with self._repositories.open(self.path) as repo:
            commit = Commit()
            commit.tree = _tree(repo, self._files, self.submodules)
            commit.parents = [ObjectID(self.head.encode())] if self.head else []
            commit.author = commit.committer = b"Learner <learner@example.com>"
            commit.author_time = commit.commit_time = 1767225600
            commit.author_timezone = commit.commit_timezone = 0
            commit.message = message.encode()
            repo.object_store.add_object(commit)
            _move(repo, f"refs/heads/{branch}", commit.id)
        self.head = commit.id.decode()
        return self.head

    def tag(self, name: str, commit: str = "") -> None:
        """Put a tag on a commit; default the newest."""
        with self._repositories.open(self.path) as repo:
            _move(repo, f"refs/tags/{name}", ObjectID((commit or self.head).encode()))

    def force(self, commit: str, branch: str = "main") -> None:
        """Move a branch, as a forced push does."""
        with self._repositories.open(self.path) as repo:
            _move(repo, f"refs/heads/{branch}", ObjectID(commit.encode()))
        self.head = commit

    def read(self, path: str, branch: str = "main") -> str:
        """A file as it is on a branch now."""
        with self._repositories.open(self.path) as repo:
            tree = repo[repo[repo.refs[f"refs/heads/{branch}".encode()]].tree]  # type: ignore[index]
            mode_sha = tree.lookup_path(repo.object_store.__getitem__, path.encode())
            return repo[mode_sha[1]].data.decode()

    def message(self, branch: str = "main") -> str:
        """The message of the newest commit of a branch."""
        with self._repositories.open(self.path) as repo:
            return repo[repo.refs[f"refs/heads/{branch}".encode()]].message.decode()  # type: ignore[index]

    def author(self, branch: str = "main") -> str:
        """Who made the newest commit of a branch."""
        with self._repositories.open(self.path) as repo:
            return repo[repo.refs[f"refs/heads/{branch}".encode()]].author.decode()  # type: ignore[index]

    def delete(self) -> None:
        """Make it vanish."""
        self._repositories.delete(self.path)

    def bring_back(self) -> str:
        """Make it anew after it vanished, with the files it had in one commit; its id."""
        self._repositories.create(self.path)
        self.head = ""
        return self.commit({})


def _move(repo: Repo, name: str, commit: ObjectID) -> None:
    """Point a ref to a commit, as a push does."""
    ref = Ref(name.encode())
    before = repo.get_refs().get(ref, ObjectID(ZERO.encode()))
    assert move_refs(repo, [(before, commit, ref)], atomic=True) == [(ref, b"ok")]


def _tree(repo: Repo, files: Mapping[str, str | bytes], submodules: Mapping[str, str] = {}) -> ObjectID:
    tree = Tree()
    folders: dict[str, dict[str, str | bytes]] = {}
    modules: dict[str, dict[str, str]] = {}
    for path, commit in submodules.items():
        head, _, rest = path.partition("/")
        if rest:
            folders.setdefault(head, {})
            modules.setdefault(head, {})[rest] = commit
        else:
            tree.add(head.encode(), 0o160000, ObjectID(commit.encode()))
    for path, content in files.items():
        head, _, rest = path.partition("/")
        if rest:
            folders.setdefault(head, {})[rest] = content
        else:
            blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
            repo.object_store.add_object(blob)
            tree.add(head.encode(), 0o100644, blob.id)
    for name, below in folders.items():
        tree.add(name.encode(), 0o040000, _tree(repo, below, modules.get(name, {})))
    repo.object_store.add_object(tree)
    return tree.id
