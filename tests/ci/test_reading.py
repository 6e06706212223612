"""YAML as GitLab reads it: its scalars, its merge keys, its traps, and bounds on what may be asked of the machine."""

from typing import Any

import pytest

from gitopslab import ci
from gitopslab.ci.reading import documents


def value(text: str) -> Any:
    """What the key ``a`` of a text holds."""
    return documents(text)[0][0]["a"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", True), ("Off", False), ("y", "y"), ("n", "n"), ("~", None), ("", None), ("null", None),
        ("010", 8), ("0o10", "0o10"), ("0x1f", 31), ("0X1f", "0X1f"), ("1_000", 1000), ("1,000", 1000), ("-7", -7),
        ("12:30", 45000), ("1:02:03", 3723), ("1.10", 1.1), ("1e3", "1e3"), (".5", 0.5), ("1.2.3", "1.2.3"),
        ("v1", "v1"), ("08", "08"), (":word", "word"), ("'yes'", "yes"), ('"010"', "010"),
        ("'2024-01-01'", "2024-01-01"),
    ],
)  # fmt: skip
def test_scalars_are_rubys(written: str, read: Any) -> None:
    assert value(f"a: {written}") == read
    assert type(value(f"a: {written}")) is type(read)


@pytest.mark.parametrize(("written", "kind"), [("2024-01-31", "Date"), ("2024-01-31 10:00:00", "Time")])
def test_a_date_without_quotes_is_refused(written: str, kind: str) -> None:
    (error,) = ci.lint(f"variables:\n  DAY: {written}\na: {{script: [x]}}").of("error")
    assert (error.message, error.place.line) == (f"Tried to load unspecified class: {kind}", 2)
    assert "quotes" in error.hint


def test_a_merge_key_replaces_what_stands_above_it_and_a_note_says_so() -> None:
    text = ".b: &b {script: [base]}\na:\n  script: [own]\n  <<: *b\n"
    assert value(text)["script"] == ["base"]
    note = next(one for one in ci.lint(text).of("note") if "<<" in one.message)
    assert note.place.line == 3


def test_what_stands_below_a_merge_key_wins() -> None:
    assert value(".b: &b {script: [base]}\na:\n  <<: *b\n  script: [own]\n")["script"] == ["own"]


def test_a_key_twice_counts_once_and_a_note_says_so() -> None:
    report = ci.lint("a:\n  script: [x]\n  script: [y]\n")
    assert report.is_valid
    assert [(one.place.line, "there twice" in one.message) for one in report.of("note")] == [(3, True)]


@pytest.mark.parametrize("condition", ["!$CI_COMMIT_TAG", "!other"])
def test_an_exclamation_mark_without_quotes_empties_the_condition(condition: str) -> None:
    text = f"a:\n  script: [x]\n  rules:\n    - if: {condition}\n      when: manual\n"
    assert [job.when for job in ci.make(ci.read(text), ci.Event("tag")).jobs] == ["manual"]
    assert any("taken for a YAML tag" in one.message and one.place.line == 4 for one in ci.lint(text).of("note"))


def test_the_value_that_yaml_changed_is_told() -> None:
    report = ci.lint('variables: {VERSION: 1.10, MODE: 0755, FINE: "1.10"}\na: {script: [x]}')
    assert [one.message for one in report.of("note")] == [
        "the value of VERSION is written 1.10 and read as 1.1",
        "the value of MODE is written 0755 and read as 493",
    ]


def test_a_tab_is_named() -> None:
    (error,) = ci.lint("a:\n\tscript: [x]\n").of("error")
    assert error.place.line == 2
    assert error.hint == "A tab cannot indent YAML: replace it by spaces."


def test_what_follows_the_end_of_the_document_is_not_read_and_a_note_says_so() -> None:
    text = "  a: {script: [x]}\nb: {script: [x]}\n"
    assert list(ci.read(text).jobs) == ["a"]
    (note,) = ci.lint(text).of("note")
    assert (note.place.line, note.message[:33]) == (2, "from here on the file is not read")


def test_a_second_document_without_a_header_is_not_looked_at() -> None:
    assert list(ci.read("a: {script: [x]}\n---\nb: {script: [x]}\n").jobs) == ["a"]


def test_lines_are_counted_through_the_header() -> None:
    text = "spec:\n  inputs:\n    s: {default: test}\n---\na:\n  stage: $[[ inputs.s ]]\n  Script: [x]\n"
    assert ci.lint(text).of("error")[0].place.line == 5


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 3000 + "]" * 3000,
        "a: &a [*a]",
        "x0: &x0 [1, 1]\n" + "".join(f"x{at}: &x{at} [{', '.join([f'*x{at - 1}'] * 9)}]\n" for at in range(1, 9)),
        "a: '" + "x" * 2_100_000 + "'",
    ],
    ids=["deep", "recursive", "billion laughs", "long"],
)
def test_what_would_exhaust_the_machine_is_refused(text: str) -> None:
    (error,) = ci.lint(text).of("error")
    assert error.message.endswith("is too big")


def test_a_number_of_many_digits_is_no_trouble() -> None:
    assert ci.lint("variables: {N: " + "9" * 5000 + "}\na: {script: [x]}").is_valid
