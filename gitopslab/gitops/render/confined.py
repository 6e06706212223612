"""Keeps kustomize inside a source: no kustomization in it may read a file outside.

Kustomize itself either confines each folder to itself, which is more than Flux does, or nothing at all. Source:
``fluxcd/pkg/kustomize/filesys/fs_secure.go``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.render.kustomize import FILES
from gitopslab.machinery.manifests import load

_PATHS = (
    "resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators",
    "patchesStrategicMerge",
)  # fmt: skip
_WITH_PATH = ("patches", "patchesJson6902", "replacements", "openapi")
_GENERATORS = ("configMapGenerator", "secretGenerator")


def check(root: Path) -> None:
    """Refuse a source in which a kustomization names a file outside it.

    Args:
        root: Of the source, unpacked.

    Raises:
        RenderError: One does.
    """
    for name in FILES:
        for file in root.rglob(name):
            for path in _paths(file):
                whole = (file.parent / path).resolve()
                if not whole.is_relative_to(root) and whole.exists():
                    raise RenderError(
                        f"fs-security-constraint read {whole}: path '{whole}' is not in or below '{root}'"
                    )


def _paths(file: Path) -> Iterator[str]:
    """The paths in a kustomization; one that cannot be read is kustomize's to complain about."""
    try:
        content, _ = load(file.read_bytes())
    except (ValueError, OSError):
        return
    if not isinstance(content, dict):
        return
    for field in _PATHS:
        yield from _words(content.get(field))
    for field in _WITH_PATH:
        for each in _maps(content.get(field)):
            yield from _words([each.get("path")])
    for field in _GENERATORS:
        for each in _maps(content.get(field)):
            yield from _words([each.get("env"), *(each.get("envs") or ())])
            yield from (word.rpartition("=")[2] for word in _words(each.get("files")))


def _words(value: Any) -> list[str]:
    """The strings of a list that can be paths; text of more than a line is an inline patch."""
    return [word for word in value if isinstance(word, str) and "\n" not in word] if isinstance(value, list) else []


def _maps(value: Any) -> list[dict[str, Any]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]
