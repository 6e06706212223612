"""Patterns of ``.sourceignore`` files, as go-git reads them."""

from __future__ import annotations

import pytest

from gitopslab.gitops.git.patterns import Patterns


@pytest.mark.parametrize(
    ("lines", "path", "answer"),
    [
        ("*.md", "a/b.md", True),
        ("*.md", "a/b.txt", None),
        ("/a", "a", True),
        ("/a", "b/a", None),
        ("a/b", "a/b/c", True),
        ("a/b", "x/a/b", None),
        ("docs/", "docs/b.yaml", True),
        ("docs/", "x/docs/b.yaml", True),
        ("docs/", "docs", None),
        ("**/x.yaml", "a/b/x.yaml", True),
        ("**/x.yaml", "x.yaml", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", True),
        ("a/b", "a", None),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c", None),
        ("[ab].txt", "a.txt", True),
        ("[^ab].txt", "a.txt", None),
        ("[^ab].txt", "c.txt", True),
        ("[a.txt", "a.txt", None),
        ("?.txt", "a.txt", True),
        ("?.txt", "ab.txt", None),
        ("\\#a", "#a", True),
        ("# a", "# a", None),
        ("a b ", "a b", True),
        ("", "a", None),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b", "abab", True),
        ("*a*b", "abax", None),
        ("a*b*c", "abbbc", True),
        (f"{'*a' * 30}*b", "a" * 200, None),  # never ends for who tries all ways
        ("*\n!a", "a", False),
        ("!a\n*", "a", True),
        ("/*\n!/keep", "keep/a/b", False),
        ("/*\n!/keep", "other/a", True),
        ("keep/\n!keep/a", "keep/a", False),
    ],
)
def test_the_last_pattern_that_speaks_of_a_path_decides(lines: str, path: str, answer: bool | None) -> None:
    assert Patterns(lines.split("\n")).leaves_out(path) is answer


def test_those_of_a_folder_speak_of_what_is_below_it() -> None:
    patterns = Patterns(["/secret/", "*.txt"], "app/")
    assert patterns.leaves_out("app/secret/a") is True
    assert patterns.leaves_out("app/b/c.txt") is True
    assert patterns.leaves_out("secret/a") is None
    assert patterns.leaves_out("c.txt") is None


def test_a_list_without_a_pattern_says_nothing() -> None:
    assert not Patterns(["", "  ", "# only a comment"])
    assert Patterns(["a"])
