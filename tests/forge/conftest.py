"""A forge in this process, and stock git with nobody's settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving_forge import ServedForge, served_forge

Git = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedForge]:
    """An empty forge that answers."""
    with served_forge(tmp_path / "forge") as forge:
        yield forge


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Stock git in a folder: ``git(folder, "push", "origin", "main")``; a failure is the caller's to look at."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{who}_{what}": "learner@lab" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run
