"""Rooms: namespaces of their own for containers, in the words of the warden.

Three kinds, for ``runs``: one for the programs of an image, with a network of its own; one that shows programs of the
machine the container's files; and one that hides no more than processes, for the host's Python. Whether this machine
gives any is ``namespaces``' to say.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitopslab.controlplane.kubelet.hostnames import hostname_of
from gitopslab.controlplane.kubelet.process.namespaces import processes_are_hidden
from gitopslab.controlplane.kubelet.process.rooted import beside
from gitopslab.controlplane.kubelet.process.surroundings import (
    OURS,
    Surroundings,
    put_inside,
    shown_of_machine,
)
from gitopslab.controlplane.kubelet.process.volumes import open_folder
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.controlplane.runtime.loopback import Loopback

_ETC = ("/etc/ssl", "/etc/ld.so.cache", "/etc/alternatives")


def room_of(task: Task, image: PulledImage, around: Surroundings) -> dict[str, Any]:
    """A room for the image's own programs, in the words of the warden."""
    return {
        "root": str(around.root),
        "address": task.address,
        "hostname": hostname_of(task.pod)[:63],
        **_with_processes(around, _mounts(around)),
        **user_of(task, image),
    }


def hidden_room() -> dict[str, Any]:
    """A room that is the machine but for its processes, for the host's Python."""
    return {"root": "", "address": "", "pids": True, "uid": 0, "gid": 0}


def shown_room(task: Task, around: Surroundings, loopback: Loopback) -> tuple[dict[str, Any], dict[str, str]]:
    """A room in which programs of the machine see the container's files, and the environment there.

    The machine's network stays, since that is where the pod's addresses are.
    """
    loopback.announced.mkdir(parents=True, exist_ok=True)
    ours: list[list[Any]] = [
        [str(around.place / "bin"), f"{OURS}/bin", True],
        [str(around.place / "shown.json"), f"{OURS}/pod.json", True],
        [str(loopback.folder), f"{OURS}/network", True],
        [str(loopback.announced), f"{OURS}/network/ports", False],
    ]
    for source, inner, _ in ours[:3]:
        put_inside(around.within(inner), Path(source))
    binds = [*_machine(around, [*_shown_folders(), *_ETC], is_read_only=True), *ours]
    for source, inner, is_read_only in around.binds:  # the links in the container's root lead there
        binds += _machine(around, [source], is_read_only=is_read_only)
        if inner.startswith("/dev/"):  # where the room has a folder of its own, without links
            binds.append([source, inner, is_read_only])
    room = {"root": str(around.root), "address": "", "hostname": hostname_of(task.pod)[:63]}
    room |= _with_processes(around, binds)
    variables = around.variables
    changed = {
        "GITOPSLAB_POD": f"{OURS}/pod.json",
        "GITOPSLAB_ROOT": "",
        "PYTHONPATH": variables["PYTHONPATH"].replace(str(around.root), ""),
        "PATH": variables["PATH"].replace(str(around.place / "bin"), f"{OURS}/bin"),
    }
    return {**room, "uid": 0, "gid": 0}, {**variables, **changed}


def _with_processes(around: Surroundings, binds: list[list[Any]]) -> dict[str, Any]:
    """What is mounted, with a ``/proc`` of the room's own where the system gives one, else the machine's."""
    machine = _machine(around, ["/proc"], is_read_only=True)
    if processes_are_hidden():
        return {"binds": binds, "pids": True, "proc": bool(machine)}
    return {"binds": [*machine, *binds], "pids": False, "proc": False}


def _mounts(around: Surroundings) -> list[list[Any]]:
    """What is mounted for the container, at the place to which the image's links lead."""
    return [
        [source, "/" + str(around.within(inner).relative_to(around.root)), is_read_only]
        for source, inner, is_read_only in around.binds
    ]


def _machine(around: Surroundings, paths: Sequence[str], *, is_read_only: bool) -> list[list[Any]]:
    """What is mounted of the machine at its own path, with the places for it made; a link is made again."""
    found: list[list[Any]] = []
    for path in paths:
        source, target = Path(path), around.root / path.lstrip("/")
        if not source.exists() or beside(around.root, path, around.ours) != target or target.is_symlink():
            continue
        open_folder(target.parent)
        if source.is_symlink() and not target.exists():
            target.symlink_to(os.readlink(source))
            continue
        open_folder(target) if source.is_dir() else target.touch()
        found.append([path, path, is_read_only])
    return found


def _shown_folders() -> list[str]:
    """The folders of the machine that its programs need, the outermost alone."""
    paths = [path for path in shown_of_machine() if path not in ("/etc", "/dev", "/proc", "/sys")]
    return [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]


def user_of(task: Task, image: PulledImage) -> dict[str, int]:
    """Who a container runs as: ``runAsUser``, else the image's ``USER`` if it is a number."""
    user, _, group = str(image.config.get("User") or "").partition(":")
    context = {**(task.pod["spec"].get("securityContext") or {}), **(task.container.get("securityContext") or {})}
    uid = int(context.get("runAsUser", user if user.isdigit() else 0))
    return {"uid": uid, "gid": int(context.get("runAsGroup", group if group.isdigit() else uid))}
