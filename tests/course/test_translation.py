"""The other languages: complete, of one shape with the English, and made from it when they are asked for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitopslab.course import catalogue, content, translation
from gitopslab.course.content import copy_to, language_of
from gitopslab.course.edition import edition, speak_as
from gitopslab.errors import SetupError
from gitopslab.machinery.language import ENGLISH, _, language, languages, speak, words

ROOT = Path(__file__).parents[2]
OTHERS = [each for each in languages() if each != ENGLISH]
NOT_YET: dict[str, set[str]] = {
    "nl": set(),
}
"""Notebooks that wait for their translation; each shows its English texts until then."""

NOTEBOOKS = [
    pytest.param(language, path, id=f"{language}-{path.stem[:2]}")
    for language in OTHERS
    for path in sorted(content.notebooks().glob("*.ipynb"))
    if path.stem[:2] not in NOT_YET[language]
]


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    before = language()
    yield
    speak(before)


def in_language(path: Path, spoken: str) -> dict[str, Any]:
    known = words(path.stem, spoken)
    return translation.notebook(json.loads(path.read_text()), lambda text: known.get(text, text), spoken)


def test_no_text_is_missing_or_stale() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "scripts" / "translations.py", "--check"], capture_output=True, text=True, check=False
    )
    lacking = re.findall(r"translations/(\w+)/(\d\d|\w+)\S*\.po: \d+ of \d+", told.stdout)
    assert [pair for pair in lacking if pair[1] not in NOT_YET[pair[0]]] == [], told.stdout
    there = {path.stem[:2] for path in content.notebooks().glob("*.ipynb")}
    done = [name for name in NOT_YET["nl"] & there if ("nl", name) not in lacking]
    assert done == [], "take these out of NOT_YET: they are translated"


@pytest.mark.parametrize(("spoken", "path"), NOTEBOOKS)
def test_a_notebook_is_of_the_same_shape(spoken: str, path: Path) -> None:
    english, other = json.loads(path.read_text()), in_language(path, spoken)
    for one, two in zip(english["cells"], other["cells"], strict=True):
        before, after = "".join(one["source"]), "".join(two["source"])
        assert (one["id"], one["cell_type"], one["metadata"]) == (two["id"], two["cell_type"], two["metadata"])
        assert marks(before) == marks(after), one["id"]
        if one["cell_type"] == "code":
            assert without_comments(before) == without_comments(after)


def marks(text: str) -> dict[str, Any]:
    """What a translation may not change: headings, lists, tables, code in a line, links, places to fill."""
    plain = re.sub(r"(?s)```.*?```", "", text)
    return {
        "headings": re.findall(r"(?m)^#+(?= )", plain),
        "items": len(re.findall(r"(?m)^(?:-|\d+\.) ", plain)),
        "rows": [line.count("|") for line in plain.splitlines() if line.startswith("|")],
        "code": sorted(re.findall(r"`[^`]+`", plain)),
        "links": re.findall(r"\]\(([^)]+)\)", plain),
        "fences": text.count("```"),
    }


def without_comments(code: str) -> str:
    return re.sub(r"(?m)#.*$", "", code)


@pytest.mark.parametrize(("spoken", "path"), NOTEBOOKS)
def test_exercises_keep_what_is_filled_in_and_what_is_typed(spoken: str, path: Path) -> None:
    for id in [each for each in catalogue.ids() if each.startswith(path.stem[:2])]:
        speak(ENGLISH)
        english = catalogue.exercise(id)
        speak(spoken)
        other = catalogue.exercise(id)
        assert (english.start, english.answer, english.files) == (other.start, other.answer, other.files)
        pairs = [(one.because, two.because) for one, two in zip(english.checks, other.checks, strict=True)]
        pairs += [
            (one.texts[key], two.texts[key])
            for one, two in zip(english.hints, other.hints, strict=True)
            for key in one.texts
        ]
        for before, after in pairs:
            assert sorted(re.findall(r"\{\w+\}", before)) == sorted(re.findall(r"\{\w+\}", after)), before
        for text in other.hints[0].texts.values():
            assert [word for word in other.answer if word.lower() in text.lower()] == [], text


def test_the_template_says_the_same_heading_everywhere() -> None:
    for spoken in OTHERS:
        found: dict[str, set[str]] = {}
        for path in content.notebooks().glob("*.ipynb"):
            for text, said in words(path.stem, spoken).items():
                if text.startswith("## "):
                    found.setdefault(text, set()).add(said)
        assert {text: said for text, said in found.items() if len(said) > 1} == {}


def test_a_folder_is_filled_in_a_language_and_remembers_it(tmp_path: Path) -> None:
    with edition("nl") as source:
        copy_to(tmp_path, source, "nl")
    assert "Vijf in plaats van drie" in (tmp_path / "exercises/00-1-five-pods/task.md").read_text()
    assert "## Nu jij" in (tmp_path / "00-start-here.ipynb").read_text()
    assert language_of(tmp_path) == "nl"
    speak_as(tmp_path)
    assert language() == "nl"
    assert _("Not yet") == "Nog niet"
    assert catalogue.exercise("00-1").title == "Vijf in plaats van drie"
    with edition("nl") as source:
        assert copy_to(tmp_path, source, "nl").new == []


def test_an_unchanged_folder_can_go_over_to_another_language(tmp_path: Path) -> None:
    with edition("en") as source:
        copy_to(tmp_path, source, "en")
    (tmp_path / "04-anatomy-of-a-cluster.ipynb").write_text("my answers")
    with edition("nl") as source:
        done = copy_to(tmp_path, source, "nl")
    assert "00-start-here.ipynb" in done.refreshed
    assert (tmp_path / "04-anatomy-of-a-cluster.ipynb").read_text() == "my answers"


def test_a_language_that_nobody_speaks_is_refused_with_those_there_are() -> None:
    with pytest.raises(SetupError, match="does not speak 'tlh'") as raised:
        speak("tlh")
    assert raised.value.hint == f"Choose one of: {', '.join(languages())}"


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one\n\ntwo", ["one", "two"]),
        ("```\na\n\nb\n```\n\nafter", ["```\na\n\nb\n```", "after"]),
        ("- one\n- two\n\n\n| a |\n|---|\n| b |", ["- one\n- two", "| a |\n|---|\n| b |"]),
    ],
)
def test_a_text_is_cut_at_blank_lines_outside_of_fences(text: str, blocks: list[str]) -> None:
    assert list(translation.blocks(text)) == blocks
    assert translation.markdown(text, str) == re.sub(r"\n{3,}", "\n\n", text)


def test_comments_are_translated_and_code_is_not() -> None:
    source = 'x = "# no comment"  # a comment\n# your lines here\n'
    assert translation.code(source, str.upper) == 'x = "# no comment"  # A COMMENT\n# YOUR LINES HERE\n'
    assert translation.code("not python (", str.upper) == "not python ("
