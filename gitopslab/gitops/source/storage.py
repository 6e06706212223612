"""Keeps artifacts on disk, the newest few of each source, as source-controller's storage does."""

from __future__ import annotations

import hashlib
import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

_MOST_KEPT = 2  # of each source: ``--artifact-retention-records``
_LONGEST_KEPT = 60.0  # seconds, of those that are not the newest: ``--artifact-retention-ttl``


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

    def keep(self, path: str, content: bytes, now: float) -> Stored:
        """Keep an artifact, from now on in seconds since the epoch."""
        target = self._place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.new")
        draft.write_bytes(content)
        os.utime(draft, (now, now))
        draft.replace(target)
        return Stored(path, f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))

    def collect(self, path: str, now: float) -> int:
        """Remove what an artifact has replaced, but for the newest of it for a while; how many that were."""
        newest = self._place(path)
        there = newest.parent.iterdir() if newest.parent.is_dir() else ()
        others = [each for each in there if each != newest and each.is_file() and not each.name.startswith(".")]
        others.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        old = [
            each
            for at, each in enumerate(others, start=1)
            if at >= _MOST_KEPT or now - each.stat().st_mtime > _LONGEST_KEPT
        ]
        for each in old:
            each.unlink(missing_ok=True)
        return len(old)

    def read(self, path: str, digest: str) -> bytes | None:
        """An artifact's bytes; None when it is not there, or is not what it was."""
        try:
            content = self._place(path).read_bytes()
        except OSError:
            return None
        return content if f"sha256:{hashlib.sha256(content).hexdigest()}" == digest else None

    def forget(self, folder: str) -> bool:
        """Remove every artifact of a source, ``gitrepository/NAMESPACE/NAME``; whether there was any."""
        place = self._place(folder)
        files = list(place.iterdir()) if place.is_dir() else []
        for file in files:
            file.unlink(missing_ok=True)
        return bool(files)

    def _place(self, path: str) -> Path:
        """Where a path leads that a status tells, which anybody may have written: never out of the storage."""
        return self._root / posixpath.normpath(f"/{path}").lstrip("/")
