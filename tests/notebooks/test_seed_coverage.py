"""Every slide of the talk is found in a notebook, as something done or seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLIDES = range(1, 24)
FIELDS = [
    "apiVersion", "kind", "metadata", "metadata.namespace", "metadata.name", "spec", "spec.replicas", "spec.strategy",
    "spec.selector", "selector.matchLabels", "spec.template", "template.spec", "template.spec.containers",
    "containers.name", "containers.image", "containers.volumeMounts",
]  # fmt: skip


def rows() -> list[tuple[int, str]]:
    """Slide and cells of each row."""
    lines = (ROOT / "docs" / "seed-coverage.md").read_text().splitlines()
    found = [[part.strip() for part in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]
    return [(int(number), cells) for number, _, _, cells in found]


def cells_of(notebook: str) -> set[str]:
    (path,) = (ROOT / "notebooks").glob(f"{notebook}-*.ipynb")
    return {cell["id"] for cell in json.loads(path.read_text())["cells"]}


def test_no_slide_is_left_out() -> None:
    assert {number for number, _ in rows()} == set(SLIDES)


def test_every_cell_is_there() -> None:
    named = [pair for _, cells in rows() for pair in re.findall(r"`(\d\d)#([a-z0-9-]+)`", cells)]
    assert len(named) > 80
    known = {notebook: cells_of(notebook) for notebook in {notebook for notebook, _ in named}}
    assert [f"{notebook}#{cell}" for notebook, cell in named if cell not in known[notebook]] == []


def test_each_row_names_cells_or_waits_for_a_notebook_that_is_not_there_yet() -> None:
    for number, cells in rows():
        waits = re.fullmatch(r"open: (\d\d)", cells)
        if waits:
            assert not list((ROOT / "notebooks").glob(f"{waits[1]}-*.ipynb")), (
                f"slide {number}: name the cells of {waits[1]}"
            )
        else:
            assert re.fullmatch(r"(`\d\d#[a-z0-9-]+` ?)+", cells), f"slide {number}: {cells}"


def test_the_field_table_has_every_field_of_the_slide() -> None:
    (path,) = (ROOT / "notebooks").glob("07-*.ipynb")
    table = next("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["id"] == "fields")
    missing = [field for field in FIELDS if f"`{field}`" not in table and field.rpartition(".")[2] not in table]
    assert missing == []
