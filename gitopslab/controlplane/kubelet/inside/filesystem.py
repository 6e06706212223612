"""The files of a simulated container, in memory.

``room`` builds a ``FileSystem`` when somebody enters a container; the tiny shell reads and writes it as a mapping from
path to contents (a path that ends in a slash is a directory). What the image, volumes and the container's program
bring is looked up each time; what is written lies over it, in a ``Layer``, and all layers share one ``Disk``.

Layers are in memory; those that have to outlive the process are on the ``shelf``, too.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field

_PER_FILE = 256  # bytes that a file takes beside its contents

SKELETON: Mapping[str, str] = dict.fromkeys(
    (
        "/bin/", "/dev/", "/etc/", "/home/", "/lib/", "/media/", "/mnt/", "/opt/", "/proc/", "/root/", "/run/",
        "/sbin/", "/srv/", "/sys/", "/tmp/", "/usr/bin/", "/usr/lib/", "/usr/local/bin/", "/usr/sbin/",
        "/usr/share/", "/var/cache/", "/var/lib/", "/var/log/", "/var/run/", "/var/tmp/",
    ),
    "",
)  # fmt: skip
"""The directories that every Linux image has."""


class Disk:
    """The room that all layers share.

    Args:
        size: Bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> None:
        """Take room, or with a negative size give it back.

        Raises:
            OSError: There is not so much left.
        """
        if size > self._left:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._left -= size


@dataclass(slots=True)
class Layer:
    """What was written and removed in one place: a container's own writable layer, or a volume.

    Attributes:
        disk: Where it takes room.
        written: Path to contents, as bytes: texts of binary files would take twice the room.
        removed: Paths below it that are not to be seen any more.
    """

    disk: Disk
    written: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def write(self, path: str, text: str) -> None:
        """Write a file.

        Raises:
            OSError: There is no room.
        """
        contents = text.encode("utf-8", "surrogateescape")
        before = self.written.get(path)
        kept = 0 if before is None else _size(before)
        self.disk.take(_size(contents) - kept)
        self.written[path] = contents
        self.removed.discard(path)

    def remove(self, path: str, *, covers: bool) -> None:
        """Remove a file; ``covers`` when there is one below, too.

        Raises:
            OSError: There is no room to note that.
        """
        if covers and path not in self.removed:
            self.disk.take(_PER_FILE)
            self.removed.add(path)
        contents = self.written.pop(path, None)
        if contents is not None:
            self.disk.take(-_size(contents))

    def clear(self) -> None:
        """Throw it away."""
        self.disk.take(-sum(map(_size, self.written.values())) - _PER_FILE * len(self.removed))
        self.written.clear()
        self.removed.clear()


def _size(contents: bytes) -> int:
    return _PER_FILE + len(contents)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a volume is mounted somewhere.

    Attributes:
        layer: The volume.
        within: The directory in it, or the file; empty for all of it.
    """

    layer: Layer
    within: str = ""

    def files(self) -> Mapping[str, bytes]:
        """What lies there, by its path below the mount."""
        inside = f"{self.within}/"
        return {
            path[len(self.within) :]: contents
            for path, contents in self.layer.written.items()
            if path.startswith(inside) and path != inside
        }


class FileSystem(MutableMapping[str, str]):
    """A container's files.

    Args:
        below: Gives what is there without anybody's doing, now.
        upper: Takes what is written.
        volumes: Gives mount path to what is mounted there of a volume that can be written.
        read_only: Mount paths that cannot be written.
        root_is_read_only: Whether only volumes can be written (``readOnlyRootFilesystem``).
    """

    def __init__(
        self,
        below: Callable[[], Mapping[str, str]],
        upper: Layer,
        volumes: Callable[[], Mapping[str, Part]],
        read_only: tuple[str, ...] = (),
        *,
        root_is_read_only: bool = False,
    ) -> None:
        self._below = below
        self._upper = upper
        self._volumes = volumes
        self._mounts = sorted(volumes(), key=len, reverse=True)
        self._read_only = read_only
        self._root_is_read_only = root_is_read_only

    def __getitem__(self, path: str) -> str:
        layer, inner = self._place(path)
        if inner in layer.written:
            return layer.written[inner].decode("utf-8", "surrogateescape")
        if layer is not self._upper or path in layer.removed:
            raise KeyError(path)
        return self._below()[path]

    def __contains__(self, path: object) -> bool:
        layer, inner = self._place(str(path))
        is_below = layer is self._upper and path not in layer.removed and path in self._below()
        return inner in layer.written or is_below

    def __setitem__(self, path: str, contents: str) -> None:
        layer, inner = self._writable(path)
        layer.write(inner, contents)

    def __delitem__(self, path: str) -> None:
        layer, inner = self._writable(path)
        if path not in self:
            raise KeyError(path)
        layer.remove(inner, covers=layer is self._upper and path in self._below())

    def __iter__(self) -> Iterator[str]:
        covered = tuple(f"{mount}/" for mount in self._mounts)
        gone = self._upper.removed | self._upper.written.keys()
        yield from (path for path in self._below() if path not in gone and not path.startswith(covered))
        yield from self._upper.written
        for mount, part in self._volumes().items():
            if part.within in part.layer.written:
                yield mount
                continue
            yield f"{mount}/"
            yield from (f"{mount}{inner}" for inner in part.files())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _place(self, path: str) -> tuple[Layer, str]:
        """The layer that a path lies in, and its path there."""
        for mount in self._mounts:
            if path == mount or path.startswith(f"{mount}/"):
                part = self._volumes()[mount]
                return part.layer, part.within + path[len(mount) :]
        return self._upper, path

    def _writable(self, path: str) -> tuple[Layer, str]:
        layer, inner = self._place(path)
        is_mounted = any(path == mount or path.startswith(f"{mount}/") for mount in self._read_only)
        if is_mounted or (self._root_is_read_only and layer is self._upper):
            raise OSError(errno.EROFS, "Read-only file system")
        return layer, inner
