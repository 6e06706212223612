"""Arranging for this room: a store, a folder with files, a build in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitopslab.images.build import Builder, Built, Request
from gitopslab.images.image import Image
from gitopslab.images.layers import entries
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store

Build = Callable[..., Built]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    return made


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Files by path; a path that ends with a slash is an empty folder."""
    for path, text in files.items():
        target = folder / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


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


def files_of(store: Store, image: Image, *, layer: int | None = None) -> dict[str, str]:
    """What the layers hold: a path with its text, its link's target behind ``->``, or a slash for a folder."""
    found: dict[str, str] = {}
    for number, each in enumerate(image.layers):
        if layer is None or number == layer % len(image.layers):
            for header, file in entries(store.content, each):
                if header.isdir():
                    found[header.name + "/"] = ""
                else:
                    found[header.name] = f"-> {header.linkname}" if file is None else file.read().decode()
    return found
