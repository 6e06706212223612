"""Checks that look at a learner's file: its lines, GitLab's errors, and the jobs that an event makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitopslab.course import catalogue
from gitopslab.course.elsewhere import Place
from gitopslab.course.source import Source
from gitopslab.course.voice import Cell, Terminal
from gitopslab.errors import LabError

CI = """\
build:
  services: [{name: "docker:27-dind", command: [--mtu=1460]}]
  rules: [{if: $CI_COMMIT_TAG, when: never}, {when: on_success}]
  script: [make]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ci.yml").write_text(CI)
    return tmp_path


def seen(folder: Path, what: Any, **event: str) -> list[Any]:
    return Place(folder, None).documents(Source(what, "ci.yml", event=event))  # type: ignore[arg-type]


def test_the_jobs_are_those_that_an_event_makes(folder: Path) -> None:
    (job,) = seen(folder, "jobs", branch="main")
    assert job["name"] == "build"
    assert job["services"] == [{"name": "docker:27-dind", "command": ["--mtu=1460"]}]
    assert job["script"] == ["make"]
    assert seen(folder, "jobs", tag="v1.2.3") == []


def test_the_errors_are_gitlabs_with_their_line(folder: Path) -> None:
    assert seen(folder, "lint") == []
    (folder / "ci.yml").write_text(CI.replace("script", "Script"))
    assert seen(folder, "lint")[0].startswith("line 1: jobs build config should implement the script:")


def test_of_a_file_that_gitlab_refuses_there_are_no_jobs_but_a_reason(folder: Path) -> None:
    (folder / "ci.yml").write_text(CI.replace("$CI_COMMIT_TAG", "'$CI_COMMIT_TAG =~ /x/\\'"))
    with pytest.raises(LabError, match="invalid expression syntax"):
        seen(folder, "jobs", branch="main")


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"ci\.yml cannot be read"):
        seen(tmp_path, "file")


def test_a_command_is_told_where_the_learner_is() -> None:
    exercise = catalogue.exercise("02-2")
    look = "gitopslab ci explain gitlab-ci.yml build_prod --event tag --tag v1.2"
    path = f"{exercise.place}/gitlab-ci.yml"
    assert Cell().command(look, exercise) == f'lab.explain_job("build_prod", "{path}", "tag", tag="v1.2")'
    assert Terminal().command(look, exercise) == f"gitopslab ci explain {path} build_prod --event tag --tag v1.2"


def test_the_registry_of_a_command_is_the_labs_own() -> None:
    exercise = catalogue.exercise("01-4")
    command = "kubectl create deployment web --image=REGISTRY/exercise-01-4/web@DIGEST(exercise-01-4/web:test)"
    assert Cell().command(command, exercise) == (
        'lab.kubectl(f"create deployment web '
        "--image={lab.registry}/exercise-01-4/web@{lab.registry.digest('exercise-01-4/web:test')}\")"
    )
    told = Terminal(registry=lambda: "localhost:7000").command(command, exercise)
    assert told.endswith("--image=localhost:7000/exercise-01-4/web@sha256:…")


def test_beginning_anew_brings_a_file_back_and_keeps_what_the_learner_made_of_it(tmp_path: Path) -> None:
    from gitopslab.course.stage import Stage

    exercise = catalogue.exercise("02-2")
    stage = Stage(None, None, exercise, tmp_path, None, {})  # type: ignore[arg-type]  # files need no cluster
    stage.put_back()
    file = tmp_path / exercise.place / "gitlab-ci.yml"
    file.write_text("mine")
    stage.put_back()
    assert file.read_text() == exercise.files["gitlab-ci.yml"]
    assert file.with_name("gitlab-ci.yml.bak").read_text() == "mine"
