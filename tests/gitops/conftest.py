"""One forge for all tests of the room, and projects in it that a test commits to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from projects import Project
from serving_forge import ServedForge, served_forge

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedForge]:
    """A forge that answers, for all tests."""
    with served_forge(tmp_path_factory.mktemp("forge") / "forge") as served:
        yield served


@pytest.fixture
def project(forge: ServedForge) -> Project:
    """A project of the test's own, without a commit."""
    return Project(forge, f"waal/web-{next(_NUMBERS)}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    place = tmp_path / "folder"
    place.mkdir()
    return place
