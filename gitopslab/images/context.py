"""The build context: the folder whose files a Dockerfile may copy, less what ``.dockerignore`` leaves out.

Called by the builder. Paths in it are as the Dockerfile writes them, from the folder's root and with slashes; none
leads out of the folder. Where files go in the image is left to ``copying``.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.ignore import Ignore

MOST_FILES = 100_000
_LARGEST_IGNORE = 2**20
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or symbolic link of the context.

    Attributes:
        path: From the root; empty for the root itself.
        mode: Permission bits, normalised.
        size: In bytes, of a file.
        target: Where a symbolic link points.
    """

    path: str
    source: Path
    kind: str
    mode: int
    size: int = 0
    target: str = ""


class Context:
    """A folder with what a build may use of it.

    Args:
        root: The folder.
        dockerfile: The Dockerfile's name, which may bring an ignore file of its own (``NAME.dockerignore``).

    Raises:
        ImageError: There is no such folder, or its ignore file cannot be read.
    """

    def __init__(self, root: Path, dockerfile: str = "Dockerfile") -> None:
        if not root.is_dir():
            raise ImageError(f"The build context {root} is not a folder", "Name the folder that has the Dockerfile.")
        self.root = root.resolve()
        self.ignore = _ignore_of(self.root, dockerfile)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Everything in it by its path, sorted, so that the same files always come in the same order.

        Raises:
            ImageError: There is too much in it.
        """
        found: dict[str, Entry] = {}
        for entry in self._walk(self.root, ""):
            found[entry.path] = entry
            if len(found) > MOST_FILES:
                hint = "Name a smaller folder, or leave folders out with a .dockerignore file."
                raise ImageError(f"{self.root} has more than {MOST_FILES} files", hint)
        return found

    def matching(self, pattern: str) -> list[Entry]:
        """The entries a source of ``COPY`` names: one, or those its wildcards match. Empty when there are none.

        As for Docker, a path above the root is the root.
        """
        path = posixpath.normpath("/" + pattern).lstrip("/")
        if not path:
            return [Entry("", self.root, "folder", 0o755)]
        if path in self.entries:
            return [self._followed(self.entries[path])]
        return [self._followed(self.entries[each]) for each in self.entries if matches(each, path)]

    def below(self, folder: str) -> list[Entry]:
        """Everything in a folder, at any depth."""
        return [entry for path, entry in self.entries.items() if not folder or path.startswith(f"{folder}/")]

    def left_out(self, path: str) -> str:
        """Why a path that is on disk is not in the context; empty when it is simply not there."""
        cleaned = posixpath.normpath("/" + path).lstrip("/")
        pattern = self.ignore.decided_by(cleaned) if cleaned else None
        if pattern is None or not (self.root / cleaned).exists():
            return ""
        return f"{self.ignore.file}, line {pattern.line} leaves it out: {pattern.text}"

    def _walk(self, folder: Path, path: str) -> Iterator[Entry]:
        with os.scandir(folder) as scanned:
            items = sorted(scanned, key=lambda item: item.name)
        for item in items:
            below = f"{path}/{item.name}" if path else item.name
            is_out = self.ignore.leaves_out(below)
            entry = None if is_out else _entry(item, below)
            if entry is not None:
                yield entry
            if item.is_dir(follow_symlinks=False) and not (is_out and self.ignore.leaves_out_all_in(below)):
                yield from self._walk(Path(item.path), below)

    def _followed(self, entry: Entry) -> Entry:
        """A link that a Dockerfile names itself is what it points to, as long as that is in the context."""
        if entry.kind != "link":
            return entry
        try:
            target = entry.source.resolve(strict=True).relative_to(self.root).as_posix()
        except (OSError, ValueError, RuntimeError):
            hint = "Copy the file itself into the folder: what is outside the build context cannot be copied."
            raise ImageError(f"{entry.path} points outside the build context, to {entry.target}", hint) from None
        return self.entries.get(target, entry)


def digest_of_file(path: Path) -> str:
    """What is in a file, as a digest for the layer cache."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(item: os.DirEntry[str], path: str) -> Entry | None:
    """What is there; None for sockets, pipes and devices, which no image can have.

    Simplified: permissions become 755 for folders and what its owner may execute, else 644, as Git keeps them, so that
    every machine builds the same layer; Docker takes the bits as they are on disk.
    """
    status = item.stat(follow_symlinks=False)
    source = Path(item.path)
    if stat.S_ISLNK(status.st_mode):
        return Entry(path, source, "link", 0o777, target=os.readlink(item.path))
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, source, "folder", 0o755)
    if stat.S_ISREG(status.st_mode):
        return Entry(path, source, "file", 0o755 if status.st_mode & stat.S_IXUSR else 0o644, status.st_size)
    return None


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern with wildcards finds a path, as Go's ``filepath.Match`` has it: none crosses a slash."""
    if not _WILDCARD.search(pattern) or path.count("/") != pattern.count("/"):
        return False
    pairs = zip(path.split("/"), pattern.split("/"), strict=True)
    return all(fnmatch.fnmatchcase(name, part) for name, part in pairs)


def _ignore_of(root: Path, dockerfile: str) -> Ignore:
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        path = root / name
        if path.is_file():
            if path.stat().st_size > _LARGEST_IGNORE:
                raise ImageError(f"{path} has more than {_LARGEST_IGNORE} bytes", "Leave whole folders out instead.")
            try:
                return Ignore(path.read_text(encoding="utf-8"), name)
            except ValueError as error:
                raise ImageError(str(error), "Mend that line, or delete it.") from error
    return Ignore()
