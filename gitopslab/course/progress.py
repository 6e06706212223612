"""What a learner has done, kept in his working folder.

``desk`` writes it, ``lab.progress()`` and ``gitopslab progress`` show it. One JSON file, ``.gitopslab/progress.json``,
which a notebook and a terminal may both write: each write reads first, changes one exercise and puts the file in place
in one step, under a lock. A file that cannot be read is kept aside, never overwritten; where nothing can be written the
progress lives as long as the process, and says so.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from gitopslab.background.lock import FolderLock
from gitopslab.errors import LabError

FOLDER = ".gitopslab"
_FILE = "progress.json"
_SCHEMA = 1
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """How one exercise stands.

    Attributes:
        begun: When it was last begun, in seconds since the epoch.
        passed: When it was first done; None when never.
        attempts: How often it was checked without being done.
        hints: How many hints were given since it was last begun.
        solution: Whether the solution was shown before it was done.
        failing: The check that failed last; empty when none does.
    """

    begun: float | None = None
    passed: float | None = None
    attempts: int = 0
    hints: int = 0
    solution: bool = False
    failing: str = ""


Entries = dict[str, Entry]


class Progress:
    """The progress in one working folder.

    Args:
        folder: The learner's.
        say: Told when something is wrong with the file.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.path = folder / FOLDER / _FILE
        self._say = say
        self._unkept: Entries = {}

    def entries(self) -> Entries:
        """All exercises that were ever begun, by id."""
        return {**self._read(), **self._unkept}

    def of(self, exercise: str) -> Entry:
        """One exercise's entry."""
        return self.entries().get(exercise, Entry())

    def change(self, exercise: str, change: Callable[[Entry], Entry]) -> Entry:
        """Change one exercise's entry and keep it."""
        try:
            with self._locked():
                entries = self._read()
                entries[exercise] = changed = change(entries.get(exercise, Entry()))
                self._write(entries)
        except OSError as error:
            if not self._unkept:
                self._say(f"{self.path} cannot be written ({error.strerror}); progress is kept only while this runs")
            self._unkept[exercise] = changed = change(self.of(exercise))
        return changed

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(self.path.parent)
        # another that writes is done in a moment; one that hangs must not keep a learner from going on
        lock.acquire(_PATIENCE)
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> Entries:
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError:
            return {}
        try:
            return _entries(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError):
            self._set_aside()
            return {}

    def _set_aside(self) -> None:
        aside = self.path.with_name(f"progress-{time.strftime('%Y%m%d-%H%M%S')}.damaged.json")
        try:
            os.replace(self.path, aside)
        except OSError:
            return
        self._say(f"{self.path} cannot be read; it is kept as {aside.name}, and progress begins anew")

    def _write(self, entries: Entries) -> None:
        beside = self.path.with_suffix(".new")
        content = {"schema": _SCHEMA, "exercises": {name: asdict(entry) for name, entry in sorted(entries.items())}}
        beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(beside, self.path)


def _entries(content: Mapping[str, Any]) -> Entries:
    known = {item.name for item in fields(Entry)}
    return {
        str(name): Entry(**{key: value for key, value in entry.items() if key in known})
        for name, entry in content["exercises"].items()
    }


def read_entries(path: Path) -> Entries:
    """The entries in a progress file that came from elsewhere.

    Raises:
        LabError: It is none.
    """
    try:
        return _entries(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LabError(f"{path.name} is no progress of the lab: {error}", "Export it once more") from error


def joined(mine: Entry, theirs: Entry) -> Entry:
    """One entry of two folders: nothing that was done in either is lost."""
    later = mine if (mine.begun or 0) >= (theirs.begun or 0) else theirs
    passes = [entry.passed for entry in (mine, theirs) if entry.passed is not None]
    return Entry(
        begun=later.begun,
        passed=min(passes, default=None),
        attempts=max(mine.attempts, theirs.attempts),
        hints=max(mine.hints, theirs.hints),
        solution=mine.solution or theirs.solution,
        failing=later.failing,
    )


def begun(entry: Entry) -> Entry:
    """After the exercise was begun, for the first time or again."""
    return replace(entry, begun=time.time(), hints=0, failing="")


def judged(entry: Entry, failing: str) -> Entry:
    """After it was checked; ``failing`` is the check that does not hold, empty when it is done."""
    if failing:
        return replace(entry, attempts=entry.attempts + 1, failing=failing)
    return replace(entry, passed=entry.passed or time.time(), failing="")


def working_folder(start: Path | None = None) -> Path:
    """The learner's folder: the nearest one above (or ``gitopslab-lab`` below) that the lab filled, else this one."""
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents, here / "gitopslab-lab"):
        if (folder / FOLDER).is_dir():
            return folder
    return here
