"""One process a cluster: an exclusive lock on a file in the cluster's folder.

The daemon holds it as long as it lives; the operating system lets go of it whenever the process ends, however it ends.
So whether a cluster runs is asked of the lock, never of a process id that may by now be somebody else's.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_POLL = 0.01


class FolderLock:
    """The lock of one cluster's folder.

    Args:
        folder: The cluster's folder.

    Attributes:
        path: The file that is locked.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file: int | None = None

    def acquire(self, patience: float = 0.0) -> bool:
        """Take the lock and keep it until the process ends; False when another process has it.

        Args:
            patience: Seconds to try again: who only asks whether it is taken (``is_locked``) has it for a moment.
        """
        descriptor = _opened(self.path)
        deadline = time.monotonic() + patience
        while not _lock(descriptor):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return False
            time.sleep(_POLL)
        self._file = descriptor
        return True

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def is_locked(folder: Path) -> bool:
    """Whether some process holds the folder's lock, which means its cluster runs."""
    path = FolderLock(folder).path
    if not path.exists():
        return False
    descriptor = _opened(path)
    try:
        # shared, so that two who ask at once do not take each other for the owner
        return not _lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool = False) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool = False) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
