"""A class: learners who choose to let an instructor see where they are, through a folder that both can reach.

``gitopslab progress share`` joins; from then on ``desk`` tells each change, as one small file a learner, and
``overview`` reads them. Nothing goes over a network by itself, and no name is in it unless a learner gives one.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gitopslab.background.files import write_private
from gitopslab.course import catalogue
from gitopslab.course.progress import FOLDER, Entries, Entry
from gitopslab.course.report import Report
from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import sentence, told
from gitopslab.views.grid import Grid

_FILE = "share.json"
_ROW = "learner-*.json"
_LARGEST = 64 * 1024
_MOST = 500
_LONGEST_NAME = 40
_COMMON = 5


@dataclass(frozen=True, slots=True)
class Membership:
    """A learner's place in a class.

    Attributes:
        folder: Shared with the instructor; empty when nothing is shared.
        id: Of the row; drawn by chance.
        name: As the row is called.
        kept: Where the working folder remembers it.
    """

    folder: str
    id: str
    name: str
    kept: Path

    @classmethod
    def of(cls, working_folder: Path) -> Membership:
        """What the working folder remembers; usually that nothing is shared."""
        path = working_folder / FOLDER / _FILE
        with suppress(OSError, ValueError, TypeError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(str(kept["folder"]), str(kept["id"]), str(kept["name"]), path)
        return cls("", "", "", path)

    @classmethod
    def join(cls, working_folder: Path, folder: Path, name: str = "") -> Membership:
        """Share from now on.

        Raises:
            LabError: The folder is not there or cannot be written.
        """
        if not folder.is_dir():
            raise LabError(f"There is no folder {folder}", "Ask your instructor for it; it must be one of this machine")
        known = cls.of(working_folder)
        if known.folder and Path(known.folder) != folder.absolute():
            known.leave()
        number = known.id or secrets.token_hex(4)
        nameless = sentence(f"learner {number[:4]}")  # whoever shows it knows in which language
        made = cls(str(folder.absolute()), number, name[:_LONGEST_NAME] or nameless, known.kept)
        made.kept.parent.mkdir(parents=True, exist_ok=True)
        content = {"folder": made.folder, "id": made.id, "name": made.name}
        write_private(made.kept, json.dumps(content, indent=2) + "\n")
        return made

    def leave(self) -> None:
        """Share no longer; the row goes."""
        with suppress(OSError):
            self._row.unlink(missing_ok=True)
        self.kept.unlink(missing_ok=True)

    def tell(self, entries: Entries) -> None:
        """Write the row.

        Raises:
            OSError: The folder cannot be reached; a learner goes on all the same.
        """
        if self.folder:
            row = {"name": self.name, "at": time.time(), "exercises": {key: asdict(e) for key, e in entries.items()}}
            draft = self._row.with_suffix(".new")
            draft.write_text(json.dumps(row), encoding="utf-8")
            draft.replace(self._row)

    @property
    def _row(self) -> Path:
        return Path(self.folder) / f"learner-{self.id}.json"


def overview(folder: Path) -> Report:
    """Who is where, and which checks fail most.

    Raises:
        LabError: The folder cannot be read.
    """
    if not folder.is_dir():
        raise LabError(f"There is no folder {folder}", "Make one that everybody in the room can write to")
    rows = [row for path in sorted(folder.glob(_ROW))[:_MOST] if (row := _read(path)) is not None]
    if not rows:
        return Report(told(f"Nobody shares to {folder} yet. Learners type: gitopslab progress share {folder}"))
    total = len(catalogue.ids())
    columns = (_("Who"), _("Done"), _("Now at"), _("Tries"), _("Fails"), _("Seen"))
    learners = Grid(columns, tuple(_line(row, total) for row in rows))
    failing = Counter(fails for *_rest, entries in rows for fails in _failing(entries))
    stuck = Grid(
        (_("Check that fails"), _("Learners")), tuple((key, str(n)) for key, n in failing.most_common(_COMMON))
    )
    done = sum(_done(entries) for *_rest, entries in rows)
    head = _("{learners} learner(s), {exercises} exercise(s) done").format(learners=len(rows), exercises=done)
    below = f"\n\n{stuck.text()}" if failing else ""
    return Report(
        f"{head}\n{learners.text()}{below}",
        f"<p><strong>{head}</strong></p>{learners.html()}{stuck.html() if failing else ''}",
    )


def _read(path: Path) -> tuple[str, float, Entries] | None:
    """A row, unless it is none: everybody in the room can write there."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        if path.stat().st_size <= _LARGEST and not path.is_symlink():
            row: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            known = set(catalogue.ids())
            entries = {key: _entry(each) for key, each in row["exercises"].items() if key in known}
            return _plain(row["name"]), float(row["at"]), entries
    return None


def _entry(row: Mapping[str, Any]) -> Entry:
    begun, passed = (None if row[key] is None else float(row[key]) for key in ("begun", "passed"))
    return Entry(begun, passed, int(row["attempts"]), int(row["hints"]), bool(row["solution"]), _plain(row["failing"]))


def _plain(text: object) -> str:
    return "".join(each for each in str(text)[:_LONGEST_NAME] if each.isprintable())


def _line(row: tuple[str, float, Entries], total: int) -> tuple[str, ...]:
    name, at, entries = row
    here = max(entries, key=lambda key: entries[key].begun or 0, default="")
    entry = entries.get(here, Entry())
    how = _("✓ done") if entry.passed else _("… begun")
    place = f"{'-'.join(here.split('-')[:2])} {how}" if here else _("not begun")
    done = _("{some} of {all}").format(some=_done(entries), all=total)
    ago = _("{minutes} min ago").format(minutes=max(0, int(time.time() - at)) // 60)
    return told(name), done, place, str(entry.attempts or ""), entry.failing, ago


def _done(entries: Entries) -> int:
    return sum(entry.passed is not None for entry in entries.values())


def _failing(entries: Entries) -> list[str]:
    return [f"{'-'.join(key.split('-')[:2])} {entry.failing}" for key, entry in entries.items() if entry.failing]
