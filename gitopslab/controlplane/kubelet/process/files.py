"""The files of a real container, for the tiny shell.

A container on the lab's Python has no shell of its own: the machine's would see the machine's files. Where it cannot be
shown others, ``kubectl exec`` of anything but Python plays the tiny shell on what really lies in the container's root
file system, its volumes included. Implements the mapping that ``session`` wants: path to contents, and a directory's
path ends in a slash.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from gitopslab.controlplane.kubelet.process.rooted import beside, within

_MOST = 20_000  # files that are listed


class Folder(MutableMapping[str, str]):
    """Files below a root.

    Args:
        root: The container's root file system.
        ours: The folder that the root and the volumes lie in; no link leads out of it.
        read_only: Mount paths that cannot be written.
    """

    def __init__(self, root: Path, ours: Path, read_only: tuple[str, ...] = ()) -> None:
        self._root = root
        self._ours = ours
        self._read_only = read_only

    def __getitem__(self, path: str) -> str:
        real = self._real(path)
        if path.endswith("/"):
            if real.is_dir():
                return ""
        elif real.is_file():
            return real.read_bytes().decode("utf-8", "surrogateescape")
        raise KeyError(path)

    def __contains__(self, path: object) -> bool:
        try:
            real = self._real(str(path))
        except OSError:
            return False
        return real.is_dir() if str(path).endswith("/") else real.is_file()

    def __setitem__(self, path: str, contents: str) -> None:
        real = self._writable(path)
        if path.endswith("/"):
            real.mkdir(parents=True, exist_ok=True)
        else:
            real.parent.mkdir(parents=True, exist_ok=True)
            real.write_bytes(contents.encode("utf-8", "surrogateescape"))

    def __delitem__(self, path: str) -> None:
        if path not in self:
            raise KeyError(path)
        self._writable(path)
        named = beside(self._root, path, self._ours)
        shutil.rmtree(named) if path.endswith("/") and not named.is_symlink() else named.unlink()

    def __iter__(self) -> Iterator[str]:
        left = _MOST
        ours = os.path.realpath(self._ours)
        for folder, folders, names in os.walk(self._root, followlinks=True):
            folders[:] = [name for name in folders if Path(os.path.realpath(Path(folder, name))).is_relative_to(ours)]
            inner = "/" + os.path.relpath(folder, self._root) + "/" if folder != str(self._root) else "/"
            yield from (f"{inner}{name}/" for name in folders)
            yield from (f"{inner}{name}" for name in names)
            left -= len(folders) + len(names)
            if left < 0:
                return

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _real(self, path: str) -> Path:
        return within(self._root, path, self._ours)

    def _writable(self, path: str) -> Path:
        if any(path == mount or path.startswith(f"{mount}/") for mount in self._read_only):
            raise OSError(errno.EROFS, "Read-only file system")
        return self._real(path)
