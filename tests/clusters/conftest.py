"""A data folder of the test's own, and stand-ins for other people's tools on a PATH that holds nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from standin_tools import Standins


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's data folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("GITOPSLAB_HOME", str(folder))
    return folder


@pytest.fixture
def standins(tmp_path: Path) -> Standins:
    """Stand-ins for kind, k3d, kwokctl and docker."""
    if os.name == "nt":
        pytest.skip("the stand-ins are scripts with a first line that Windows does not read")
    return Standins(tmp_path / "standins")
