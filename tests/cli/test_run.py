"""`gitopslab run`: notebooks without a browser."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gitopslab.cli.pages import as_page
from gitopslab.cli.run import NotebookError, execute

pytestmark = pytest.mark.process


def written(folder: Path, *cells: Any) -> Path:
    path = folder / "mine.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def run(path: Path, **environment: str) -> tuple[Any, list[str]]:
    said: list[str] = []
    return execute(path, path.parent, {**os.environ, **environment}, 30, said.append), said


def test_cells_run_in_order_with_progress_and_the_environment(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        new_markdown_cell("# Title"),
        new_code_cell("import os; x = os.environ['GITOPSLAB_STATIC']"),
        new_code_cell("print('static', x, os.getcwd())"),
    )
    before = path.read_bytes()
    notebook, said = run(path, GITOPSLAB_STATIC="1")
    assert notebook.cells[2].outputs[0].text == f"static 1 {tmp_path}\n"
    assert said == ["mine.ipynb: cell 2 of 3", "mine.ipynb: cell 3 of 3"]
    assert path.read_bytes() == before


def test_a_failing_cell_is_shown_with_its_message(tmp_path: Path) -> None:
    path = written(tmp_path, new_code_cell("x = 1"), new_code_cell("y = 2\n1 / 0", id="divide"), new_code_cell("x"))
    with pytest.raises(NotebookError) as raised:
        run(path)
    assert "mine.ipynb, cell 2 of 3 (id divide) failed:\n    y = 2\n    1 / 0\n" in raised.value.message
    assert raised.value.message.endswith("ZeroDivisionError: division by zero")


def test_a_cell_that_takes_too_long_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "traitlets")  # nbclient logs it as well
    path = written(tmp_path, new_code_cell("print('◎ waiting for the shop', flush=True)\nimport time; time.sleep(60)"))
    with pytest.raises(NotebookError, match="cell 1 of 1") as raised:
        execute(path, tmp_path, dict(os.environ), 2, lambda _line: None)
    assert raised.value.message.endswith("it took longer than 2 s; the last it said: ◎ waiting for the shop")
    assert raised.value.hint == f"gitopslab run {path} --timeout 4"


def test_the_html_holds_the_outputs_and_needs_no_network() -> None:
    output = new_output("display_data", {"image/svg+xml": "<svg></svg>", "text/plain": "a board"})
    page = as_page(new_notebook(cells=[new_code_cell("lab.board()", outputs=[output])]), "00-start")
    assert "<title>00-start</title>" in page
    assert "data:image/svg+xml" in page or "<svg></svg>" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
