"""What a container finds around it: its root file system, its volumes as files, its environment.

``runs`` has them prepared before a start, in a thread, since files are copied. Each container writes into a copy of its
image's files. Volumes are folders of the pod (``emptyDir``), of the node (``hostPath``) or of the cluster (claims);
ConfigMaps, Secrets and the downward API are files written for the container. In a room of its own they are mounted;
for the host's Python they are links in the container's root, which the bootstrap follows.

Simplified: ``USER`` is obeyed in a room of its own only; the host's Python runs as whoever runs the lab. A volume that
can be written has no size. Nothing is mounted for the host's Python over what a volume holds: then it does not start.
"""

from __future__ import annotations

import json
import os
import posixpath
import shutil
import site
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitopslab.controlplane.kubelet.config import read_only
from gitopslab.controlplane.kubelet.hostnames import hostname_of, hosts_file
from gitopslab.controlplane.kubelet.mounts import Mounted
from gitopslab.controlplane.kubelet.process.command import DEFAULT_PATH, stand_ins
from gitopslab.controlplane.kubelet.process.rooted import beside, within
from gitopslab.controlplane.kubelet.process.volumes import MountError, folder_of, open_folder, part_of
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.termination import path_of
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.machinery.objects import Object, namespace_of, uid_of

_BOOTSTRAP = Path(__file__).with_name("python")
_MACHINE = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/dev", "/proc", "/sys", "/System", "/Library")
_FOLDERS = ("tmp", "root", "etc")
_ENTERED = 0o755
OURS = "/run/gitopslab"
"""Where a room that shows the machine's programs has what the lab itself needs there."""
_USERS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
}
_HANDED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ")


@dataclass(frozen=True, slots=True)
class Given:
    """What the cluster gives a container, found out before anything is prepared.

    Attributes:
        variables: By name.
        files: What ConfigMaps, Secrets and the downward API bring, as path to contents.
        volumes: Mount path to what is there of the volumes that containers can write.
    """

    variables: Mapping[str, str]
    files: Mapping[str, str]
    volumes: Mapping[str, Mounted]

    @classmethod
    def to(cls, task: Task) -> Given:
        """What a run is given now."""
        variables, files = task.settings()
        return cls(variables, {**files, **task.tokens()}, task.volumes())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A container's surroundings, prepared.

    Attributes:
        root: Its root file system.
        folder: The working directory, as the container knows it.
        variables: Its environment.
        binds: Source, place inside and whether it is read only, of what a room mounts.
        place: The folder of the container's files.
        ours: The folder that all of this lies in.
        mark: What its processes have in their environment.
    """

    root: Path
    folder: str
    variables: Mapping[str, str]
    binds: tuple[tuple[str, str, bool], ...]
    place: Path
    ours: Path
    mark: str

    @property
    def termination_log(self) -> Path:
        """Where what the container's program says at its end is written."""
        return _termination_log(self.place)

    def within(self, inner: str) -> Path:
        """Where a path inside leads on this machine."""
        return within(self.root, inner, self.ours)


