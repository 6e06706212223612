"""Every notebook runs from top to bottom, unsolved and solved, on a cluster of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

pytestmark = [pytest.mark.notebook, pytest.mark.process]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A place for the notebook's cluster, which is removed afterwards."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("GITOPSLAB_STATIC", "1")
    yield tmp_path
    subprocess.run([sys.executable, "-m", "gitopslab", "down", "--delete"], check=True, capture_output=True)


def run(path: Path, folder: Path, *, solved: bool) -> dict[str, str]:
    """Execute a notebook and return what each code cell printed, by cell id."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        solution = cell.metadata.get("gitopslab", {}).get("solution")
        if solution and solved:
            cell.source = solution
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: printed(cell) for cell in notebook.cells if cell.cell_type == "code"}


def printed(cell: Any) -> str:
    return "".join(output.get("text", "") for output in cell.outputs if output.output_type == "stream")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_unsolved_it_runs_and_its_check_gives_a_hint(home: Path, path: Path) -> None:
    assert "Hint:" in run(path, home, solved=False)["check-turn"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solved_its_check_passes(home: Path, path: Path) -> None:
    assert run(path, home, solved=True)["check-turn"].startswith("Done:")


def test_running_them_all_from_the_command_line_writes_pages_with_the_board(home: Path) -> None:
    environment = {**os.environ}
    environment.pop("GITOPSLAB_STATIC")
    command = [sys.executable, "-m", "gitopslab", "run", "--html", str(home / "html"), str(NOTEBOOKS[0])]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (home / "html" / f"{NOTEBOOKS[0].stem}.html").read_text()
    assert "lab-control-plane" in page
    assert "Error displaying widget" not in page


def test_every_exercise_in_a_notebook_has_a_solution() -> None:
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text())["cells"]
        turns = [cell for cell in cells if cell["id"] == "your-turn"]
        assert [bool(cell["metadata"].get("gitopslab", {}).get("solution")) for cell in turns] == [True], path.name
