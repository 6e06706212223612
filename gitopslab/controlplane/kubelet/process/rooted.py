"""Where a path inside of a container leads on this machine: never out of the lab's own folder.

An image may hold any link, ``/var/run`` to ``/run`` as often as ``/etc`` to wherever. Whoever makes, writes or removes
something inside of a container's root file system from outside asks here first.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_MOST_LINKS = 40  # as Linux


def within(root: Path, inner: str, ours: Path) -> Path:
    """The place of a path, its links followed as the container follows them.

    Args:
        root: The container's root file system.
        inner: The path, as the container knows it.
        ours: The folder that ``root`` and all volumes lie in; an absolute link into it is one that the lab made.

    Raises:
        OSError: The links go round in a circle, or lead out of ``ours``.
    """
    parts, found, links = _parts(inner), root, 0
    while parts:
        part = parts.pop(0)
        here = found / part
        if part == "..":
            found = found if found == root else found.parent
        elif not here.is_symlink():
            found = here
        else:
            target = os.readlink(here)
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), inner)
            if Path(target).is_relative_to(ours):
                found = Path(target)
            else:
                parts = [*_parts(target), *parts]
                found = root if target.startswith("/") else found
    if not found.is_relative_to(ours):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), inner)
    return found


def beside(root: Path, inner: str, ours: Path) -> Path:
    """As ``within``, but the last name is taken as it is: to be replaced or removed, link or not."""
    folder, _, name = inner.rstrip("/").rpartition("/")
    return within(root, folder, ours) / name


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
