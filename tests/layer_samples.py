"""Two images that share layers, and the picture of them, for tests of the layers view and widget."""

from __future__ import annotations

from pathlib import Path

from image_samples import write

from gitopslab.images.build import Builder, Request
from gitopslab.images.image import Image
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store
from gitopslab.views.layers import Layers, layers

TEXT = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nENV VERSION=1\nCMD ["python", "app.py"]\n'


def built(store: Store, folder: Path, tag: str, text: str = TEXT, **files: str) -> Image:
    """An image of an app."""
    write(folder, {"Dockerfile": text, ".dockerignore": "Dockerfile\n.dockerignore\n", **files})
    return Builder(store).build(Request(folder, tags=(Reference.parse(tag),), engine="lab")).image


def pictured(root: Path, *, two: bool = True) -> Layers:
    """One image, or two with the same base."""
    store, folder = Store(root / "store"), root / "app"
    folder.mkdir()
    first = built(store, folder, "web:1", **{"app.py": "print(1)\n", "static/style.css": "p{}\n" * 200})
    if not two:
        return layers(store.content, ("web:1", first))
    later = TEXT.replace("VERSION=1", "VERSION=2")
    second = built(store, folder, "web:2", later, **{"app.py": "print(22)\n", "needs.txt": ""})
    return layers(store.content, ("web:1", first), ("web:2", second))
