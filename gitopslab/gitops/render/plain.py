"""Reads the YAML files of a folder as they are, without kustomize."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gitopslab.errors import ManifestError, RenderError
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object

YAML = (".yaml", ".yml")


def files_below(folder: Path, suffixes: Iterable[str] = YAML, *, recurse: bool = True) -> list[Path]:
    """The files with one of these endings, in the order of their paths; links are not followed out of sight."""
    found = folder.rglob("*") if recurse else folder.iterdir()
    return sorted(each for each in found if each.suffix in tuple(suffixes) and each.is_file())


def read(files: Iterable[Path], root: Path) -> list[Object]:
    """The objects in files, in their order.

    Args:
        files: YAML or JSON, each with any number of documents.
        root: What paths in errors are told from.

    Raises:
        RenderError: A file cannot be read; the message says where in it.
    """
    found: list[Object] = []
    for file in files:
        try:
            found += objects(file.read_text(encoding="utf-8"), file.relative_to(root).as_posix())
        except ManifestError as error:
            raise RenderError(error.message) from error
        except UnicodeDecodeError as error:
            raise RenderError(f"{file.relative_to(root).as_posix()} is not text in UTF-8") from error
    return found
