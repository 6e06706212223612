"""`gitopslab progress`: one file for a learner's work, and a row for a class."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitopslab.course.progress import Progress, begun, judged
from gitopslab.machinery.language import speak

from .conftest import Said

Call = Callable[..., Said]


@pytest.fixture
def desk(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with something done in it, where the terminal is."""
    folder = tmp_path / "desk"
    folder.mkdir()
    Progress(folder, print).change("00-1-five-pods", lambda entry: judged(begun(entry), ""))
    (folder / "notes.md").write_text("mine")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("command", ["export", "import", "share"])
def test_every_command_has_help_with_an_example(gitopslab: Call, command: str) -> None:
    assert f"gitopslab progress {command}" in gitopslab("progress", command, "--help").out.partition("For example")[2]


def test_without_a_word_it_shows_the_exercises(gitopslab: Call, desk: Path) -> None:
    lines = gitopslab("progress").out.splitlines()
    assert re.match(r"1 of \d+ exercises done", lines[0])
    assert lines[2].split()[0] == "00-1"
    assert "✓ done" in lines[2]


def test_work_goes_out_and_comes_back(gitopslab: Call, desk: Path, tmp_path: Path) -> None:
    said = gitopslab("progress", "export", "work.zip")
    assert (said.code, said.out) == (0, "work.zip\n")
    assert "only files are exported" in said.err, "there is no cluster"
    (desk / "notes.md").unlink()
    (desk / ".gitopslab" / "progress.json").unlink()
    said = gitopslab("progress", "import", "work.zip", "--only-files")
    assert said.out.startswith("1 file(s) and the progress of 1 exercise(s) are in ")
    assert (desk / "notes.md").read_text() == "mine"
    assert "✓ done" in gitopslab("progress").out


def test_on_a_new_machine_work_goes_where_the_lab_will_look(
    gitopslab: Call, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gitopslab("progress", "export", "../work.zip")
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    said = gitopslab("progress", "import", "../work.zip", "--only-files")
    assert said.out.endswith(f"are in {other / 'gitopslab-lab'}\n")
    assert "Next: gitopslab lab" in said.err
    assert gitopslab("notebooks").code == 0, "as `gitopslab lab` fills its folder"
    assert (other / "gitopslab-lab" / "notes.md").read_text() == "mine"
    assert (other / "gitopslab-lab" / "00-start-here.ipynb").exists()
    assert gitopslab("progress").out.startswith("1 of ")


def test_a_file_that_is_none_ends_with_what_to_do(gitopslab: Call, desk: Path) -> None:
    said = gitopslab("progress", "import", "notes.md")
    assert said.code == 1
    assert "is not exported work of the lab" in said.err
    assert "Next: Make one where the work is" in said.err


def test_in_a_folder_of_another_language_each_of_its_commands_speaks_that(
    gitopslab: Call, desk: Path, tmp_path: Path
) -> None:
    gitopslab("notebooks", ".", "--lang", "nl")
    shared = tmp_path / "class"
    shared.mkdir()
    try:
        assert gitopslab("progress", "share", str(shared)).out.startswith("je regel in ")
        said = gitopslab("progress", "export", "../work.zip", "--only-files")
        assert said.code == 0
        assert " staan in " in gitopslab("progress", "import", "../work.zip", "--only-files").out
    finally:
        speak("en")


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_watching_a_class_ends_with_ctrl_c_and_without_a_word(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gitopslab", "class", str(tmp_path), "--watch"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("Nobody shares")
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate(timeout=30)
    assert (watching.returncode, said) == (0, "")


def test_a_learner_shares_and_the_instructor_sees(gitopslab: Call, desk: Path, tmp_path: Path) -> None:
    shared = tmp_path / "class"
    shared.mkdir()
    assert "Nobody shares" in gitopslab("class", str(shared)).out
    assert "to stop" in gitopslab("progress", "share", str(shared)).out
    assert "1 learner(s), 1 exercise(s) done" in gitopslab("class", str(shared)).out
    gitopslab("progress", "share", "--stop")
    assert "Nobody shares" in gitopslab("class", str(shared)).out
    assert gitopslab("progress", "share").code == 1
