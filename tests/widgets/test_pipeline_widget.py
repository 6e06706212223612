"""The pipeline widget without a browser: what it shows, and what it answers when another event is asked for."""

from pathlib import Path

import pytest
from pipeline_samples import FILE

from gitopslab.errors import LabError
from gitopslab.lab.planning import Planning


class Desk(Planning):
    """The facade's part about pipelines, which needs no cluster."""

    _still = False


def test_it_shows_what_a_push_would_make() -> None:
    view = Desk().pipeline(FILE)
    assert view._snapshot["event"] == {"kind": "push", "ref": "main"}
    assert [stage["name"] for stage in view._snapshot["pipeline"]["stages"]] == ["build", "test", "deploy"]
    assert "build_dev: would run" in view.text()


def test_another_event_is_drawn_when_the_browser_asks() -> None:
    view = Desk().pipeline(FILE)
    view._received(view, {"do": "event", "kind": "tag", "ref": "v1.2.3"}, [])
    assert view._snapshot["event"] == {"kind": "tag", "ref": "v1.2.3"}
    assert view.pipeline.jobs[0].name == "build_prod"
    view._received(view, {"do": "event", "kind": "merge_request", "ref": ""}, [])
    assert view._snapshot["event"]["ref"] == "feature"


def test_an_event_that_nobody_knows_changes_nothing() -> None:
    view = Desk().pipeline(FILE, "tag", tag="v9")
    view._received(view, {"do": "event", "kind": "earthquake"}, [])
    assert view._snapshot["event"] == {"kind": "tag", "ref": "v9"}


def test_a_file_is_read_with_the_folder_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "more.yml").write_text("more: {script: [x]}", encoding="utf-8")
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text("include: more.yml\na: {script: [x], rules: [{exists: [more.yml]}]}", encoding="utf-8")
    assert [job.name for job in Desk().pipeline(path).pipeline.jobs] == ["more", "a"]


def test_a_file_that_is_not_there_is_said_so() -> None:
    with pytest.raises(LabError, match="There is no file nowhere"):
        Desk().lint("nowhere.yml")


def test_the_facade_lints_explains_and_evaluates_texts() -> None:
    desk = Desk()
    assert not desk.lint("a:\n  Script: [x]\n").is_valid
    assert desk.explain_job("build_prod", FILE).reason == "none of its rules matches"
    assert desk.evaluate('$A == "b"', A="b")
