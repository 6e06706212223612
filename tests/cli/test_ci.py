"""``gitopslab ci``: lint, list, eval and explain from a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from serving_forge import ServedForge

from gitopslab.gitops.git.origin import Origin
from gitopslab.gitops.git.working import WorkingCopy

from .conftest import Said

Call = Callable[..., Said]

FILE = r"""
stages: [build, test]
build_dev:
  stage: build
  script: [make]
  rules:
    - if: $CI_COMMIT_TAG
      when: never
    - changes: [src/**/*]
test:
  needs: [build_dev]
  script: [make test]
  rules:
    - if: $CI_COMMIT_BRANCH
      when: manual
docs:
  script: [make docs]
  rules:
    - exists: [docs/index.md]
      if: $CI_PIPELINE_SOURCE == "merge_request_event"
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file in a folder of its own, with a document beside it."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").touch()
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", ["lint", "list", "eval", "explain", "status"])
def test_every_command_has_help_with_an_example(gitopslab: Call, command: str) -> None:
    assert f"gitopslab ci {command}" in gitopslab("ci", command, "--help").out.partition("For example")[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("stages: [a]\nb: é\n".encode("latin-1"), "is not UTF-8: line 2 has the byte 0xe9"),
        ("stages: [a]\n".encode("utf-16"), "is not UTF-8: line 1 has the byte 0xff"),
    ],
    ids=["latin-1", "utf-16"],
)
@pytest.mark.parametrize("command", ["lint", "list"])
def test_a_file_in_another_encoding_is_named_with_the_line(
    gitopslab: Call, tmp_path: Path, content: bytes, said: str, command: str
) -> None:
    (tmp_path / "other.yml").write_bytes(content)
    answer = gitopslab("ci", command, str(tmp_path / "other.yml"))
    assert answer.code == 1
    assert said in answer.err
    assert "Save it with the encoding UTF-8" in answer.err


def test_list_gives_the_jobs_in_pipeline_order_as_json(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "list", file, "--event", "push", "--changed", "src/a.py", "--json")
    assert said.code == 0
    assert json.loads(said.out) == [
        {"name": "build_dev", "stage": "build", "when": "on_success", "allow_failure": False, "needs": []},
        {"name": "test", "stage": "test", "when": "manual", "allow_failure": False, "needs": ["build_dev"]},
    ]


def test_list_gives_a_table(gitopslab: Call, file: str) -> None:
    lines = gitopslab("ci", "list", file, "--changed", "README.md", "src/a.py").out.splitlines()
    assert lines[0].split() == ["NAME", "STAGE", "WHEN", "ALLOW_FAILURE", "NEEDS"]
    assert lines[2].split() == ["test", "test", "manual", "false", "build_dev"]


def test_list_says_why_a_pipeline_cannot_be_made(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "list", file, "--changed", "README.md", "--json")
    assert (said.code, json.loads(said.out)) == (1, [])
    assert "'test' job needs 'build_dev' job, but 'build_dev' does not exist in the pipeline." in said.err


def test_list_says_why_there_is_no_pipeline(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "list", file, "--event", "tag", "--tag", "v1", "--json")
    assert (said.code, json.loads(said.out)) == (0, [])
    assert "would have been empty" in said.err


def test_list_looks_for_files_beside_the_file(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "list", file, "--event", "merge_request", "--changed", "x", "--json")
    assert [job["name"] for job in json.loads(said.out)] == ["docs"]


@pytest.mark.parametrize(
    ("expression", "variables", "out", "code"),
    [
        ('$A == "b"', ["--var", "A=b"], "true\n", 0),
        ('$A == "b"', [], "false\n", 0),
        ("$A == $B", ["--var", "A=x=y", "B=x=y"], "true\n", 0),
        ("$A == null", ["--var", "A="], "false\n", 0),
        ("$A = 1", [], "error: invalid expression syntax at column 4: Unknown lexeme found!\n", 1),
    ],
)
def test_eval_prints_the_answer_alone(
    gitopslab: Call, expression: str, variables: list[str], out: str, code: int
) -> None:
    said = gitopslab("ci", "eval", expression, *variables)
    assert (said.out, said.code) == (out, code)


def test_explain_goes_rule_by_rule(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "explain", file, "build_dev", "--event", "tag", "--tag", "v9")
    assert said.code == 0
    assert said.out.splitlines()[0] == (
        "build_dev is not in the pipeline of a push of tag v9: rule 1 matches and says when: never."
    )
    assert '$CI_COMMIT_TAG is "v9"' in said.out
    assert "not reached" in said.out


def test_explain_knows_what_was_meant(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "explain", file, "build-dev")
    assert (said.code, "Did you mean build_dev?" in said.err) == (1, True)


def test_lint_ends_with_one_for_a_file_that_gitlab_refuses(gitopslab: Call, tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text("job:\n  Script: [make]\n", encoding="utf-8")
    said = gitopslab("ci", "lint", str(path))
    assert said.code == 1
    assert f"{path}:1: error: jobs job config should implement the script:, run:, or trigger: keyword" in said.out


def test_lint_says_that_a_file_is_valid(gitopslab: Call, file: str) -> None:
    said = gitopslab("ci", "lint", file)
    assert (said.code, said.out) == (0, f"{file}: valid, GitLab would take it\n")


def test_a_file_that_is_not_there_is_said_so(gitopslab: Call) -> None:
    said = gitopslab("ci", "list", "nowhere.yml")
    assert (said.code, "There is no file nowhere.yml" in said.err) == (1, True)


def test_status_tells_of_the_newest_pipeline_or_that_there_is_none(
    gitopslab: Call, forge: ServedForge, tmp_path: Path
) -> None:
    said = gitopslab("ci", "status", "waal/web")
    assert (said.code, said.err) == (1, "Error: There is no pipeline of waal/web yet\n  Next: Push a commit\n")
    copy = WorkingCopy.clone(tmp_path / "web", Origin(forge.url("waal/web", user=""), "learner", forge.token))
    copy.write(".gitlab-ci.yml", "later: {script: [make], when: manual}\n")
    copy.commit("A job for later")
    copy.push()
    said = gitopslab("ci", "status", "waal/web")
    assert said.out.splitlines()[0].endswith("(push): A job for later")
    assert "▷ later manual" in said.out
