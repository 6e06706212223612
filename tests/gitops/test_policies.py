"""Which tag a policy takes."""

from __future__ import annotations

import pytest

from gitopslab.gitops.flux.policies import InvalidPolicyError, NoTagError, filtered, latest
from gitopslab.machinery.objects import Object

VERSIONS = ["1.0.0", "v1.2.0", "1.10.0", "2.0.0-rc.1", "latest", "1.2"]
BUILDS = ["main-1a-100", "main-2b-99", "dev-3c-200", "main-4d-101"]
BY_BUILD = {"pattern": "^main-[a-f0-9]+-(?P<ts>[0-9]+)", "extract": "$ts"}

ROWS: list[tuple[Object, list[str], str]] = [
    ({"policy": {"semver": {"range": ">=1.0.0"}}}, VERSIONS, "1.10.0"),
    ({"policy": {"semver": {"range": "~1.2"}}}, VERSIONS, "v1.2.0"),
    ({"policy": {"semver": {"range": ">=1.0.0-0"}}}, VERSIONS, "2.0.0-rc.1"),
    ({"policy": {"alphabetical": {"order": "asc"}}}, ["a", "c", "b"], "c"),
    ({"policy": {"alphabetical": {"order": "desc"}}}, ["b", "a", "c"], "a"),
    ({"policy": {"alphabetical": {}}}, ["a", "c", "b"], "c"),
    ({"policy": {"numerical": {"order": "asc"}}}, ["9", "10", "1"], "10"),
    ({"policy": {"numerical": {"order": "desc"}}}, ["9", "10", "1"], "1"),
    ({"policy": {"numerical": {"order": "asc"}}, "filterTags": BY_BUILD}, BUILDS, "main-4d-101"),
    ({"policy": {"alphabetical": {}}, "filterTags": {"pattern": "^dev-"}}, BUILDS, "dev-3c-200"),
    ({"policy": {"numerical": {}}, "filterTags": {"pattern": "-([0-9]+)$", "extract": "$1"}}, BUILDS, "dev-3c-200"),
]


@pytest.mark.parametrize(("spec", "tags", "tag"), ROWS)
def test_a_policy_takes_one(spec: Object, tags: list[str], tag: str) -> None:
    assert latest(spec, tags) == tag


@pytest.mark.parametrize(("extract", "value"), [
    ("$1", "12"), ("${1}x", "12x"), ("$1x", ""), ("v$n", "v12"), ("${n}-$$", "12-$"), ("$nothing", ""),
])  # fmt: skip
def test_what_is_extracted_is_written_as_in_go(extract: str, value: str) -> None:
    assert filtered({"pattern": r"v(?P<n>\d+)", "extract": extract}, ["v12"]) == {value: "v12"}


def test_of_two_tags_that_extract_the_same_the_later_counts() -> None:
    spec = {"policy": {"numerical": {}}, "filterTags": {"pattern": "^[a-z]+-([0-9]+)", "extract": "$1"}}
    assert latest(spec, ["a-7", "b-7"]) == "b-7"


BAD: list[tuple[Object, list[str], type[Exception], str]] = [
    ({"policy": {"semver": {"range": "nope"}}}, VERSIONS, InvalidPolicyError, "invalid policy: "),
    ({"policy": {}}, VERSIONS, InvalidPolicyError, "invalid policy: "),
    (
        {"policy": {"alphabetical": {}}, "filterTags": {"pattern": "("}}, VERSIONS, InvalidPolicyError,
        r"failed to filter tags: invalid regular expression pattern '\('",
    ),
    ({"policy": {"semver": {"range": ">9.0.0"}}}, VERSIONS, NoTagError, "unable to determine latest version"),
    ({"policy": {"numerical": {}}}, ["1", "x"], NoTagError, "invalid numeric value 'x'"),
    ({"policy": {"numerical": {}}}, ["1", "2026_01"], NoTagError, "invalid numeric value '2026_01'"),
    ({"policy": {"alphabetical": {}}, "filterTags": {"pattern": "^z"}}, VERSIONS, NoTagError, "cannot be empty"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "tags", "error", "message"), BAD)
def test_a_policy_that_takes_none_says_why(spec: Object, tags: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        latest(spec, tags)
