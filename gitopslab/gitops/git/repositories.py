"""The bare repositories of a forge, one a project, under the paths that GitLab would allow.

``service`` opens them, the forge lists them. What is in a repository changes only by a push (``receive``).
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dulwich.repo import Repo

from gitopslab.errors import LabError

DEFAULT_BRANCH = "main"
"""Of a project without a commit; the first branch that is pushed takes its place."""

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_RESERVED_ENDS = (".git", ".atom", ".")
_LONGEST = 255
_DEEPEST = 20


class Repositories:
    """Bare repositories in a folder.

    Args:
        root: The folder; made when the first project is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def projects(self) -> list[str]:
        """The projects there are, as ``group/project``, sorted."""
        return sorted(self._found(self._root, ""))

    def exists(self, project: str) -> bool:
        """Whether there is such a project."""
        return is_project_path(project) and (self.path(project) / "HEAD").is_file()

    def path(self, project: str) -> Path:
        """Where a project's repository is or would be.

        Raises:
            LabError: No project can have this path.
        """
        if not is_project_path(project):
            raise LabError(
                f"{project!r} cannot be the path of a project",
                "Take GROUP/PROJECT of letters, digits, _, . and -, for example waal/waal-web",
            )
        return self._root / f"{project}.git"

    def open(self, project: str) -> Repo:
        """A project's repository, to be closed by the caller.

        Raises:
            LabError: There is none.
        """
        if not self.exists(project):
            raise LabError(
                f"There is no project {project}", f"Create it with its first push: git push origin {project}"
            )
        return Repo(str(self.path(project)), bare=True)

    def create(self, project: str) -> None:
        """Make an empty repository, unless there is one; nobody ever sees half of one.

        Raises:
            LabError: No project can have this path.
        """
        path = self.path(project)
        if self.exists(project):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=path.parent))
        Repo.init_bare(str(draft), default_branch=DEFAULT_BRANCH.encode()).close()
        try:
            draft.rename(path)
        except OSError:  # another push was first
            shutil.rmtree(draft)
            if not self.exists(project):
                raise

    def delete(self, project: str) -> None:
        """Remove a project's repository."""
        shutil.rmtree(self.path(project), ignore_errors=True)

    def tidy(self) -> None:
        """Remove what pushes left behind that broke off; nobody may be pushing."""
        for half in (*self._root.glob("**/.new-*"), *self._root.glob("**/*.git/objects/**/tmp_*")):
            shutil.rmtree(half) if half.is_dir() else half.unlink()

    def _found(self, folder: Path, prefix: str) -> Iterator[str]:
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            if entry.name.endswith(".git"):
                yield prefix + entry.name.removesuffix(".git")
            else:
                yield from self._found(entry, f"{prefix}{entry.name}/")


def is_project_path(project: str) -> bool:
    """Whether GitLab would take it: a group, perhaps groups in it, and a project.

    Simplified: GitLab also reserves words such as ``api`` and ``explore`` for groups; only those that the forge serves
    itself are refused here.
    """
    segments = project.split("/")
    return (
        2 <= len(segments) <= _DEEPEST
        and len(project) <= _LONGEST
        and segments[0] not in {"v2", "api", "jwt"}
        and all(_SEGMENT.fullmatch(each) and not each.endswith(_RESERVED_ENDS) for each in segments)
    )
