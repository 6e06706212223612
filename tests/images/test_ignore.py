"""``.dockerignore``: which files stay out. Facts: the Dockerfile reference and moby's ``patternmatcher`` tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_samples import write

from gitopslab.errors import ImageError
from gitopslab.images.context import Context
from gitopslab.images.ignore import Ignore


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("a.txt", "a.txt", True), ("a.txt", "b.txt", False), ("a.txt", "d/a.txt", False),
        ("/a.txt", "a.txt", True), ("./a.txt", "a.txt", True), ("a.txt/", "a.txt", True), ("d/../a.txt", "a.txt", True),
        ("d", "d", True), ("d", "d/x/y", True), ("d/", "d/x", True), ("d", "dx", False), ("d/x", "d/x/y", True),
        ("*.log", "x.log", True), ("*.log", "d/x.log", False), ("*/*.log", "d/x.log", True), ("*", "d/x", True),
        ("**/*.log", "x.log", True), ("**/*.log", "a/b/x.log", True), ("**", "a/b", True), ("a/**", "a/b/c", True),
        ("a/**", "a", False), ("a/**/c", "a/c", True), ("a/**/c", "a/b/b/c", True), ("**/d", "a/d/x", True),
        ("?.txt", "a.txt", True), ("?.txt", "ab.txt", False), ("?", "/", False),
        ("[ab].txt", "a.txt", True), ("[ab].txt", "c.txt", False), ("[a-c].txt", "b.txt", True),
        ("[^a].txt", "b.txt", True), ("[^a].txt", "a.txt", False),
        ("a\\*b", "a*b", True), ("a\\*b", "axb", False), ("a.b", "axb", False), ("a+b", "a+b", True),
        ("$x", "$x", True),
        ("# a.txt", "# a.txt", False), ("\\#a", "#a", True), ("  a.txt  ", "a.txt", True), ("", "a.txt", False),
        ("*.md\n!README.md", "README.md", False), ("*.md\n!README.md", "x.md", True),
        ("!README.md\n*.md", "README.md", True), ("*.md\n!R*.md\nREADME-x.md", "README-x.md", True),
        ("d\n!d/keep", "d/keep", False), ("d\n!d/keep", "d/x", True), ("! a", "a", False), (".", "a", False),
        ("\ufeffa.txt", "a.txt", True), ("a.txt\r\nb.txt\r\n", "b.txt", True),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_to_docker(text: str, path: str, out: bool) -> None:
    assert Ignore(text).leaves_out(path) is out


@pytest.mark.parametrize(
    ("text", "words"),
    [("a\n!", 'line 2: illegal exclusion pattern: "!"'), ("a\n\n[ab", "line 3: syntax error in pattern '[ab'")],
)
def test_a_pattern_that_cannot_be_read_names_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"\.dockerignore, line") as caught:
        Ignore(text)
    assert words in str(caught.value)


@given(st.text(alphabet="ab/*?[]!^-\\. #\n", max_size=30), st.text(alphabet="ab/.", min_size=1, max_size=12))
def test_any_text_is_read_or_refused(text: str, path: str) -> None:
    try:
        ignore = Ignore(text)
    except ValueError:
        return
    assert ignore.leaves_out(path) in (True, False)


def test_the_ignore_file_of_a_dockerfile_wins(tmp_path: Path) -> None:
    write(tmp_path, {".dockerignore": "a", "Dev.dockerignore": "b", "a": "", "b": ""})
    assert "a" in Context(tmp_path, "Dev").entries
    assert "a" not in Context(tmp_path).entries


def test_a_folder_that_is_out_is_not_even_looked_into() -> None:
    assert Ignore("big").leaves_out_all_in("big")
    assert not Ignore("big\n!big/keep").leaves_out_all_in("big")
    assert not Ignore("small").leaves_out_all_in("big")


def test_a_bad_ignore_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    write(tmp_path, {".dockerignore": "!"})
    with pytest.raises(ImageError, match="line 1: illegal exclusion pattern"):
        Context(tmp_path)
    with pytest.raises(ImageError, match="is not a folder"):
        Context(tmp_path / "nope")
