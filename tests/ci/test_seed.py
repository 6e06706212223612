"""The file of the slides that the course began with: each of its mistakes is found at its line, and says what to do."""

from pathlib import Path

import pytest

from gitopslab import ci

TEXT = (Path(__file__).parent / "files" / "seed.gitlab-ci.yml").read_text(encoding="utf-8")
CONTEXT_MENDED = TEXT.replace('_SHORT_SHA"\n    .\n', '_SHORT_SHA" .\n')
CAPITALS_MENDED = (
    CONTEXT_MENDED.replace("Services:", "services:").replace("Rules:", "rules:").replace("Script:", "script:")
)
SERVICES_MENDED = CAPITALS_MENDED.replace("    - command:", "      command:")
MENDED = (
    SERVICES_MENDED.replace(r"\d+$/\'", r"\d+$/'").replace("when: always", "when: on_success").replace(" \\\n", "\n")
)


def line_of(text: str, words: str) -> int:
    """The line on which some words stand."""
    return next(at for at, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_build_context_on_a_line_of_its_own_breaks_the_yaml() -> None:
    first = ci.lint(TEXT).of("error")[0]
    assert first.message == ("(<unknown>): could not find expected ':' while scanning a simple key at line 25 column 5")
    assert first.place.line == TEXT.splitlines().index("    .") + 1
    assert "end the line above" in first.hint


def test_what_comes_after_the_broken_line_is_told_too() -> None:
    said = [note.message for note in ci.lint(TEXT).of("note")]
    assert any("Services" in message for message in said)
    assert any("invalid expression syntax" in message for message in said)


@pytest.mark.parametrize("word", ["Services", "Rules", "Script"])
def test_capitals_are_found_at_their_line(word: str) -> None:
    report = ci.lint(CONTEXT_MENDED)
    assert report.of("error")[0].message == (
        "jobs build_dev config should implement the script:, run:, or trigger: keyword"
    )
    note = next(one for one in report.of("note") if f'"{word}"' in one.message)
    assert note.place.line == line_of(CONTEXT_MENDED, f"{word}:")
    assert word.lower() in note.hint


def test_the_split_service_is_nameless() -> None:
    report = ci.lint(CAPITALS_MENDED)
    nameless = [one for one in report.of("error") if "service name" in one.message]
    assert [one.message for one in nameless] == [
        "jobs:build_dev:services:service name should be a string",
        "jobs:build_dev:services:service name can't be blank",
    ]
    assert {one.place.line for one in nameless} == {line_of(CAPITALS_MENDED, "- command:")}
    assert "another service" in nameless[-1].hint


def test_the_broken_pattern_says_where_it_breaks() -> None:
    report = ci.lint(SERVICES_MENDED)
    (error,) = report.of("error")
    assert error.message == "jobs:build_prod:rules:rule if invalid expression syntax"
    assert error.place.line == line_of(SERVICES_MENDED, r"/\'")
    assert "Nothing may follow the / that closes a pattern" in error.hint


def test_the_backslash_that_yaml_makes_useless_is_found() -> None:
    lines = [one.place.line for one in ci.lint(SERVICES_MENDED).of("note") if "backslash" in one.message]
    assert lines == [at for at, line in enumerate(SERVICES_MENDED.splitlines(), 1) if line.endswith("\\")]


def test_the_mended_file_is_valid_but_for_gitlabs_own_warning() -> None:
    report = ci.lint(MENDED)
    assert report.is_valid
    assert [one.level for one in report.findings] == ["warning"]
    assert report.findings[0].message.startswith("jobs:build_dev may allow multiple pipelines")


@pytest.mark.parametrize(
    ("event", "jobs"),
    [
        (ci.Event("push"), ["build_dev"]),
        (ci.Event("tag", tag="v1.2.3"), ["build_prod"]),
        (ci.Event("tag", tag="v1.2"), []),
    ],
)
def test_the_mended_file_builds_for_each_event_what_the_slides_say(event: ci.Event, jobs: list[str]) -> None:
    assert [job.name for job in ci.make(ci.read(MENDED), event).jobs] == jobs
