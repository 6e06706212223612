"""The sections of a notebook, as a presenter goes through them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.course.content import notebooks
from gitopslab.course.sections import Section, sections, sections_of
from gitopslab.errors import LabError


def test_a_section_begins_with_a_heading_and_ends_with_the_next() -> None:
    cells = [
        ("a", "# Title"),
        ("b", ""),
        ("c", "the end of it\n\n## Break it\n\ntext"),
        ("d", ""),
        ("e", "### 00-1 Task"),
    ]
    assert sections_of(cells) == [Section("a", "Title", ("a", "b")), Section("c", "Break it", ("c", "d", "e"))]


def test_a_comment_in_a_picture_is_no_heading() -> None:
    assert [each.title for each in sections_of([("a", "# Title\n```\n# comment\n```\n")])] == ["Title"]


def test_every_notebook_has_them() -> None:
    for path in notebooks().glob("*.ipynb"):
        titles = [section.title for section in sections(path)]
        assert titles[1:3] == ["Goal", "Picture"], path.name
        assert titles[-1] == "Next"


def test_a_file_that_is_no_notebook_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("{}")
    with pytest.raises(LabError, match="no notebook"):
        sections(tmp_path / "x.ipynb")
