"""Every notebook runs from top to bottom on a cluster of its own, its exercises unsolved and solved."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from gitopslab.cli.run import one
from gitopslab.clusters import known
from gitopslab.course import catalogue
from gitopslab.course.content import copy_to, shipped
from gitopslab.course.voice import Cell
from gitopslab.machinery.language import ENGLISH, VARIABLE, speak, words

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
EACH = [pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(path.stem)) for path in NOTEBOOKS]
BLANK = "# your lines here"

pytestmark = [pytest.mark.notebook, pytest.mark.process]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A place for the notebook's cluster, which is removed afterwards."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("GITOPSLAB_STATIC", "1")
    yield tmp_path
    subprocess.run([sys.executable, "-m", "gitopslab", "down", "--delete"], check=True, capture_output=True)


def run(path: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """Execute a notebook where a learner would, each exercise as it comes and then solved.

    Returns:
        What the cell of each exercise showed last, unsolved and solved, by exercise.
    """
    copy_to(folder, shipped())
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [each for cell in notebook.cells for each in (cell, *solved(cell))]
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=180, kernel_name="python3", resources=resources).execute()
    cells = [cell for cell in notebook.cells if exercise_of(cell)]
    return {exercise_of(left): (shown(left), shown(right)) for left, right in zip(cells[::2], cells[1::2], strict=True)}


def solved(cell: Any) -> list[Any]:
    """The cell of an exercise with the first route in its blank; none for another cell."""
    if not (number := exercise_of(cell)):
        return []
    exercise = catalogue.exercise(number)
    source = cell.source.replace(BLANK, Cell().steps(exercise.routes[0].steps, exercise))
    return [nbformat.v4.new_code_cell(source, metadata=cell.metadata)]


def exercise_of(cell: Any) -> str:
    return str(cell.metadata.get("gitopslab", {}).get("exercise", ""))


def shown(cell: Any) -> str:
    """What a cell's last line gives."""
    return next((output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"), "")


@pytest.mark.parametrize("path", EACH)
def test_it_runs_and_each_exercise_offers_a_hint_and_is_done_when_solved(home: Path, path: Path) -> None:
    answers = run(path, home)
    assert answers
    for number, (before, after) in answers.items():
        assert before.startswith(f"Not yet: {number} "), before
        assert f'Hint: lab.hint("{number}")' in before
        assert after.startswith("Done: "), after


@pytest.mark.parametrize("path", EACH)
def test_in_dutch_it_runs_and_says_nothing_of_ours_in_english(home: Path, path: Path) -> None:
    speak("nl")
    try:
        executed = one(path, {**os.environ, VARIABLE: "nl"}, 180)
    finally:
        speak(ENGLISH)
    said = "\n".join(text for cell in executed.cells if cell.cell_type == "code" for text in texts(cell))
    assert [text for text in known_english() if text in said] == []


def texts(cell: Any) -> Iterator[str]:
    """What a cell shows, as text."""
    for output in cell.outputs:
        yield output.get("text", "")
        for kind in ("text/plain", "text/html"):
            yield html.unescape(re.sub(r"<[^>]*>", "", output.get("data", {}).get(kind, "")))


def known_english() -> list[str]:
    """Of every translated sentence the longest piece without a name in it, when no one else would say the same."""
    found = (
        max(re.split(r"\{\w+\}|[*#]", text), key=len).strip()
        for name in ("lab", "messages", "widgets")
        for text, said in words(name, "nl").items()
        if said != text
    )
    return [piece for piece in found if len(piece.split()) >= 5]


def test_running_in_both_languages_writes_pages_with_the_board_and_leaves_one_cluster(home: Path) -> None:
    environment = {**os.environ}
    environment.pop("GITOPSLAB_STATIC")
    command = [sys.executable, "-m", "gitopslab", "run", "--html", str(home / "html"), str(NOTEBOOKS[0])]
    both = [*command, "--lang", "en", "--lang", "nl"]
    done = subprocess.run(both, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for folder, title in ((home / "html", "What happens when"), (home / "html" / "nl", "Wat gebeurt er als")):
        page = (folder / f"{NOTEBOOKS[0].stem}.html").read_text()
        assert title in page
        assert "lab-control-plane" in page
        assert "Error displaying widget" not in page
    assert [each.name for each in known(lambda _error: None)] == ["lab"]
