"""An exercise's files: what they may say, and that a slip is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitopslab.course.exercise import Edit, Exercise, Purpose
from gitopslab.course.reading import ExerciseError, read
from gitopslab.course.source import Source

CHECK = {"id": "wish", "object": "deployment/web", "field": "spec.replicas", "expect": 2, "look": "kubectl get deploy"}
GIT = {"id": "git", "git": "g/p", "field": "files[*]", "expect": {"has": "a"}, "look": "git log p"}


def written(folder: Path, **changes: Any) -> Path:
    content = {
        "title": "Two",
        "minutes": 2,
        "goal": "Two pods are ready.",
        "checks": [CHECK],
        "hints": ["a", {"wish": "b", "otherwise": "c"}, "d"],
        "routes": [{"name": "scale", "steps": ["kubectl scale deployment web --replicas=2"]}],
        "mistakes": [{"name": "one", "steps": [{"apply": "web.yaml"}], "says": "found"}],
        "answer": ["scale"],
    }
    folder = folder / "99-1-two"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "web.yaml").write_text("apiVersion: v1\n")
    (folder / "task.md").write_text("### 99-1 Two\n")
    merged = {key: value for key, value in {**content, **changes}.items() if value is not None}
    (folder / "exercise.yaml").write_text(yaml.safe_dump(merged))
    return folder


def changed(folder: Path, **check: Any) -> Exercise:
    """The exercise with another check; keys that are None are left out."""
    return read(written(folder, checks=[{key: each for key, each in {**CHECK, **check}.items() if each is not None}]))


def test_a_whole_exercise_is_read(tmp_path: Path) -> None:
    exercise = read(written(tmp_path))
    assert (exercise.number, exercise.notebook, exercise.namespace) == ("99-1", "99", "exercise-99-1")
    assert exercise.purpose is Purpose.BUILD
    assert exercise.checks[0].source == Source("object", "deployment", "web", field="spec.replicas")
    assert [hint.text("wish") for hint in exercise.hints] == ["a", "b", "d"]
    assert exercise.mistakes[0].steps[0].manifest == "apiVersion: v1\n", "a file is named, its text is used"


def test_a_push_names_files_by_their_text_their_file_or_what_changes_in_them(tmp_path: Path) -> None:
    files = {"a": "web.yaml", "b": "one line", "c": {"replaces": "x", "text": "y"}, "d": None}
    start = [{"push": "g/p", "message": "All", "files": files, "branch": "next"}, {"push": "g/q", "revert": True}]
    exercise = read(written(tmp_path, start=start, checks=[GIT], hints=["a", "b", "c"], needs=["flux"]))
    push = exercise.start[0].push
    assert push is not None
    assert list(push.files.values()) == [Edit("apiVersion: v1\n"), Edit("one line"), Edit("y", "x"), Edit(None)]
    assert (push.branch, push.copy) == ("next", "p")
    assert (exercise.projects, exercise.needs) == (("g/p", "g/q"), ("flux",))


def test_what_controllers_write_is_waited_for_and_what_learners_write_is_not(tmp_path: Path) -> None:
    waits = {
        "spec": dict[str, Any](),
        "status": {"field": "status.readyReplicas"},
        "ready": {"field": None, "expect": "ready"},
        "exists": {"field": None, "expect": "exists"},
        "pods": {"object": None, "objects": "pods", "field": "spec.nodeName"},
        "told": {"patience": 15},
    }
    found = {name: changed(tmp_path / name, **check).checks[0].patience for name, check in waits.items()}
    assert found == {"spec": 0, "status": 3, "ready": 3, "exists": 0, "pods": 3, "told": 15}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"goal": None}, "exercise.yaml has no goal", id="missing"),
        pytest.param({"tite": "x"}, "unknown key tite", id="unknown"),
        pytest.param({"purpose": "fun"}, "purpose is build or fault", id="purpose"),
        pytest.param({"minutes": "two"}, "minutes is not a number", id="minutes"),
        pytest.param({"hints": ["a", "b"]}, "hints is not a list of 3", id="two hints"),
        pytest.param(
            {"hints": ["a", "b", {"wsh": "c", "otherwise": "d"}]}, r"hints\[2\] there is no check wsh", id="hint"
        ),
        pytest.param({"hints": ["a", "b", {"wish": "c"}]}, "needs a text for otherwise", id="otherwise"),
        pytest.param({"start": ["ls"]}, r"start\[0\] is a command that begins with kubectl", id="command"),
        pytest.param({"start": [{"apply": "none.yaml"}]}, "there is no files/none.yaml", id="file"),
        pytest.param({"routes": []}, "routes is empty", id="routes"),
        pytest.param({"checks": [{**CHECK, "expect": {"equals": 2}}]}, "knows no equals; it knows is, not", id="rule"),
        pytest.param({"checks": [{**CHECK, "objects": "pods"}]}, "exactly one of object:, objects:, log:", id="two"),
        pytest.param({"checks": [{**CHECK, "object": "deployment"}]}, "is KIND/NAME", id="name"),
        pytest.param({"checks": [{**CHECK, "field": "spec["}]}, "unterminated array", id="field"),
        pytest.param({"checks": [{**CHECK, "lok": "x"}]}, r"checks\[0\] has the unknown key lok", id="check"),
        pytest.param({"needs": ["helm"]}, r"needs\[0\] is one of flux, argocd", id="tool"),
        pytest.param({"start": [{"push": "g/p"}]}, r"start\[0\] pushes nothing", id="push"),
        pytest.param({"start": [{"push": "g/p", "files": {"a": "b"}}]}, "has no message", id="message"),
        pytest.param({"checks": [{**GIT, "field": ""}]}, "field is needed for git", id="git"),
        pytest.param({"checks": [{**GIT, "path": "a", "build": "b"}]}, "not together with build", id="build"),
    ],
)
def test_a_slip_is_told_with_its_place(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ExerciseError, match=says):
        read(written(tmp_path, **change))


def test_a_folder_without_its_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExerciseError, match="cannot be read"):
        read(tmp_path)
