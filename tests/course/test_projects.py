"""Exercises on the lab's Git server: steps that push, and checks that look at branches and pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gitopslab.clusters.images import Images
from gitopslab.course import catalogue
from gitopslab.course.exercise import Edit, Exercise, Push, Step
from gitopslab.course.projects import Projects
from gitopslab.course.source import Source
from gitopslab.course.voice import Cell, Terminal
from gitopslab.course.workshop import Workshop
from gitopslab.errors import LabError
from gitopslab.gitops.git.commits import Commits

PROJECT = "exercise-99-1/app"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {shops: '1'}\n"
FILES = {"base/web.yaml": Edit(CONFIG), "base/kustomization.yaml": Edit("resources: [web.yaml]\n"), "old": Edit("x")}


@pytest.fixture
def projects(images: Images) -> Iterator[Projects]:
    made = Projects(images.address)
    made.push(Push(PROJECT, FILES, "The web"))
    yield made
    made.clear("exercise-99-1")


def seen(projects: Projects, **where: str) -> list[Any]:
    return projects.branch(Source("git", PROJECT, **where))


def test_a_push_changes_removes_and_tags(projects: Projects) -> None:
    change = {"base/web.yaml": Edit("shops: '2'", "shops: '1'"), "old": Edit(None)}
    projects.push(Push(PROJECT, change, "Two shops", tag="v1.0.0"))
    (told,) = seen(projects)
    assert told["files"] == ["base/kustomization.yaml", "base/web.yaml"]
    assert [(one["subject"], one["author"], one["changed"]) for one in told["commits"]] == [
        ("Two shops", "Learner", ["base/web.yaml", "old"]),
        ("The web", "Learner", ["base/kustomization.yaml", "base/web.yaml", "old"]),
    ]
    assert (told["branches"], told["tags"]) == (["main"], ["v1.0.0"])
    assert seen(projects, path="base/web.yaml", field="data")[0]["data"] == {"shops": "2"}
    assert seen(projects, path="base/kustomization.yaml") == ["resources: [web.yaml]"]
    assert seen(projects, path="old") == []


def test_a_revert_is_a_commit_and_a_branch_has_files_of_its_own(projects: Projects) -> None:
    projects.push(Push(PROJECT, {"new": Edit("y")}, "More", branch="next"))
    assert "new" in seen(projects, ref="next")[0]["files"]
    assert "new" not in seen(projects)[0]["files"]
    projects.push(Push(PROJECT, {"new": Edit("z")}, "Also here"))
    projects.push(Push(PROJECT, {}, reverts=True))
    (told,) = seen(projects)
    assert [one["subject"] for one in told["commits"]] == ['Revert "Also here"', "Also here", "The web"]
    assert "new" not in told["files"]
    assert seen(projects, ref="nowhere") == []


def test_a_folder_is_looked_at_as_kustomize_builds_it(projects: Projects) -> None:
    (web,) = seen(projects, build="base", field="data")
    assert (web["kind"], web["data"]) == ("ConfigMap", {"shops": "1"})
    projects.push(Push(PROJECT, {"base/kustomization.yaml": Edit("resources: [web.yml]\n")}, "A slip"))
    with pytest.raises(LabError, match=r"web\.yml") as error:
        seen(projects, build="base", field="data")
    assert "/tmp" not in error.value.message
    projects.push(Push(PROJECT, {"base/web.yaml": Edit("a: [")}, "Another"))
    with pytest.raises(LabError, match=r"base/web\.yaml is no YAML"):
        seen(projects, path="base/web.yaml", field="data")


def test_what_an_edit_replaces_must_be_there(projects: Projects) -> None:
    with pytest.raises(LabError, match="has no 'shops: 7'"):
        projects.push(Push(PROJECT, {"base/web.yaml": Edit("x", "shops: 7")}, "Never"))


def test_a_push_waits_for_its_pipeline_and_the_newest_is_told(projects: Projects) -> None:
    assert projects.pipeline(Source("pipeline", PROJECT)) == []
    projects.push(Push(PROJECT, {".gitlab-ci.yml": Edit("say: {script: [echo hello]}\n")}, "Say it"))
    projects.push(Push(PROJECT, {".gitlab-ci.yml": Edit("say: {script: ['false']}\n")}, "Break it", tag="v1"))
    (told,) = projects.pipeline(Source("pipeline", PROJECT))
    assert (told["status"], [(job["name"], job["status"]) for job in told["jobs"]]) == ("failed", [("say", "failed")])
    assert projects.pipeline(Source("pipeline", PROJECT, ref="v1"))[0]["tag"]
    assert projects.pipeline(Source("pipeline", PROJECT, ref="other")) == []


def test_a_working_copy_of_an_earlier_attempt_is_kept_beside_the_new_one(projects: Projects, tmp_path: Path) -> None:
    projects.lay_out(PROJECT, tmp_path / "app")
    (tmp_path / "app" / "mine").write_text("mine")
    projects.clear("exercise-99-1")
    projects.push(Push(PROJECT, {"new": Edit("y")}, "Anew"))
    projects.lay_out(PROJECT, tmp_path / "app")
    assert Commits(tmp_path / "app").facts("main").message == "Anew"
    assert (tmp_path / "app.bak" / "mine").read_text() == "mine"
    assert "git-credentials" in (tmp_path / "app" / ".git" / "config").read_text(), "stock git can push from it"


def test_a_project_that_is_cleared_is_gone(projects: Projects) -> None:
    projects.clear("exercise-99-1")
    assert seen(projects) == []


def told(voice: Cell | Terminal, push: Push) -> str:
    exercise: Exercise = replace(catalogue.exercise("02-5"), checks=())
    return voice.steps((Step(push=push),), exercise)


def test_a_push_is_told_as_cells_and_as_git() -> None:
    push = Push(PROJECT, {"a.yaml": Edit("b: 2", "b: 1"), "old": Edit(None)}, "Two", tag="v1")
    place = catalogue.exercise("02-5").place
    assert told(Cell(), push).splitlines() == [
        f'app = lab.git.open("{place}/app")',
        "app.pull()",
        "app.write('a.yaml', app.read('a.yaml').replace('b: 1', 'b: 2'))",
        'app.remove("old")',
        "app.commit('Two')",
        'app.tag("v1")',
        "app.push()",
    ]
    lines = told(Terminal(), push).splitlines()
    assert lines[0] == f"git -C {place}/app pull"
    assert lines[-2:] == [f"git -C {place}/app tag v1", f"git -C {place}/app push origin main v1"]


def test_a_look_at_git_and_at_pipelines_is_told_where_the_learner_is() -> None:
    exercise = catalogue.exercise("02-5")
    assert Cell().command("git log foto", exercise) == f'lab.git.open("{exercise.place}/foto").log()'
    assert Terminal().command("git log foto", exercise) == f"git -C {exercise.place}/foto log"
    assert Cell().command("gitopslab ci status waal/foto", exercise) == 'lab.pipelines("waal/foto")'


def test_the_registry_is_filled_in_and_a_variable_of_gitlab_is_not(images: Images) -> None:
    text = "image: REGISTRY/exercise-99-1/web:1 # not $CI_REGISTRY_IMAGE, nor $CI_REGISTRY"
    host = images.address().host
    assert Workshop(images).filled(text) == text.replace("REGISTRY/", f"{host}/")
