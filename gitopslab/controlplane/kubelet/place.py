"""What a played program finds when it starts: its environment, its files, and what chance will bring it.

``inside.room`` puts it together, ``programs`` plays programs in it. Whatever comes from outside has its time, so
that a program can be played as often as somebody asks and does the same each time, but for what nobody knew before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from random import Random

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, FileSystem, Layer, Part
from gitopslab.controlplane.kubelet.session import User
from gitopslab.controlplane.kubelet.shell import Shell

_INSTANT = 1e-3  # what others do in this moment is seen in the next one, so that no two can wait on each other's future
_DISK = 4 * 1024 * 1024  # bytes for what one program writes


@dataclass(frozen=True, slots=True)
class Place:
    """A container at its start.

    Attributes:
        hostname: The pod's name.
        variables: Its environment.
        files: Path to contents of what image and kubelet bring, ConfigMaps and Secrets included.
        volumes: Mount path to what lies there of each volume that can be written, by its path inside of the volume.
        read_only: Mount paths that cannot be written.
        root_is_read_only: Whether only volumes can be written.
        cwd: The working directory.
        user: Whom it runs as.
        seed: What ``$RANDOM`` follows from.
        began: When it starts, in epoch seconds.
        started: The same with its fraction.
        names: As a session has them.
        others: Gives what others write into the volumes: seconds after the start, mount path, path, contents.
    """

    hostname: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    read_only: tuple[str, ...] = ()
    root_is_read_only: bool = False
    cwd: str = "/"
    user: User = field(default_factory=User)
    seed: str = ""
    began: float = 0.0
    started: float = 0.0
    names: Callable[[str, float], str] = lambda name, moment: ""
    others: Callable[[], Sequence[tuple[float, str, str, str | None]]] = tuple

    def shell(self) -> Shell:
        """A fresh shell here."""
        shell = Shell(
            dict(self.variables),
            self.hostname,
            began=self.began,
            cwd=self.cwd,
            user=self.user,
            chance=Random(self.seed),
            names=self.names,
        )

        def at() -> float:
            shell.asked = shell.at if self.volumes else shell.asked  # what lies in a volume others may change
            return shell.at

        shell.files = self.files_seen(at)
        shell.asked = None
        return shell

    def files_seen(self, at: Callable[[], float]) -> FileSystem:
        """The files as they are some seconds after the start, to be written by whoever asks.

        Args:
            at: Tells these seconds whenever somebody looks into a volume.
        """
        disk, seen = Disk(_DISK), -_INSTANT
        volumes = {mount: Part(Layer(disk, dict(files))) for mount, files in self.volumes.items()}

        def look() -> Mapping[str, Part]:
            nonlocal seen
            now = at()
            others = self.others() if volumes else ()
            first, last = (bisect_left(others, at, key=itemgetter(0)) for at in (seen, now - _INSTANT))
            for _, mount, path, contents in others[first:last]:
                if mount in volumes:
                    _write(volumes[mount].layer, path, contents)
            seen = max(seen, now - _INSTANT)
            return volumes

        return FileSystem(
            lambda: self.files, Layer(disk), look, self.read_only, root_is_read_only=self.root_is_read_only
        )


def _write(layer: Layer, path: str, contents: str | None) -> None:
    with suppress(OSError):
        if contents is None:
            layer.remove(path, covers=False)
        else:
            layer.write(path, contents)
