"""A learner's work brought back from one file, beside whatever was done meanwhile.

``gitopslab progress import`` and ``lab.load`` call ``import_``. Nothing of a learner's is lost: of two versions of a
file the newer one has its name and the older one stands beside it; ticks are joined; what the cluster held before is
exported first, into a file that can be imported again. A folder without work of its own is in the file's language then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gitopslab.clusters import State
from gitopslab.clusters.base import Cluster
from gitopslab.clusters.snapshot import restore
from gitopslab.course.content import copy_to, is_as_written, language_of
from gitopslab.course.edition import edition, speak_as
from gitopslab.course.exporting import export
from gitopslab.course.parcel import About, opened, unpack
from gitopslab.course.progress import FOLDER, Entries, Progress, joined, read_entries
from gitopslab.errors import LabError
from gitopslab.machinery.language import ENGLISH, languages

_PROGRESS = f"{FOLDER}/progress.json"


@dataclass(slots=True)
class Imported:
    """What an import did, by file name.

    Attributes:
        about: What the file says of itself.
        written: Files that are now as they were exported.
        older: Files of which the older version stands beside the newer one, under this name.
        exercises: How many exercises' ticks came along.
        before: The file that holds what the cluster held before; None when it held nothing.
    """

    about: About
    written: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    exercises: int = 0
    before: Path | None = None


def import_(path: Path, folder: Path, cluster: Cluster | None, say: Callable[[str], None]) -> Imported:
    """Bring a learner's work back.

    Args:
        path: The file that ``export`` wrote.
        folder: The working folder; made when it is missing.
        cluster: That shall hold what the exported one held; None to leave clusters alone.
        say: Told each step.

    Raises:
        LabError: The file is none of the lab's, or something of it does not fit here.
    """
    about, archive = opened(path)
    with archive, tempfile.TemporaryDirectory(prefix="gitopslab-import-") as scratch:
        unpack(archive, Path(scratch))
        done = Imported(about)
        try:
            _go_over_to(about.language, folder, say)
            _files(Path(scratch) / "folder", folder, done, say)
        except OSError as error:
            raise LabError(
                f"The folder {folder} cannot be written: {error.strerror or error}", "See its permissions, and room"
            ) from error
        has_state = any((Path(scratch) / each).is_dir() for each in ("cluster", "forge"))
        if cluster is not None and has_state:
            done.before = _kept(cluster, folder, say)
            restore(cluster, Path(scratch), say)
    return done


def _go_over_to(language: str, folder: Path, say: Callable[[str], None]) -> None:
    """Have a folder in which nothing was done yet in the language that the work is in."""
    here = language_of(folder) or ENGLISH
    if language == here or language not in languages() or Progress(folder, say).entries():
        return
    say(f"notebooks in the language of the file: {language}")
    with edition(language) as source:
        copy_to(folder, source, language)
    speak_as(folder)


def _files(source: Path, folder: Path, done: Imported, say: Callable[[str], None]) -> None:
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in sorted(each for each in source.rglob("*") if each.is_file()):
        name = path.relative_to(source).as_posix()
        if name == _PROGRESS:
            done.exercises = _join(Progress(folder, say), read_entries(path))
        else:
            _one(name, path, folder, done)


def _join(progress: Progress, theirs: Entries) -> int:
    for exercise, entry in theirs.items():
        progress.change(exercise, lambda mine, entry=entry: joined(mine, entry))  # type: ignore[misc]
    return len(theirs)


def _one(name: str, source: Path, folder: Path, done: Imported) -> None:
    target, time_there = folder / name, done.about.times.get(name, done.about.made)
    if not target.exists() or is_as_written(folder, name):
        _put(source, target, time_there)
        done.written.append(name)
    elif target.read_bytes() != source.read_bytes():
        beside = _free(target)
        if target.stat().st_mtime >= time_there:
            _put(source, beside, time_there)
        else:
            target.rename(beside)
            _put(source, target, time_there)
            done.written.append(name)
        done.older.append(beside.relative_to(folder).as_posix())


def _put(source: Path, target: Path, changed: float) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    os.utime(target, (changed, changed))


def _free(path: Path) -> Path:
    """A name beside a file that no other file has: ``00-start-here-older.ipynb``."""
    number = 1
    while True:
        beside = path.with_name(f"{path.stem}-older{number if number > 1 else ''}{path.suffix}")
        if not beside.exists():
            return beside
        number += 1


def _kept(cluster: Cluster, folder: Path, say: Callable[[str], None]) -> Path | None:
    """What the cluster holds now, in a file."""
    if cluster.status().state is State.ABSENT:
        return None
    path = folder / FOLDER / f"before-import-{time.strftime('%Y%m%d-%H%M%S')}.zip"
    say(f"keeping what the cluster holds now in {path}")
    with tempfile.TemporaryDirectory(prefix="gitopslab-kept-") as nothing:
        export(Path(nothing), cluster, path, say)
    return path
