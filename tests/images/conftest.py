"""Arranging for this room: a store, a folder with files, a build in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from image_samples import Build

from gitopslab.images.build import Builder, Built, Request
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    return made


@pytest.fixture
def build(store: Store, folder: Path) -> Build:
    """Build a Dockerfile with the files of the folder, by the lab alone."""

    def made(
        dockerfile: str, *, tag: str = "", tell: Any = None, builder: Builder | None = None, **request: Any
    ) -> Built:
        (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
        tags = (Reference.parse(tag),) if tag else ()
        wanted = Request(folder, tags=tags, **{"engine": "lab", **request})
        steps = [] if tell is None else [tell]
        return (builder or Builder(store)).build(wanted, *steps)

    return made
