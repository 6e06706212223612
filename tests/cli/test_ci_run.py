"""``gitopslab ci run``: a pipeline without a forge, in copies of the file's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gitopslab.cli.app import app

CI = """
stages: [build, test]
build:
  stage: build
  script: [echo "$CI_JOB_NAME of $CI_COMMIT_BRANCH" | tee made.txt, touch here.txt]
  artifacts: {paths: [made.txt]}
test: {stage: test, script: [cat made.txt]}
by_hand: {stage: test, script: [echo clicked], when: manual}
only_tags: {stage: test, script: ['echo "tag $CI_COMMIT_TAG"'], rules: [{if: $CI_COMMIT_TAG}]}
bad: {stage: test, script: [exit 7], rules: [{if: $BAD}]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "project" / ".gitlab-ci.yml"
    path.parent.mkdir()
    path.write_text(CI)
    return path


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["ci", "run", *words])
    return done.exit_code, done.output


def test_the_jobs_of_a_push_run_in_order_in_a_copy(file: Path) -> None:
    code, out = run(str(file))
    assert code == 0, out
    assert out.count("build of main\n") == 2
    assert "Job succeeded" in out
    rows = [line.split() for line in out.splitlines()[-4:]]
    assert rows == [
        ["NAME", "STAGE", "STATUS", "REASON"],
        ["build", "build", "success", "-"],
        ["test", "test", "success", "-"],
        ["by_hand", "test", "manual", "-"],
    ]
    assert [path.name for path in file.parent.iterdir()] == [".gitlab-ci.yml"]


def test_only_the_jobs_that_are_named_run_manual_ones_too(file: Path) -> None:
    code, out = run(str(file), "by_hand")
    assert (code, "clicked" in out, "made.txt" in out) == (0, True, False)
    assert "tag v7" in run(str(file), "only_tags", "--event", "tag", "--tag", "v7")[1]


def test_a_failing_job_fails_the_command_and_an_unknown_one_is_named(file: Path) -> None:
    code, out = run(str(file), "bad", "--var", "BAD=yes")
    assert code == 1
    assert "exit code 7" in out
    assert "script_failure" in out
    done = CliRunner().invoke(app, ["ci", "run", str(file), "nothing"])
    assert "has no job nothing" in str(done.exception)
