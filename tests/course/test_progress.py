"""The file that remembers: changed by several at once, damaged, or not to be written at all."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gitopslab.course.progress import Entry, Progress, begun, judged, working_folder


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def progress(tmp_path: Path, said: list[str]) -> Progress:
    return Progress(tmp_path, said.append)


def test_it_is_kept_between_two_who_read_it(progress: Progress, tmp_path: Path) -> None:
    progress.change("one", begun)
    progress.change("one", lambda entry: judged(entry, "wish"))
    other = Progress(tmp_path, print).of("one")
    assert (other.attempts, other.failing, other.passed) == (1, "wish", None)


def test_what_was_done_stays_done(progress: Progress) -> None:
    first = progress.change("one", lambda entry: judged(entry, "")).passed
    progress.change("one", lambda entry: judged(entry, "wish"))
    again = progress.change("one", begun)
    assert first is not None
    assert (again.passed, again.attempts) == (first, 1)


def test_two_at_once_lose_nothing(progress: Progress, tmp_path: Path) -> None:
    def add() -> None:
        mine = Progress(tmp_path, print)
        for _ in range(25):
            mine.change("one", lambda entry: replace(entry, attempts=entry.attempts + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.of("one").attempts == 100


@pytest.mark.parametrize("text", ["{", "[]", '{"exercises": 3}', '{"exercises": {"a": 1}}', "null"])
def test_a_damaged_file_is_kept_aside(progress: Progress, said: list[str], text: str) -> None:
    progress.path.parent.mkdir()
    progress.path.write_text(text)
    assert progress.of("one") == Entry()
    (aside,) = progress.path.parent.glob("*.damaged.json")
    assert aside.read_text() == text
    assert aside.name in said[0]
    progress.change("one", begun)
    assert json.loads(progress.path.read_text())["exercises"]["one"]["begun"]


def test_a_newer_versions_fields_do_no_harm(progress: Progress) -> None:
    progress.path.parent.mkdir()
    progress.path.write_text('{"schema": 2, "exercises": {"one": {"attempts": 3, "stars": 5}}}')
    assert progress.of("one").attempts == 3


def test_where_nothing_can_be_written_it_lives_as_long_as_the_process(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / ".gitopslab").write_text("in the way")
    progress = Progress(tmp_path, said.append)
    progress.change("one", begun)
    progress.change("one", lambda entry: judged(entry, "wish"))
    assert progress.of("one").attempts == 1
    assert len(said) == 1
    assert "cannot be written" in said[0]


def test_the_working_folder_is_the_one_the_lab_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = tmp_path / "gitopslab-lab"
    (lab / ".gitopslab").mkdir(parents=True)
    (lab / "nl").mkdir()
    assert working_folder(lab / "nl") == lab
    assert working_folder(tmp_path) == lab
    monkeypatch.chdir(lab / "nl")
    assert os.path.samefile(working_folder(), lab)
    assert working_folder(Path("/")) == Path("/")
