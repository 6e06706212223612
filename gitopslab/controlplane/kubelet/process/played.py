"""An image of the registry whose program is only simulated, told to the simulated runtime.

The lab's base images ``nginx``, ``php``, ``mysql``, ``busybox`` ... hold no program; a label says what they stand for.
What a Dockerfile has put upon one is real: its files are there for the simulated program (a page that was copied into
nginx is served), and so are its command and its environment.
reading files.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from gitopslab.controlplane.kubelet.images import table
from gitopslab.controlplane.kubelet.process.command import SIMULATED
from gitopslab.controlplane.kubelet.runtime import Settings, Task
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.machinery.objects import Object

_MOST_FILES = 500
_LARGEST = 256 * 1024  # bytes of a file
_LISTS = ("containers", "initContainers", "ephemeralContainers")


def as_simulated(task: Task, image: PulledImage) -> Task:
    """The run as the simulated runtime knows it."""
    name = str((image.config.get("Labels") or {}).get(SIMULATED, ""))
    if not name:
        return task
    container: Object = {**task.container, "image": name}
    if name not in table()["servers"]:
        container["command"] = container.get("command") or image.config.get("Entrypoint") or []
        if not task.container.get("command"):
            container["args"] = container.get("args") or image.config.get("Cmd") or []
        if not container["command"]:
            container["command"], container["args"] = container.get("args") or [], []
    brought = dict(entry.split("=", 1) for entry in image.config.get("Env") or () if "=" in entry)

    def settings() -> Settings:
        variables, files = task.settings()
        return {**brought, **variables}, {**_files(image.root), **files}

    spec = {
        field: [container if one is task.container else one for one in task.pod["spec"][field]]
        for field in _LISTS
        if field in task.pod["spec"]
    }
    pod = {**task.pod, "spec": {**task.pod["spec"], **spec}}
    return replace(task, pod=pod, container=container, settings=settings)


@lru_cache(maxsize=64)
def _files(root: Path) -> dict[str, str]:
    """The files of an image, as texts; an image's root never changes."""
    found: dict[str, str] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if len(found) >= _MOST_FILES:
                return found
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
                found[f"/{path.relative_to(root)}"] = path.read_bytes().decode("utf-8", "surrogateescape")
    return found
