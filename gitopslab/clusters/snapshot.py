"""What a cluster and its forge hold, as files that can be carried to another machine and put back there.

``course.exporting`` and ``course.importing`` call it. An embedded cluster's objects are one database, which is copied
while it is in use; of any other cluster only the forge can be carried. Addresses and the learner's own credentials
stay on their machine; keys that objects inside depend on (a service account's token, the forge's token in Flux's
Secret) go along, so that these objects still work.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gitopslab.background.lock import is_locked
from gitopslab.clusters import ports
from gitopslab.clusters.base import Cluster, Progress
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.state import explained
from gitopslab.errors import SetupError
from gitopslab.machinery.messages import sentence

_DATABASE, _ACCOUNTS = "store.db", "sa.key"
_BESIDE_DATABASE = ("store.db-wal", "store.db-shm")
_BESIDE_DATABASES = (".db-wal", ".db-shm")
PROGRAMS = re.compile(r"(^|/)[^/]*\.git/hooks(/|$)|^forge/ci/bin(/|$)")
"""Names of files that would be run: each machine has its own, and none comes from elsewhere."""

_OF_FORGE = {
    "git": sentence("the Git repositories"),
    "ci": sentence("the pipelines"),
    "registry": sentence("the registry's images"),
}
_PORT = "port"  # stands in the names of images
_FORGE_FILES = ("token", "key", _PORT)


@dataclass(frozen=True, slots=True)
class Part:
    """Files that make sense only together.

    Attributes:
        what: For people, as in ``the Git repositories``.
        files: By the name they are carried under, which begins with ``cluster/`` or ``forge/``; an empty folder counts.
    """

    what: str
    files: dict[str, Path]


def parts(cluster: Cluster, scratch: Path) -> list[Part]:
    """What a cluster and its forge hold, the most needed first.

    Args:
        cluster: It may be up or down.
        scratch: A folder for what has to be copied first.
    """
    found = [_of_cluster(cluster, scratch)] if cluster.kind == "embedded" else []
    forge = Forge.of(cluster).folder
    keys = {f"forge/{name}": forge / name for name in _FORGE_FILES if (forge / name).is_file()}
    found.append(Part(sentence("the forge's keys"), keys))
    for name, what in _OF_FORGE.items():
        files = {f"forge/{path.relative_to(forge).as_posix()}": path for path in _files(forge / name)}
        still = {key: _still(path, scratch / f"{name}-{at}.db") for at, (key, path) in enumerate(files.items())}
        found.append(Part(what, {key: path for key, path in still.items() if not PROGRAMS.search(key)}))
    return [part for part in found if part.files]


def _of_cluster(cluster: Cluster, scratch: Path) -> Part:
    folder = cluster.kubeconfig.parent
    files = {"cluster/store.db": folder / _DATABASE, "cluster/sa.key": folder / _ACCOUNTS}
    there = {name: _still(path, scratch / _DATABASE) for name, path in files.items() if path.is_file()}
    return Part(sentence("the cluster's objects"), there)


def _still(path: Path, copy: Path) -> Path:
    """A file that nobody writes while it is read: of a database a copy, which is a whole state also of one in use."""
    if path.suffix != ".db":
        return path
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _files(folder: Path) -> Iterator[Path]:
    """Files, and folders that are empty: Git takes one without ``refs`` for no repository."""
    for path in sorted(folder.rglob("*")):
        counts = path.is_file() or (path.is_dir() and not any(path.iterdir()))
        if counts and not path.is_symlink() and not path.name.endswith(_BESIDE_DATABASES):
            yield path


def restore(cluster: Cluster, folder: Path, progress: Progress) -> None:
    """Have a cluster and its forge hold what ``parts`` found elsewhere; when it does not start so, all is as before.

    Args:
        cluster: Made when there is none.
        folder: With the files, by the names they were carried under.
        progress: Told each step.

    Raises:
        SetupError: What was carried does not fit here.
    """
    cluster.up(progress)
    forge = Forge.of(cluster)
    if (folder / "forge").is_dir():
        _same_port(folder / "forge" / _PORT, forge.up(progress).port, progress)
    try:
        _put_back(cluster, forge, folder, progress)
    except BaseException:
        cluster.up(progress)
        raise


def _put_back(cluster: Cluster, forge: Forge, folder: Path, progress: Progress) -> None:
    if cluster.kind != "embedded":
        forge.down(progress)
        with _replaced(forge.folder, folder / "forge"):
            forge.resume(progress)
        return
    cluster.down(progress)
    if is_locked(cluster.kubeconfig.parent):
        raise SetupError(
            f"Cluster {cluster.name} was started by another program meanwhile", "Run the same command again"
        )
    with _replaced(cluster.kubeconfig.parent, folder / "cluster"), _replaced(forge.folder, folder / "forge"):
        cluster.up(progress)


def _same_port(carried: Path, here: int, progress: Progress) -> None:
    """Leave the forge's port as it is here when the one that it had is somebody else's."""
    with suppress(OSError, ValueError):
        there = int(carried.read_text(encoding="utf-8"))
        if there != here and not ports.is_free(there):
            carried.unlink()
            progress(f"port {there} is in use here: images called localhost:{there}/… are at localhost:{here}/…")


@contextmanager
def _replaced(target: Path, source: Path) -> Iterator[None]:
    """Put files in the place of others of the same names; when the block fails, the others are back."""
    if not source.is_dir():
        yield
        return
    with explained(target), tempfile.TemporaryDirectory(prefix=".before-", dir=target.parent) as before:
        aside = Path(before)
        names = [entry.name for entry in source.iterdir()]
        for name in (*names, *(_BESIDE_DATABASE if _DATABASE in names else ())):
            with suppress(FileNotFoundError):
                (target / name).rename(aside / name)
        try:
            for name in names:
                shutil.move(source / name, target / name)
            yield
        except BaseException:
            for name in names:
                _removed(target / name)
            for entry in aside.iterdir():
                entry.rename(target / entry.name)
            raise


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
