"""A class that shares its progress: only who wants to, without names, trusting nothing that stands in the folder."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gitopslab.course import catalogue
from gitopslab.course.group import Membership, overview
from gitopslab.course.progress import FOLDER, Entry, Progress, begun, judged
from gitopslab.errors import LabError
from gitopslab.machinery.language import speak


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def learner(tmp_path: Path, shared: Path, number: int, name: str = "") -> Membership:
    member = Membership.join(tmp_path / f"learner-{number}", shared, name)
    known = catalogue.ids()
    entries = {key: judged(begun(Entry()), "") for key in known[: number % 5]}
    entries[known[number % 5]] = judged(begun(Entry()), "ready" if number % 3 else "wish")
    member.tell(entries)
    return member


def test_a_row_without_a_name_is_called_in_the_language_of_whoever_looks(tmp_path: Path, shared: Path) -> None:
    member = learner(tmp_path, shared, 1)
    assert member.name == f"learner {member.id[:4]}"
    speak("nl")
    try:
        assert f"deelnemer {member.id[:4]} " in overview(shared).text
    finally:
        speak("en")


def test_thirty_learners_are_a_table_of_who_is_where_and_what_fails_most(tmp_path: Path, shared: Path) -> None:
    for number in range(30):
        learner(tmp_path, shared, number)
    began = time.monotonic()
    text = overview(shared).text
    assert time.monotonic() - began < 2
    assert text.startswith("30 learner(s), 60 exercise(s) done\n")
    rows = text.splitlines()[2:32]
    assert sum(" 4 of " in row for row in rows) == 6
    assert all(row.startswith("learner ") for row in rows)
    fails = text.splitlines()[34:]
    assert [int(line.split()[-1]) for line in fails] == [4] * 5


def test_no_name_leaves_the_machine_unless_it_is_given(tmp_path: Path, shared: Path) -> None:
    learner(tmp_path, shared, 1)
    (row,) = shared.iterdir()
    told = json.loads(row.read_text())
    assert set(told) == {"name", "at", "exercises"}
    assert told["name"].startswith("learner ")
    learner(tmp_path, shared, 2, "Ada")
    assert "Ada" in overview(shared).text


def test_nothing_is_shared_before_joining_nor_after_leaving(tmp_path: Path, shared: Path) -> None:
    Membership.of(tmp_path).tell({"a": Entry()})
    assert list(shared.iterdir()) == []
    learner(tmp_path, shared, 1).leave()
    assert list(shared.iterdir()) == []
    assert not (tmp_path / "learner-1" / FOLDER / "share.json").exists()


def test_joining_again_keeps_the_row(tmp_path: Path, shared: Path) -> None:
    assert learner(tmp_path, shared, 1).id == learner(tmp_path, shared, 1).id
    assert len(list(shared.iterdir())) == 1


@pytest.mark.parametrize(
    "row", ["{", "[]", "null", '{"name": 3}', '{"name": "x", "at": "soon", "exercises": {}}', "x" * 100_000]
)
def test_a_row_that_is_none_is_not_shown(tmp_path: Path, shared: Path, row: str) -> None:
    (shared / "learner-strange.json").write_text(row)
    learner(tmp_path, shared, 1)
    assert overview(shared).text.startswith("1 learner(s)")


def test_a_name_cannot_play_with_the_instructors_terminal(tmp_path: Path, shared: Path) -> None:
    learner(tmp_path, shared, 1, "\x1b[2J<b>Ada</b>\n")
    report = overview(shared)
    assert "\x1b" not in report.text
    assert "<b>" not in report.html


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    for each in (lambda: overview(tmp_path / "no"), lambda: Membership.join(tmp_path, tmp_path / "no")):
        with pytest.raises(LabError, match="There is no folder"):
            each()
    assert Progress(tmp_path, print).entries() == {}