class Builder:
    """Prepares surroundings.

    Args:
        folder: Where the cluster keeps the files of pods and volumes.
        loopback: The addresses of pods.
        mark: Of this cluster.
    """

    def __init__(self, folder: Path, loopback: Loopback, mark: str) -> None:
        self._folder = folder
        self._loopback = loopback
        self._mark = mark

    def prepare(self, task: Task, image: PulledImage, given: Given, *, is_python: bool) -> Surroundings:
        """Make a container's root, fill its volumes, and work out its environment."""
        place = self._place(task)
        if place.exists():
            shutil.rmtree(place)
        root = place / "root"
        shutil.copytree(image.root, root, symlinks=True)
        root.chmod(_ENTERED)
        for name in _FOLDERS:
            open_folder(within(root, name, self._folder))
        within(root, "tmp", self._folder).chmod(0o1777)
        binds = [*self._volumes(task, given.volumes), *_brought(task, given.files, place / "files")]
        binds.append((_open(_termination_log(place)), _inner(path_of(task.container)), False))
        folder = _inner(task.container.get("workingDir") or image.config.get("WorkingDir") or "/")
        open_folder(within(root, folder, self._folder))
        self._write_network(task, root)
        for source, inner, _ in binds:
            self._link(root, inner, source) if is_python else put_inside(beside(root, inner, self._folder), source)
        mark = f"{self._mark}/{'/'.join(map(str, task.key))}"
        env = _environment(task, image, given.variables)
        if is_python:
            env |= self._for_python(task, env, place, root, [source for source, _, _ in binds])
        env["GITOPSLAB_CONTAINER"] = mark
        return Surroundings(root, folder, env, tuple((str(a), b, c) for a, b, c in binds), place, self._folder, mark)

    def refresh(self, task: Task, files: Mapping[str, str]) -> None:
        """Bring what ConfigMaps and Secrets have brought up to date; what stands at a ``subPath`` stays."""
        for number, mount in enumerate(task.container.get("volumeMounts") or ()):
            source, below = self._place(task) / "files" / str(number), _below(mount, files)
            if not below or not source.is_dir() or mount.get("subPath") or mount.get("subPathExpr"):
                continue  # also when the ConfigMap was deleted: the files stay
            for path in [path for path in source.rglob("*") if path.is_file()]:
                if str(path.relative_to(source)) not in below:
                    path.unlink()
            for name, text in below.items():
                _write(source / name, text)

    def remove(self, uid: str) -> None:
        """Throw a pod's files away."""
        shutil.rmtree(self._pod(uid), ignore_errors=True)

    def _place(self, task: Task) -> Path:
        return self._pod(uid_of(task.pod)) / "containers" / str(task.container["name"])

    def _pod(self, uid: str) -> Path:
        return self._folder / "pods" / uid

    def _volumes(self, task: Task, volumes: Mapping[str, Mounted]) -> list[tuple[Path, str, bool]]:
        found, closed = [], read_only(task.pod, task.container)
        for inner, one in volumes.items():
            source = part_of(folder_of(self._folder, one.volume), one.within)
            found.append((source, _inner(inner), inner in closed))
        return found

    def _link(self, root: Path, inner: str, source: Path) -> None:
        """Have something appear inside as a link, which replaces what the image has there and other links of ours.

        Raises:
            MountError: A volume holds something else there.
        """
        target = beside(root, inner, self._folder)
        is_ours = target.is_symlink() and Path(os.readlink(target)).is_relative_to(self._folder)
        if os.path.lexists(target) and not (is_ours or target.is_relative_to(root)):
            if os.path.realpath(target) == os.path.realpath(source):
                return
            raise MountError(f'error mounting to rootfs at "{inner}": a volume holds something else there')
        open_folder(target.parent)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        target.symlink_to(source, target_is_directory=source.is_dir())

    def _write_network(self, task: Task, root: Path) -> None:
        hostname = hostname_of(task.pod)
        etc = within(root, "etc", self._folder)
        for name in ("hosts", "hostname"):
            (etc / name).unlink(missing_ok=True)  # an image's link would lead elsewhere
        (etc / "hosts").write_text(hosts_file(task.pod, task.address), encoding="utf-8")
        (etc / "hostname").write_text(f"{hostname}\n", encoding="utf-8")
        for name, text in _USERS.items():
            if not os.path.lexists(etc / name):
                (etc / name).write_text(text, encoding="utf-8")

    def _for_python(
        self, task: Task, env: Mapping[str, str], place: Path, root: Path, sources: list[Path]
    ) -> dict[str, str]:
        stand_ins(place / "bin")
        here = [str(self._folder), str(self._loopback.folder), *map(str, sources)]
        described = {
            "address": task.address,
            "loopback": self._loopback.place(task.address),
            "shares": self._loopback.shares,
            "hosts": str(self._loopback.file),
            "ports": str(self._loopback.announced),
            "namespace": namespace_of(task.pod),
            "hostname": hostname_of(task.pod),
            "root": str(root),
            "own": here,
            "shown": shown_of_machine(),
        }
        (place / "pod.json").write_text(json.dumps(described), encoding="utf-8")
        inside = {"root": "", "hosts": f"{OURS}/network/hosts.json", "ports": f"{OURS}/network/ports"}
        (place / "shown.json").write_text(json.dumps({**described, **inside}), encoding="utf-8")
        own = [str(root / one.lstrip("/")) for one in env.get("PYTHONPATH", "").split(":") if one.startswith("/")]
        user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
        return {
            "PYTHONPATH": ":".join([str(_BOOTSTRAP), *own, *user]),
            "PATH": f"{place / 'bin'}:{env['PATH']}",
            "GITOPSLAB_POD": str(place / "pod.json"),
            "GITOPSLAB_ROOT": str(root),
            **{name: os.environ[name] for name in _HANDED_ON if name in os.environ},
        }


def _termination_log(place: Path) -> Path:
    return place / "termination-log"


def _open(path: Path) -> Path:
    """A fresh file that the program may write, whoever it runs as."""
    path.touch()
    path.chmod(0o666)
    return path


def _environment(task: Task, image: PulledImage, variables: Mapping[str, str]) -> dict[str, str]:
    brought = dict(entry.split("=", 1) for entry in image.config.get("Env") or () if "=" in entry)
    usual = {"PATH": DEFAULT_PATH, "HOME": "/root", "LANG": "C.UTF-8"}
    return {**usual, **brought, "HOSTNAME": hostname_of(task.pod), **variables}


def _brought(task: Task, files: Mapping[str, str], place: Path) -> list[tuple[Path, str, bool]]:
    """Write what ConfigMaps, Secrets and the downward API bring, a folder or a file a mount."""
    binds: list[tuple[Path, str, bool]] = []
    for number, mount in enumerate(task.container.get("volumeMounts") or ()):
        path, source = mount["mountPath"].rstrip("/"), place / str(number)
        if path in files:
            _write(source, files[path])
        elif below := _below(mount, files):
            for name, text in below.items():
                _write(source / name, text)
        else:
            continue
        binds.append((source, _inner(path), True))
    return binds


def _below(mount: Object, files: Mapping[str, str]) -> dict[str, str]:
    """The files of one mount, by their path in it."""
    start = mount["mountPath"].rstrip("/") + "/"
    return {path[len(start) :]: text for path, text in files.items() if path.startswith(start)}


def _inner(path: str) -> str:
    """A place inside, that cannot lead out."""
    return posixpath.normpath(posixpath.join("/", path))


def _write(path: Path, text: str) -> None:
    """Write a file whole, if it is not so already."""
    data = text.encode("utf-8", "surrogateescape")
    if path.is_file() and path.read_bytes() == data:
        return
    open_folder(path.parent)
    draft = path.with_name(f"..{path.name}")
    draft.write_bytes(data)
    draft.chmod(0o444)
    draft.replace(path)


def put_inside(target: Path, source: Path) -> None:
    """Have a place inside that something will be mounted upon."""
    open_folder(target.parent)
    open_folder(target) if source.is_dir() else target.touch()


def shown_of_machine() -> list[str]:
    """What the interpreter needs of the machine."""
    libraries = [path for path in sysconfig.get_paths().values() if path]
    return sorted({*_MACHINE, sys.prefix, sys.base_prefix, sys.exec_prefix, str(_BOOTSTRAP), *libraries})
