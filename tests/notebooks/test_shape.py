"""Every notebook keeps to the template, so that a learner who knows one knows them all."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from gitopslab.course import catalogue
from gitopslab.course.edition import edition
from gitopslab.machinery.language import languages

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
HEADINGS = [
    "Goal", "Picture", "Check", "See it work", "Predict", "Try it", "How it works", "Break it", "Heal it", "Your turn",
    "If something went wrong", "Recap", "Remember", "Clean up", "Next",
]  # fmt: skip
MOST_LINES = 8
MOST_LETTERS = 98  # beside the file browser on a screen of 1366 pixels
LEAST_EXERCISES = {"00": 2}
BLANK = "# your lines here"
KINDS = [
    "Pod", "Deployment", "Service", "Ingress", "PersistentVolume", "PersistentVolumeClaim", "StorageClass", "ConfigMap",
    "Secret", "StatefulSet", "DaemonSet", "Job", "CronJob", "Namespace", "ReplicaSet",
]  # fmt: skip

Notebook = dict[str, Any]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Notebook:
    """Each notebook, as JSON."""
    loaded: Notebook = json.loads(request.param.read_text())
    return loaded


def text(cell: Notebook) -> str:
    return "".join(cell["source"])


def headings(notebook: Notebook) -> list[str]:
    cells = [text(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    return [line[3:].strip() for cell in cells for line in cell.splitlines() if line.startswith("## ")]


def bullets(notebook: Notebook, heading: str) -> list[str]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and text(cell).startswith(f"## {heading}"):
            return re.findall(r"^- .+", text(cell), re.M)
    return []


def test_there_are_notebooks() -> None:
    assert {path.stem[:2] for path in NOTEBOOKS} >= {f"{number:02}" for number in range(14)}


def test_it_is_valid_and_carries_no_output(notebook: Notebook) -> None:
    nbformat.validate(notebook)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_its_metadata_tells_minutes_level_and_what_it_builds_on(notebook: Notebook) -> None:
    about = notebook["metadata"]["gitopslab"]
    assert 15 <= about["minutes"] <= 25
    assert about["level"] in ("beginner", "intermediate", "advanced")
    assert isinstance(about["builds_on"], list)


def test_its_headings_are_those_of_the_template_in_order(notebook: Notebook) -> None:
    assert headings(notebook) == HEADINGS
    titles = [line for cell in notebook["cells"] for line in text(cell).splitlines() if line.startswith("# ")]
    first = [line for line in titles if not line.startswith("# %")]
    assert first[0].endswith("?"), "the title is a question"


def test_the_first_code_cell_is_the_check(notebook: Notebook) -> None:
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert "check_machine" in text(first)


def test_code_cells_are_short_and_a_sentence_comes_before_each_group(notebook: Notebook) -> None:
    cells = notebook["cells"]
    long = [cell["id"] for cell in cells if cell["cell_type"] == "code" and text(cell).count("\n") >= MOST_LINES]
    assert not long
    bare = [b["id"] for a, b in itertools.pairwise(cells) if a["cell_type"] == b["cell_type"] == "code"]
    assert not bare, "these code cells follow another without a word between"


@pytest.mark.parametrize("spoken", languages())
def test_drawings_fit_a_small_laptop(spoken: str) -> None:
    with edition(spoken) as source:
        broad = [
            (name, line)
            for name, path in source.items()
            if name.endswith(".ipynb") and "/" not in name
            for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "markdown"
            for drawing in re.findall(r"^```\n(.*?)^```", text(cell), re.S | re.M)
            for line in drawing.splitlines()
            if len(line) > MOST_LETTERS
        ]
    assert broad == []


def test_cell_ids_are_unique_and_say_something(notebook: Notebook) -> None:
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9-]{2,40}", name)] == []


def test_every_goal_has_its_line_in_the_recap(notebook: Notebook) -> None:
    goals = bullets(notebook, "Goal")
    assert 2 <= len(goals) <= 4
    assert len(bullets(notebook, "Recap")) == len(goals)


def test_it_shouts_nowhere_and_loads_nothing_from_the_network(notebook: Notebook) -> None:
    prose = "\n".join(text(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert re.findall(r"\w!(?:\s|$)", prose) == []
    assert re.findall(r"!\[[^\]]*\]\(http", prose) == []
    assert re.findall(r"!\[\]\(", prose) == [], "a picture needs words for those who cannot see it"


def about(cell: Notebook) -> dict[str, str]:
    found: dict[str, str] = cell["metadata"].get("gitopslab", {})
    return found


def test_size_is_one_sitting(notebook: Notebook) -> None:
    extra = [cell for cell in notebook["cells"] if about(cell).keys() & {"exercise", "row"}]
    assert 20 <= len(notebook["cells"]) - 2 * len(extra) <= 36, (
        "exercises and rows of a table, each with its text, apart"
    )


def test_it_shows_each_of_its_exercises_with_the_task_and_a_blank_to_fill(notebook: Notebook) -> None:
    number = notebook["metadata"]["gitopslab"]["id"]
    exercises = [catalogue.exercise(one) for one in catalogue.ids() if one.startswith(f"{number}-")]
    assert len(exercises) >= LEAST_EXERCISES.get(number, 4)
    pairs = [(a, b) for a, b in itertools.pairwise(notebook["cells"]) if "exercise" in about(b)]
    assert [about(cell)["exercise"] for _, cell in pairs] == [exercise.number for exercise in exercises]
    for (task, cell), exercise in zip(pairs, exercises, strict=True):
        assert text(task) == exercise.task.strip()
        assert text(cell) == f'lab.start("{exercise.number}")\n{BLANK}\n\nlab.check("{exercise.number}")'


def test_it_takes_away_what_its_exercises_made(notebook: Notebook) -> None:
    last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    assert "lab.finish()" in text(last)


def test_the_resource_table_has_a_live_cell_for_each_kind() -> None:
    (path,) = FOLDER.glob("06-*.ipynb")
    rows = [about(cell)["row"] for cell in json.loads(path.read_text())["cells"] if "row" in about(cell)]
    assert sorted(rows) == sorted(KINDS)


def test_what_people_get_wrong_is_seen_in_cells_and_exercises_that_exist() -> None:
    table = (FOLDER.parent / "docs" / "misconceptions.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", table, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 25))
    cells = {f"{path.stem[:2]}#{cell['id']}" for path in NOTEBOOKS for cell in json.loads(path.read_text())["cells"]}
    assert [number for number, where in rows if "`" not in where] == []
    places = {place for _, where in rows for place in re.findall(r"`([^`]+)`", where)}
    assert places - cells - {catalogue.exercise(one).number for one in catalogue.ids()} == set()
