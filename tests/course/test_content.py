"""A learner's folder: filled, brought up to date, and never overwritten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gitopslab.course.content import copy_to, exercises, files_in, notebooks, shipped
from gitopslab.errors import SetupError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    (folder / "nl").mkdir(parents=True)
    (folder / "00-start.ipynb").write_text("zero")
    (folder / "04-anatomy.ipynb").write_text("four")
    (folder / "nl" / "00-start.ipynb").write_text("nul")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "00-start.ipynb").write_text("junk")
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def test_an_empty_folder_gets_everything_that_ships(source: Path, mine: Path) -> None:
    done = copy_to(mine, files_in(source))
    assert done.new == ["00-start.ipynb", "04-anatomy.ipynb", "nl/00-start.ipynb"]
    assert (mine / "nl" / "00-start.ipynb").read_text() == "nul"
    assert not (mine / ".ipynb_checkpoints").exists()


def test_a_second_time_changes_nothing(source: Path, mine: Path) -> None:
    copy_to(mine, files_in(source))
    done = copy_to(mine, files_in(source))
    assert (done.new, done.refreshed, done.kept) == ([], [], [])


def test_an_untouched_notebook_follows_what_ships(source: Path, mine: Path) -> None:
    copy_to(mine, files_in(source))
    (source / "00-start.ipynb").write_text("zero, better")
    assert copy_to(mine, files_in(source)).refreshed == ["00-start.ipynb"]
    assert (mine / "00-start.ipynb").read_text() == "zero, better"


def test_a_changed_notebook_is_the_learners(source: Path, mine: Path) -> None:
    copy_to(mine, files_in(source))
    (mine / "00-start.ipynb").write_text("my answers")
    assert copy_to(mine, files_in(source)).kept == []
    (source / "00-start.ipynb").write_text("zero, better")
    assert copy_to(mine, files_in(source)).kept == ["00-start.ipynb"]
    assert (mine / "00-start.ipynb").read_text() == "my answers"


def test_a_changed_notebook_stays_the_learners_over_many_releases(source: Path, mine: Path) -> None:
    copy_to(mine, files_in(source))
    (mine / "00-start.ipynb").write_text("my answers")
    for release in ("one", "two", "three"):
        (source / "00-start.ipynb").write_text(release)
        copy_to(mine, files_in(source))
    assert (mine / "00-start.ipynb").read_text() == "my answers"


def test_a_deleted_notebook_comes_back(source: Path, mine: Path) -> None:
    copy_to(mine, files_in(source))
    (mine / "00-start.ipynb").unlink()
    assert copy_to(mine, files_in(source)).new == ["00-start.ipynb"]


def test_files_of_the_learner_are_not_touched(source: Path, mine: Path) -> None:
    mine.mkdir()
    (mine / "00-start.ipynb").write_text("was here first")
    (mine / "notes.txt").write_text("mine")
    assert copy_to(mine, files_in(source)).kept == ["00-start.ipynb"]
    assert (mine / "00-start.ipynb").read_text() == "was here first"
    assert (mine / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', "null"])
def test_a_damaged_manifest_counts_everything_as_the_learners(source: Path, mine: Path, text: str) -> None:
    copy_to(mine, files_in(source))
    (mine / ".gitopslab" / "content.json").write_text(text)
    (source / "00-start.ipynb").write_text("zero, better")
    copy_to(mine, files_in(source))
    assert (mine / "00-start.ipynb").read_text() == "zero"
    assert json.loads((mine / ".gitopslab" / "content.json").read_text())["files"]


def test_a_file_is_not_taken_for_a_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(SetupError, match="notes is a file, not a folder"):
        copy_to(tmp_path / "notes", files_in(source))
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written") as raised:
        copy_to(tmp_path / "file" / "mine", files_in(source))
    assert "--dir" in raised.value.hint


def test_a_learner_gets_tasks_and_files_of_exercises_and_nothing_that_gives_them_away() -> None:
    names = shipped()
    assert {"00-start-here.ipynb", "exercises/06-1-unbound-claim/task.md"} <= names.keys()
    assert not [name for name in names if name.endswith("exercise.yaml")]
    assert all(name.startswith("exercises/") == path.is_relative_to(exercises()) for name, path in names.items())


def test_the_repositorys_notebooks_are_found_in_an_editable_install() -> None:
    assert (notebooks() / "00-start-here.ipynb").is_file()


def test_a_full_disk_half_way_leaves_what_was_there(source: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_to(mine, files_in(source))
    (mine / "00-start.ipynb").write_text("my answers")
    (source / "04-anatomy.ipynb").write_text("four, better")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(SetupError, match="No space left on device"):
        copy_to(mine, files_in(source))
    assert (mine / "00-start.ipynb").read_text() == "my answers"
    assert (mine / "04-anatomy.ipynb").read_text() == "four"
