"""What a played program finds when it starts: its environment, its files, and what chance will bring it.

``inside.room`` puts it together, ``programs`` plays programs in it. It stays as it is, so that a program can be
played as often as somebody asks, and does the same each time. Leaves to others: what visitors and other containers
write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, FileSystem, Layer
from gitopslab.controlplane.kubelet.shell import Shell

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
        seed: What ``$RANDOM`` follows from.
        began: When it starts, in epoch seconds.
        names: As a session has them; the one thing that may change.
    """

    hostname: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    read_only: tuple[str, ...] = ()
    root_is_read_only: bool = False
    cwd: str = "/"
    seed: str = ""
    began: float = 0.0
    names: Callable[[str, float], str] = lambda name, moment: ""

    def shell(self) -> Shell:
        """A fresh shell here."""
        return Shell(
            dict(self.variables),
            self.hostname,
            files=self.file_system(),
            began=self.began,
            cwd=self.cwd,
            chance=Random(self.seed),
            names=self.names,
        )

    def file_system(self) -> FileSystem:
        """Its files, to be written by whoever asks."""
        disk = Disk(_DISK)
        volumes = {mount: Layer(disk, dict(files)) for mount, files in self.volumes.items()}
        return FileSystem(
            lambda: self.files,
            Layer(disk),
            lambda: volumes,
            self.read_only,
            root_is_read_only=self.root_is_read_only,
        )
