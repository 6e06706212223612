"""Where the lab keeps what it knows about its clusters: one folder a cluster, readable by its owner only.

::

    <user data folder, or $GITOPSLAB_HOME>/clusters/<kind>/<name>/
        cluster.json   what the lab knows; written here and nowhere else
        kubeconfig     the way in
        ...            what the kind of cluster itself keeps, such as the embedded store

Every kind of cluster uses this module. It reads and writes ``cluster.json`` and makes and removes folders; it does
not know what a cluster is. A folder it cannot understand is never changed: an older or newer one gives an error that
says so.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gitopslab.background.files import write_private
from gitopslab.background.lock import FolderLock
from gitopslab.clusters.base import Options, Progress, silent
from gitopslab.errors import SetupError
from gitopslab.machinery.home import home

SCHEMA = 1
_RECORD = "cluster.json"
_LOWEST_FREE = 64 * 1024 * 1024  # a store, a log and a WAL fit in this; less is a full disk
_POLL = 0.05
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")


@dataclass(slots=True)
class Record:
    """What ``cluster.json`` holds.

    Attributes:
        phase: ``creating`` until the cluster has answered once; a cluster that stays there is half-made.
        port: Of the API, kept so that a kubeconfig stays valid over restarts.
        seed: Of a run that can be repeated; None for an ordinary one.
        context: The name of the context a ``context`` cluster stands for.
        baseline: Ids of the objects a fresh cluster had; ``reset`` leaves these.
    """

    name: str
    kind: str
    created: float = field(default_factory=time.time)
    phase: str = "creating"
    workers: int | None = None
    config: str | None = None
    bare: bool = False
    port: int | None = None
    seed: int | None = None
    context: str | None = None
    baseline: list[str] = field(default_factory=list)

    @classmethod
    def wanted(cls, name: str, kind: str, options: Options) -> Record:
        """The record of a cluster that is about to be made."""
        config = str(options.config.absolute()) if options.config else None
        return cls(name, kind, workers=options.workers, config=config, bare=options.bare, seed=options.seed)

    @property
    def is_ready(self) -> bool:
        """Whether the cluster has ever answered."""
        return self.phase == "ready"

    def must_match(self, options: Options) -> None:
        """Refuse to pretend that a cluster has another shape than the one it was made with.

        Raises:
            SetupError: The options ask for another shape.
        """
        asked = Record.wanted(self.name, self.kind, options)
        differing = [
            f"--{option} {value}" if value is not True else f"--{option}"
            for option, value, made in (
                ("workers", asked.workers, self.workers),
                ("config", asked.config, self.config),
                ("bare", asked.bare, self.bare),
                ("seed", asked.seed, self.seed),
            )
            if value is not None and value is not False and value != made
        ]
        if differing:
            raise SetupError(
                f"Cluster {self.name} exists and was not made with {' '.join(differing)}",
                f"Take another name with --name, or remove it first: {command('down --delete', self.kind, self.name)}",
            )


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one cluster, there or not.

    Args:
        path: Use ``folder`` to find it.
    """

    path: Path

    @property
    def kubeconfig(self) -> Path:
        """The cluster's own kubeconfig."""
        return self.path / "kubeconfig"

    def read(self) -> Record | None:
        """What is known about the cluster; None when there is none.

        Raises:
            SetupError: There is a folder, and it is not one this version of the lab understands.
        """
        try:
            text = (self.path / _RECORD).read_text(encoding="utf-8")
        except FileNotFoundError:
            self._must_be_empty()
            return None
        except UnicodeDecodeError as error:
            raise _damaged(self.path, "it is not text") from error
        except OSError as error:
            raise SetupError(f"{self.path} cannot be read: {error.strerror}", _other_home()) from error
        return _parsed(self.path, text)

    def write(self, record: Record) -> None:
        """Keep a record, and make the folder when it is missing. A reader sees the old or the new one, never half."""
        with explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
            _check_space(self.path)
            content = {"schema": SCHEMA, **asdict(record)}
            write_private(self.path / _RECORD, json.dumps(content, indent=2) + "\n")

    def remove(self) -> None:
        """Remove the folder with all in it, if the lab wrote it."""
        if self.read() is None:
            return
        with explained(self.path):
            shutil.rmtree(self.path)

    def _must_be_empty(self) -> None:
        if self.path.is_dir() and any(self.path.iterdir()):
            raise SetupError(
                f"{self.path} exists, and it is not a cluster of the lab (it has no {_RECORD})",
                f"Take another name with --name. Or keep it aside: mv '{self.path}' '{self.path}.old'",
            )


