"""The files of a project, as ``include:local`` and ``rules:exists`` see them.

The command line gives a folder, the forge the tree of a commit; tests give texts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from gitopslab.errors import LabError

_MOST = 50_000
_LARGEST = 2_097_152


class Files(Protocol):
    """A project's files by their path from its root."""

    def paths(self) -> tuple[str, ...]:
        """Every path, sorted."""
        ...

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is no such file."""
        ...


def text_of(file: Path) -> str:
    """The text of a ``.gitlab-ci.yml`` that a learner names.

    Raises:
        LabError: It is no file, or its bytes are no UTF-8.
    """
    if not file.is_file():
        said = f"{file} is a folder" if file.is_dir() else f"There is no file {file}"
        raise LabError(said, "Give the path of a .gitlab-ci.yml; in a cell its text will do too.")
    content = file.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise LabError(
            f"{file} is not UTF-8: line {line} has the byte {byte:#04x}",
            "Save it with the encoding UTF-8, and look at that line again.",
        ) from error


class Texts:
    """Files that are texts in memory.

    Args:
        texts: By path.
    """

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = dict(texts or {})

    def paths(self) -> tuple[str, ...]:
        """Every path, sorted."""
        return tuple(sorted(self._texts))

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is no such file."""
        return self._texts.get(path)


class Folder:
    """Files in a folder; nothing outside it is read, links that lead out of it neither.

    Args:
        root: The project's root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def paths(self) -> tuple[str, ...]:
        """Every path, sorted; at most 50,000, without ``.git``."""
        found = [path for path, _ in zip(self._walk(), range(_MOST), strict=False)]
        return tuple(sorted(found))

    def _walk(self) -> Iterator[str]:
        for folder, below, names in os.walk(self._root):
            below[:] = [name for name in below if name != ".git"]
            for name in names:
                yield Path(folder, name).relative_to(self._root).as_posix()

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is no such file in the folder, or it is larger than 2 MiB."""
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root) or not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        return file.read_text(encoding="utf-8", errors="replace")
