"""Projects of a forge that a test commits to, without a clone of their own."""

from __future__ import annotations

from collections.abc import Mapping

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.repo import Repo
from serving_forge import ServedForge


class Project:
    """A project of a forge that a test commits to, without a clone of its own.

    Attributes:
        path: ``group/project``.
        url: Where controllers find it.
        head: The newest commit of ``main``; empty when there is none.
        token: Good for pushing.
    """

    def __init__(self, forge: ServedForge, path: str) -> None:
        self.path = path
        self.url = forge.url(path, user="")
        self.head = ""
        self.token = forge.token
        self._repositories = forge.forge.repositories
        self._files: dict[str, str | bytes] = {}
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
            commit.tree = _tree(repo, self._files)
            commit.parents = [ObjectID(self.head.encode())] if self.head else []
            commit.author = commit.committer = b"Learner <learner@example.com>"
            commit.author_time = commit.commit_time = 1767225600
            commit.author_timezone = commit.commit_timezone = 0
            commit.message = message.encode()
            repo.object_store.add_object(commit)
            repo.refs[f"refs/heads/{branch}".encode()] = commit.id  # type: ignore[index]
        self.head = commit.id.decode()
        return self.head

    def tag(self, name: str, commit: str = "") -> None:
        """Put a tag on a commit; default the newest."""
        with self._repositories.open(self.path) as repo:
            repo.refs[f"refs/tags/{name}".encode()] = (commit or self.head).encode()  # type: ignore[index]

    def force(self, commit: str, branch: str = "main") -> None:
        """Move a branch, as a forced push does."""
        with self._repositories.open(self.path) as repo:
            repo.refs[f"refs/heads/{branch}".encode()] = commit.encode()  # type: ignore[index]
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

    def delete(self) -> None:
        """Make it vanish."""
        self._repositories.delete(self.path)


def _tree(repo: Repo, files: Mapping[str, str | bytes]) -> ObjectID:
    tree = Tree()
    folders: dict[str, dict[str, str | bytes]] = {}
    for path, content in files.items():
        head, _, rest = path.partition("/")
        if rest:
            folders.setdefault(head, {})[rest] = content
        else:
            blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
            repo.object_store.add_object(blob)
            tree.add(head.encode(), 0o100644, blob.id)
    for name, below in folders.items():
        tree.add(name.encode(), 0o040000, _tree(repo, below))
    repo.object_store.add_object(tree)
    return tree.id
