"""Keeps artifacts on disk, the newest few of each source, as source-controller's storage does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_KEPT = 2  # of each source, as source-controller retains them


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact that is kept.

    Attributes:
        path: ``gitrepository/NAMESPACE/NAME/REVISION.tar.gz``, from the root of the storage.
        digest: ``sha256:…`` of its bytes.
        size: How many bytes.
    """

    path: str
    digest: str
    size: int


class Storage:
    """Artifacts in a folder.

    Args:
        root: The folder; made when the first artifact is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, path: str, content: bytes) -> Stored:
        """Keep an artifact, and of the same source only the newest ones."""
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.new")
        draft.write_bytes(content)
        draft.replace(target)
        kept = (each for each in target.parent.iterdir() if each != target and not each.name.startswith("."))
        others = sorted(kept, key=lambda each: each.stat().st_mtime)
        for old in others[: max(0, len(others) - _KEPT + 1)]:
            old.unlink(missing_ok=True)
        return Stored(path, f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))

    def read(self, path: str, digest: str) -> bytes | None:
        """An artifact's bytes; None when it is not there, or is not what it was."""
        try:
            content = (self._root / path).read_bytes()
        except OSError:
            return None
        return content if f"sha256:{hashlib.sha256(content).hexdigest()}" == digest else None

    def forget(self, folder: str) -> None:
        """Remove every artifact of a source, ``gitrepository/NAMESPACE/NAME``."""
        place = self._root / folder
        for file in place.iterdir() if place.is_dir() else ():
            file.unlink(missing_ok=True)
