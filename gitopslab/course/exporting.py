"""A learner's work as one file: ticks, notebooks with their answers, exercises' files, and what the cluster holds.

``gitopslab progress export`` and ``lab.save`` call ``export``; ``importing`` is the way back. What the lab shipped and
nobody changed is not in it, nor what a new clone or build brings back.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gitopslab import __version__
from gitopslab.clusters.base import Cluster
from gitopslab.clusters.snapshot import PROGRAMS, parts
from gitopslab.course.content import is_as_written, language_of
from gitopslab.course.parcel import About, Packing, travels
from gitopslab.course.progress import FOLDER
from gitopslab.errors import LabError

_LARGEST = 20 * 1024 * 1024
_NOT_OURS = {".ipynb_checkpoints", "__pycache__", ".venv", "node_modules"}
_PROGRESS = f"{FOLDER}/progress.json"


def export(folder: Path, cluster: Cluster | None, path: Path, say: Callable[[str], None]) -> About:
    """Write a learner's work into a file that only he can read.

    Args:
        folder: The working folder.
        cluster: Whose state goes along; None for none.
        path: The file; one that is there is replaced.
        say: Told each step.

    Returns:
        What the file says of itself, with what was left out.

    Raises:
        LabError: The file cannot be written.
    """
    of = f"{cluster.kind}/{cluster.name}" if cluster is not None else ""
    about = About(__version__, cluster=of, language=language_of(folder))
    draft = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            packing = Packing(about, archive)
            _pack_folder(packing, folder, {path.absolute(), draft.absolute()})
            if cluster is not None:
                _pack_cluster(packing, cluster, say)
            packing.finish()
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise LabError(f"{path} cannot be written: {error.strerror or error}", "Choose another file") from error
    return about


def _pack_folder(packing: Packing, folder: Path, but: set[Path]) -> None:
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if path.absolute() in but or is_as_written(folder, name):
            continue
        if not travels(f"folder/{name}"):
            packing.about.left_out.append(f"{name} (not every machine can have a file of this name)")
            continue
        size = path.stat().st_size
        if size > _LARGEST:
            packing.about.left_out.append(f"{name} ({size / 2**20:.0f} MB)")
            continue
        packing.about.times[name] = path.stat().st_mtime
        packing.add(name, {f"folder/{name}": path})


def _files(folder: Path) -> Iterator[Path]:
    """A learner's files, and his ticks; what the lab keeps for itself and what others make again is left out."""
    progress = folder / _PROGRESS
    if progress.is_file():
        yield progress
    for place, names, files in os.walk(folder):
        names[:] = sorted(set(names) - _NOT_OURS - {FOLDER})
        in_repository = ".git" in Path(place).relative_to(folder).parts
        for name in sorted(files):
            path = Path(place) / name
            strange = path.is_symlink() or PROGRAMS.search(path.as_posix())
            # a repository's config points to this machine; opening the working copy writes it anew
            if path.is_file() and not strange and not (in_repository and name == "config"):
                yield path


def _pack_cluster(packing: Packing, cluster: Cluster, say: Callable[[str], None]) -> None:
    if cluster.kind != "embedded":
        packing.about.left_out.append(f"the objects of the {cluster.kind} cluster (only the embedded one's travel)")
    with tempfile.TemporaryDirectory(prefix="gitopslab-export-") as scratch:
        for part in parts(cluster, Path(scratch)):
            say(f"packing {part.what}")
            packing.add(part.what, {name: path for name, path in part.files.items() if travels(name)})
