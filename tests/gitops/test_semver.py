"""Versions and ranges as Flux takes them."""

from __future__ import annotations

import pytest

from gitopslab.gitops.source.semver import Range, Version, VersionError, parse

ROWS = [
    ("1.2.3", "1.2.3", True), ("1.2.3", "1.2.4", False), ("=1.2.3", "v1.2.3", True), ("!=1.2.3", "1.2.3", False),
    (">=1.0.0", "1.0.0", True), (">1.0.0", "1.0.0", False), ("<2.0.0", "1.9.9", True), ("<=1.2", "1.2.9", True),
    (">1.2", "1.2.9", False), (">=1.0.0 <2.0.0", "2.0.0", False), (">=1.0.0, <2.0.0", "1.5.0", True),
    ("~1.2.3", "1.2.9", True), ("~1.2.3", "1.3.0", False), ("~1", "1.9.0", True), ("~1.2", "1.3.0", False),
    ("^1.2.3", "1.9.0", True), ("^1.2.3", "2.0.0", False), ("^0.2.3", "0.3.0", False), ("^0.2.3", "0.2.9", True),
    ("^0.0.3", "0.0.4", False), ("1.x", "1.7.2", True), ("1.x", "2.0.0", False), ("1.2.x", "1.2.7", True),
    ("*", "9.9.9", True), ("1.2 - 1.4.5", "1.4.5", True), ("1.2 - 1.4.5", "1.4.6", False),
    ("^1.0 || ^3.0", "3.1.0", True), ("^1.0 || ^3.0", "2.1.0", False), (">=1.0.0", "1.1.0-rc.1", False),
    (">=1.0.0-0", "1.1.0-rc.1", True), (">=1.0.0-0 <2.0.0", "1.1.0-rc.1", True), ("1.0.0-a - 2.0.0", "1.5.0-b", True),
    ("~0.0.0", "5.0.0", True), ("^*", "1.0.0", False), ("!=*", "1.0.0", True), ("<=*", "0.0.9", True),
    ("!=4.1-alpha", "4.1.0-alpha", False), ("!=4.1-alpha", "4.1.0-beta", True), ("!=4.1-alpha", "4.1.0", True),
    ("*", "1.1.0-rc.1", False), ("^1.0.0-0", "2.0.0-rc.1", False),
]  # fmt: skip


@pytest.mark.parametrize(("words", "version", "fits"), ROWS)
def test_a_range_takes_what_masterminds_takes(words: str, version: str, fits: bool) -> None:
    read = parse(version)
    assert read is not None
    assert (read in Range.read(words)) is fits


@pytest.mark.parametrize("text", ["1.2", "latest", "main-abc", "1", "1.2.3.4", "a1.2.3"])
def test_a_tag_with_less_than_two_dots_or_more_is_no_version(text: str) -> None:
    assert parse(text) is None


def test_zeros_in_front_and_a_v_are_fine() -> None:
    assert parse("v01.002.3") == Version((1, 2, 3))


def test_versions_are_ordered_as_semver_says() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.10"]
    read = [parse(text) for text in texts]
    assert sorted(reversed([version for version in read if version])) == read


@pytest.mark.parametrize("words", ["", "hello", ">=", "1.0.0 &&"])
def test_what_is_no_range_is_refused(words: str) -> None:
    with pytest.raises(VersionError, match="improper constraint"):
        Range.read(words)
