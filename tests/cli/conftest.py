"""The command line inside this process, with a data folder of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from serving_forge import ServedForge, served_forge

from gitopslab.cli import main
from gitopslab.clusters.forge import Address, Forge


class Said(NamedTuple):
    """What a command left: its exit code, standard output and standard error."""

    code: object
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's data folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("GITOPSLAB_HOME", str(folder))
    for name in ("GITOPSLAB_CLUSTER", "GITOPSLAB_NAME", "GITOPSLAB_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def gitopslab(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs ``gitopslab`` with these words."""

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["gitopslab", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return Said(ended.value.code, said.out, said.err)

    return call


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedForge]:
    """A forge in this process, for the one that a command would start beside its cluster."""
    with served_forge(tmp_path / "forge") as served:
        port = int(served.host.rpartition(":")[2])
        monkeypatch.setattr(Forge, "up", lambda *_: Address(port, served.folder.path / "token"))
        yield served
