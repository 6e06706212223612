"""What GitLab takes without a word: conditions, commands and needs that do not do what they seem to."""

import pytest

from gitopslab import ci


def notes(text: str) -> list[tuple[int, str]]:
    """The notes about a file that GitLab would take."""
    report = ci.lint(text)
    assert report.is_valid, report
    return [(one.place.line, one.message) for one in report.of("note")]


def rule(condition: str) -> str:
    """A file with one condition, on its line 4."""
    return f"a:\n  script: [x]\n  rules:\n    - if: '{condition}'\n"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('$CI_COMMIT_TAG != ""', "when $CI_COMMIT_TAG is not defined at all"),
        ('$CI_COMMIT_TAG == ""', "when $CI_COMMIT_TAG is not defined at all"),
        ('$CI_COMMIT_TAG =~ "^v1"', "a text in quotes is no pattern"),
        ('$CI_COMMIT_BRANCH == "main" && $CI_COMMIT_TAG', "never holds"),
        ("$CI_JOB_TOKEN", "$CI_JOB_TOKEN is never defined here"),
    ],
)
def test_a_condition_that_says_something_else(condition: str, said: str) -> None:
    assert [(line, said in message) for line, message in notes(rule(condition))] == [(4, True)]


@pytest.mark.parametrize(
    "condition",
    [
        "$CI_COMMIT_TAG",
        "$CI_COMMIT_TAG == null",
        '$CI_COMMIT_TAG =~ /^v1/ && $X == "a"',
        '$CI_COMMIT_BRANCH == "main" || $CI_COMMIT_TAG',
        "$CI_COMMIT_BRANCH && $CI_COMMIT_TAG == null",
    ],
)
def test_a_condition_that_says_what_it_means(condition: str) -> None:
    assert notes(rule(condition)) == []


def test_a_rule_below_one_that_always_holds() -> None:
    text = "a:\n  script: [x]\n  rules:\n    - when: manual\n    - if: $X\n"
    assert notes(text) == [(5, "this rule is never reached: the one above it always holds")]


@pytest.mark.parametrize(
    ("command", "is_odd"),
    [
        ("docker build -t app .", False),
        ("docker build -t app", True),
        ("docker build --tag=app --pull ./src", False),
        ("docker build -t app --build-arg A=1", True),
        ("docker build -f Dockerfile -t app - < Dockerfile", False),
        ("cd app && docker build -t app", True),
        ("docker buildx build --push -t app .", False),
        ("docker push app", False),
    ],
)
def test_a_build_without_a_context(command: str, is_odd: bool) -> None:
    assert bool(notes(f"a:\n  script:\n    - {command}\n")) == is_odd


def test_a_dot_as_a_command_of_its_own() -> None:
    found = notes("a:\n  script:\n    - docker build -t app\n    - .\n")
    assert [line for line, _ in found] == [3, 4]


def test_a_need_that_some_event_cannot_meet() -> None:
    text = "a:\n  script: [x]\n  rules: [{if: $CI_COMMIT_TAG}]\nb:\n  script: [x]\n  needs: [a]\n"
    (found,) = notes(text)
    assert found == (
        6,
        "a push on branch main could make no pipeline: 'b' job needs 'a' job, but 'a' does not exist in the pipeline",
    )


def test_what_is_left_out_is_said() -> None:
    assert notes("include: {remote: 'https://example.org/a.yml'}\na: {script: [x]}") == [
        (1, "include:remote is left out: the lab stays offline")
    ]


def test_gitlabs_warning_about_double_pipelines() -> None:
    text = "a:\n  script: [x]\n  rules:\n    - if: $CI_COMMIT_TAG\n    - when: always\n"
    (warning,) = ci.lint(text).of("warning")
    assert warning.place.line == 5
    assert warning.message.startswith("jobs:a may allow multiple pipelines to run for a single action")
    assert not ci.lint("workflow: {rules: [{when: always}]}\n" + text).of("warning")


def test_a_warning_is_told_beside_a_fault_between_jobs() -> None:
    report = ci.lint("a:\n  script: [x]\n  needs: [b]\n  rules: [{when: always}]\n")
    assert [one.message for one in report.of("error")] == ["a job: undefined need: b"]
    assert len(report.of("warning")) == 1


def test_variables_that_double_each_other_stay_small() -> None:
    doubled = ", ".join(f'V{at}: "$V{at + 1}$V{at + 1}"' for at in range(60))
    job = ci.make(ci.read(f"variables: {{{doubled}, V60: xxxxxxxxxx}}\na: {{script: [x]}}")).job("a")
    assert max(map(len, job.environment_variables().values())) <= 1_000_000
