"""Whether a cluster runs is asked of its lock; asking must not look like running."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gitopslab.background.lock import FolderLock, is_locked


def test_a_lock_that_is_held_is_told_and_cannot_be_taken_twice(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    assert not is_locked(tmp_path), "nobody has ever locked it"
    assert lock.acquire()
    assert is_locked(tmp_path)
    assert not FolderLock(tmp_path).acquire()
    lock.release()
    assert not is_locked(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shared locks")
def test_two_who_ask_at_once_do_not_take_each_other_for_the_owner(tmp_path: Path) -> None:
    import fcntl

    FolderLock(tmp_path).path.touch()
    asking = os.open(FolderLock(tmp_path).path, os.O_RDWR)
    fcntl.flock(asking, fcntl.LOCK_SH)
    assert not is_locked(tmp_path)
    os.close(asking)


def test_the_lock_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    assert lock.path.stat().st_mode & 0o077 == 0
    lock.release()
