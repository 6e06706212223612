"""Which files of a tree a list of ``.gitignore`` patterns leaves out."""

from __future__ import annotations

from collections.abc import Iterable

from dulwich.ignore import IgnoreFilter


class Patterns:
    """Patterns as in a ``.gitignore``, the later ones stronger.

    Args:
        lines: One a line; blank ones and comments are passed over.
        folder: The folder they were written in, with a ``/`` at its end; empty for the root.
    """

    def __init__(self, lines: Iterable[str], folder: str = "") -> None:
        useful = [line for line in lines if line.strip() and not line.startswith("#")]
        self._filter = IgnoreFilter([line.strip().encode() for line in useful])
        self._folder = folder
        self._says_anything = bool(useful)

    def __bool__(self) -> bool:
        return self._says_anything

    def leaves_out(self, path: str) -> bool | None:
        """Whether a file is left out; None when no pattern speaks of it or of a folder above it."""
        if not path.startswith(self._folder):
            return None
        return self._filter.is_ignored(path.removeprefix(self._folder))
