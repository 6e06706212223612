"""Builders for tests of images: files in a folder, and what an image's layers hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gitopslab.images.build import Built
from gitopslab.images.image import Image
from gitopslab.images.layers import entries
from gitopslab.images.store import Store

Build = Callable[..., Built]


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Files by path; a path that ends with a slash is an empty folder."""
    for path, text in files.items():
        target = folder / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


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