def folder(kind: str, name: str) -> Folder:
    """The folder of a cluster by kind and name.

    Raises:
        SetupError: The name cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise SetupError(
            f"{name!r} cannot be the name of a cluster: at most 32 of a-z, 0-9 and -, no - at either end",
            "Choose another with --name, for example --name lab",
        )
    return Folder(home() / "clusters" / kind / name)


def folders() -> Iterator[Folder]:
    """The folders of all clusters, by kind and name; one that was kept aside under another name is none.

    Raises:
        SetupError: The lab's data folder cannot be read.
    """
    root = home() / "clusters"
    with explained(root):
        kinds = sorted(root.iterdir()) if root.is_dir() else []
        paths = [path for kind in kinds if kind.is_dir() for path in sorted(kind.iterdir()) if path.is_dir()]
    yield from (Folder(path) for path in paths if _NAME.fullmatch(path.name))


def remembered_ports() -> set[int]:
    """The ports of all clusters, running or not: one that is stopped comes back at its own."""
    found = set()
    for each in folders():
        with suppress(SetupError):  # whoever asks for that cluster is told
            record = each.read()
            found.add(record.port if record else None)
    return {port for port in found if port is not None}


def command(words: str, kind: str, name: str) -> str:
    """A ``gitopslab`` command for a cluster, ready to be pasted."""
    verb, _, rest = words.partition(" ")
    parts = ["gitopslab", verb, f"--cluster {kind}" if kind != "embedded" else "", f"--name {name}", rest]
    return " ".join(part for part in parts if part)


@contextmanager
def exclusive(kind: str, name: str, progress: Progress = silent) -> Iterator[None]:
    """Only one process at a time starts, stops or resets a cluster; the others wait for their turn."""
    path = home() / "locks" / f"{kind}-{name}"
    with explained(path):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FolderLock(path)
        taken = lock.acquire()
    if not taken:
        progress(f"another gitopslab is busy with cluster {name}, waiting for it")
        while not lock.acquire():
            time.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what a file system refuses into a message a learner can act on."""
    try:
        yield
    except PermissionError as error:
        # removing a folder names its files without it
        raise SetupError(f"No permission for {path / (error.filename or '')}", _other_home()) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full_disk(path) from error
        raise SetupError(f"{path} cannot be written: {error.strerror or error}", _other_home()) from error


def _parsed(path: Path, text: str) -> Record:
    content = _decoded(path, text)
    schema = content.pop("schema", 0)
    if not isinstance(schema, int):
        raise _damaged(path, f"its schema is {schema!r}")
    if schema != SCHEMA:
        age, hint = "an older", _aside(path)
        if schema > SCHEMA:
            age, hint = "a newer", "Upgrade: pip install --upgrade gitopslab. Or take another cluster with --name"
        raise SetupError(
            f"{path} was written by {age} gitopslab (format {schema}; this one knows {SCHEMA}). Nothing was changed",
            hint,
        )
    known = {item.name for item in fields(Record)}
    try:
        return Record(**{key: value for key, value in content.items() if key in known})
    except TypeError as error:
        raise _damaged(path, error) from error


def _decoded(path: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise _damaged(path, "it holds no object")
    return content


def _damaged(path: Path, why: object) -> SetupError:
    return SetupError(f"{path / _RECORD} is damaged: {why}", _aside(path))


def _aside(path: Path) -> str:
    return f"Keep it aside and start afresh: mv '{path}' '{path}.old'"


def _check_space(path: Path) -> None:
    if shutil.disk_usage(path).free < _LOWEST_FREE:
        raise _full_disk(path)


def _full_disk(path: Path) -> SetupError:
    return SetupError(
        f"The disk that holds {path} is full",
        f"Free at least {_LOWEST_FREE // 2**20} MB, or {_other_home()[0].lower()}{_other_home()[1:]}",
    )


def _other_home() -> str:
    return "Put the lab's data elsewhere: set the environment variable GITOPSLAB_HOME to a folder you can write"
