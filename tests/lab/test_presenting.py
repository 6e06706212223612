"""Back to the start of a section: the cluster, its Git repositories and working copies, as they were then."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from gitopslab.errors import LabError, NotFoundError
from gitopslab.lab import Lab


class Shell:
    """What IPython does: tells who wants to know before a cell runs."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.events = self

    def register(self, event: str, tell: Any) -> None:
        assert event == "pre_run_cell"
        self.told.append(tell)

    def unregister(self, _event: str, tell: Any) -> None:
        self.told.remove(tell)

    def run(self, cell: str) -> None:
        info = type("Info", (), {"cell_id": cell})()
        for tell in self.told:
            tell(info)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell()
    cells = [
        ("title", "# Why?"),
        ("one", ""),
        ("see", "## See it work"),
        ("two", ""),
        ("break", "## Break it"),
        ("three", ""),
    ]
    content = [{"id": id, "cell_type": "markdown" if text else "code", "source": [text]} for id, text in cells]
    (tmp_path / "mine.ipynb").write_text(json.dumps({"cells": content}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "mine.ipynb"))
    monkeypatch.setattr("gitopslab.lab.presenting._shell", lambda: made)
    monkeypatch.chdir(tmp_path)
    return made


def make(lab: Lab, name: str) -> None:
    lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


@pytest.mark.process
def test_back_to_the_start_of_a_section(lab: Lab, shell: Shell, tmp_path: Path) -> None:
    lab.present()
    shell.run("one")
    make(lab, "of-one")
    web = lab.git.clone("waal/web")
    (tmp_path / "web" / "page").write_text("first")
    web.commit("first")
    web.push()
    first = web.head
    shell.run("two")
    assert lab.present() is not None, "its cell may be run again"
    make(lab, "of-two")
    (tmp_path / "web" / "page").write_text("second")
    web.commit("second")
    web.push()
    (tmp_path / "web" / "page").write_text("not committed")

    began = time.monotonic()
    lab.back()
    took = time.monotonic() - began

    assert lab.get("configmap/of-one")
    with pytest.raises(NotFoundError):
        lab.get("configmap/of-two")
    assert (tmp_path / "web" / "page").read_text() == "first"
    assert lab.git.clone("waal/web", "again").head == first
    assert took < 6, "seconds; under two on a quiet machine"

    lab.back("why")
    with pytest.raises(NotFoundError):
        lab.get("configmap/of-one")
    with pytest.raises(LabError, match="no cell of 'See it work' has run"):
        lab.back("See")
    with pytest.raises(LabError, match="there is no section 'Nowhere'"):
        lab.back("Nowhere")
    assert lab.present(False) is None
    assert shell.told == []


def test_without_presenting_there_is_no_way_back(lab: Lab) -> None:
    with pytest.raises(LabError, match="nothing is being presented"):
        lab.back()
