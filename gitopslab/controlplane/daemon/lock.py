"""One process a cluster: an exclusive lock on a file in the cluster's folder.

The daemon holds it as long as it lives; the operating system lets go of it whenever the process ends, however it ends.
So whether a cluster runs is asked of the lock, never of a process id that may by now be somebody else's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


class FolderLock:
    """The lock of one cluster's folder.

    Args:
        folder: The cluster's folder; the lock is the file ``lock`` in it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock and keep it until the process ends; False when another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not _lock(descriptor):
            os.close(descriptor)
            return False
        self._file = descriptor
        return True

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def is_locked(folder: Path) -> bool:
    """Whether some process holds the folder's lock, which means its cluster runs."""
    if not (folder / "lock").exists():
        return False
    lock = FolderLock(folder)
    free = lock.acquire()
    lock.release()
    return not free


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
