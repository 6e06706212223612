"""A pipeline of the forge in the widget, followed: states as they change, the log of a job, and its buttons."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_source import PATIENCE
from serving_forge import served_forge

from gitopslab.clusters.forge import Address
from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.lab.git import Git
from gitopslab.lab.pipelines import Pipelines
from gitopslab.views.pipeline_log import plain_log
from gitopslab.widgets.base import close_all
from gitopslab.widgets.pipeline import PipelineRunView

FILE = "say: {script: [echo hello, echo there]}\nlater: {script: [exit 3], when: manual, needs: [say]}\n"


@pytest.fixture
def pipelines(tmp_path: Path) -> Iterator[Pipelines]:
    """The pipelines of a project to which a commit was just pushed."""
    with served_forge(tmp_path / "forge") as forge:
        address = Address(int(forge.host.rpartition(":")[2]), forge.folder.token_file)
        web = Git(lambda: address).clone("waal/waal-web", tmp_path / "work")
        web.commit("CI", {".gitlab-ci.yml": FILE}, push=True)
        yield Pipelines(PipelineClient(address), "waal/waal-web")
        close_all()


def until(view: PipelineRunView, holds: Callable[[PipelineRunView], bool]) -> None:
    """Wait until something holds of what the browser was told."""
    changed = threading.Event()
    view.observe(lambda _: changed.set(), "_snapshot")
    while not holds(view):
        assert changed.wait(PATIENCE), view.text()
        changed.clear()


def states(view: PipelineRunView) -> dict[str, str]:
    """How each job stands, as the browser was told."""
    stages = view._snapshot.get("pipeline", {}).get("stages", [])
    return {job["name"]: job["status"] for stage in stages for job in stage["jobs"]}


def run_of(view: PipelineRunView, name: str) -> int:
    """The id of a job's newest run."""
    return next(
        job["id"] for stage in view._snapshot["pipeline"]["stages"] for job in stage["jobs"] if job["name"] == name
    )


def test_a_pipeline_is_followed_and_its_manual_job_played(pipelines: Pipelines) -> None:
    view = pipelines.latest.show()
    until(view, lambda view: states(view) == {"say": "success", "later": "manual"})
    assert "✓ say: passed" in view.text()
    card = view._snapshot["pipeline"]["stages"][0]["jobs"][0]
    assert card["script"] == ("echo hello", "echo there")
    assert card["why"] == "it has no rules, so it runs for branches and tags"
    view._received(view, {"do": "log", "job": run_of(view, "say")}, [])
    until(
        view, lambda view: "$ echo hello\nhello\n$ echo there\nthere" in (view._snapshot["log"] or {"text": ""})["text"]
    )
    view._received(view, {"do": "play", "job": run_of(view, "later")}, [])
    until(view, lambda view: states(view)["later"] == "warning")
    assert view._snapshot["pipeline"]["status"] == "success", "a manual job without rules may fail"


def test_a_still_one_is_a_picture_with_words(pipelines: Pipelines) -> None:
    pipelines.latest.wait(PATIENCE)
    data = pipelines.latest.show(still=True)._repr_mimebundle_()
    assert "✓ say: passed" in data["text/plain"]
    assert ">say<" in data["image/svg+xml"]


def test_the_same_cell_run_twice_shows_the_same_widget(pipelines: Pipelines) -> None:
    latest = pipelines.latest
    assert latest.show() is latest.show()


def test_a_log_is_shown_without_marks_and_colours() -> None:
    command = "\x1b[32;1m$ make\x1b[0;m\r\n"
    marked = f"section_start:1:step\r\x1b[0K{command}10 %\r100 %\nsection_end:1:step\r\x1b[0KJob succeeded\n"
    assert plain_log(marked) == "$ make\n100 %\nJob succeeded\n"
