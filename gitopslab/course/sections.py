"""The sections of a notebook, as its headings make them: what a presenter goes through, and comes back to.

``lab.present`` and ``gitopslab rehearse`` use it. It reads the notebook's file; which cell is running is the kernel's
business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitopslab.errors import LabError

_HEADING = re.compile(r"^#{1,2} (.+)$", re.M)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a notebook under one heading.

    Attributes:
        id: Of the cell with the heading.
        title: Its words.
        cells: The ids of all its cells, in order.
    """

    id: str
    title: str
    cells: tuple[str, ...]


def sections(path: Path) -> list[Section]:
    """The sections of a notebook; one begins with every cell that has a heading of the first two levels.

    Raises:
        LabError: The notebook cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return sections_of([_cell(cell) for cell in content["cells"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} is no notebook that can be read: {error}", "Save it, then run this again") from error


def _cell(cell: Mapping[str, Any]) -> tuple[str, str]:
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    return str(cell["id"]), source if cell["cell_type"] == "markdown" else ""


def sections_of(cells: list[tuple[str, str]]) -> list[Section]:
    """The sections of cells, given by id and Markdown (empty for code)."""
    found: list[tuple[str, str, list[str]]] = []
    for id, markdown in cells:
        # the last heading: a cell may end one section in its first lines and begin the next
        headings = _HEADING.findall(re.sub(r"(?s)```.*?```", "", markdown))
        if headings or not found:
            found.append((id, headings[-1].strip() if headings else "", []))
        found[-1][2].append(id)
    return [Section(id, title, tuple(ids)) for id, title, ids in found]
