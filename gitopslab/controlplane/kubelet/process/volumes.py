"""Where the volumes that real programs write lie on this machine, and the parts of them that are mounted.

``surroundings`` mounts them, ``runtime`` throws them away with their claims. Whatever lies in a volume was made by a
program in a container, so no link there is trusted.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_SHARED = 0o777  # whoever a program runs as may write there


class MountError(Exception):
    """Something cannot be mounted for a container."""


def folder_of(lab: Path, volume: str) -> Path:
    """The folder of a volume.

    Args:
        lab: Where the cluster keeps the files of pods and volumes.
        volume: What tells it from all others, as ``Mounted`` has it.
    """
    kind, _, rest = volume.partition(" ")
    if kind == "pod":
        uid, _, name = rest.partition("/")
        return lab / "pods" / uid / "volumes" / name.strip("/").replace("/", "-")
    return lab / "volumes" / hashlib.sha256(volume.encode()).hexdigest()[:32]


def part_of(volume: Path, inner: str) -> Path:
    """A file or folder of a volume, without links on the way; a folder is made where nothing is.

    Raises:
        MountError: A link leads out of the volume.
    """
    volume.parent.mkdir(parents=True, exist_ok=True)
    whole = os.path.realpath(volume)
    real = Path(os.path.realpath(volume / inner.strip("/")))
    if not real.is_relative_to(whole):
        raise MountError(f'failed to prepare subPath: "{inner}" leads out of its volume')
    part = volume / real.relative_to(whole)
    open_folder(part, _SHARED)
    return part


def open_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder that the program can enter, whoever it runs as; the cluster's own files are its owner's alone."""
    for each in (*reversed(path.parents), path):
        if not each.exists():
            each.mkdir(exist_ok=True)  # another container of the pod may just have made it
            each.chmod(mode)
