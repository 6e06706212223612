"""The ``kustomization.yaml`` that Flux builds: generated where a folder has none, with what the object adds put in.

Source: ``fluxcd/pkg/kustomize/kustomize_generator.go``. Without a file, every ``.yaml`` and ``.yml`` below the folder
is a resource; a folder below that has a kustomization of its own is one resource, and not looked into.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gitopslab.errors import ManifestError, RenderError
from gitopslab.gitops.render.kustomize import FILES, kustomization_of
from gitopslab.gitops.render.plain import YAML
from gitopslab.machinery.manifests import load, objects
from gitopslab.machinery.objects import Object

_API = "kustomize.config.k8s.io/v1beta1"


def write(folder: Path, spec: Object) -> None:
    """Make a folder buildable, and add to its kustomization what a Flux Kustomization's spec says.

    Args:
        folder: Changed in place: it is a copy of the source made for this build.
        spec: ``targetNamespace``, ``namePrefix``, ``nameSuffix``, ``patches``, ``images`` and ``components`` of it.

    Raises:
        RenderError: The kustomization cannot be read, or there is something in the folder that is no manifest.
    """
    file = kustomization_of(folder)
    content = _read(file) if file is not None else _generated(folder)
    _add(content, spec)
    target = file or folder / FILES[0]
    target.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _generated(folder: Path) -> Object:
    return {"apiVersion": _API, "kind": "Kustomization", "resources": _resources(folder, folder)}


def _resources(folder: Path, root: Path) -> list[str]:
    """What a folder without a kustomization holds, as paths from ``root``."""
    found: list[str] = []
    for entry in sorted(folder.iterdir()):
        path = entry.relative_to(root).as_posix()
        if entry.is_dir() and not entry.is_symlink():
            found += [path] if kustomization_of(entry) else _resources(entry, root)
        elif entry.suffix in YAML and entry.is_file() and _holds_objects(entry, path):
            found.append(path)
    return found


def _holds_objects(file: Path, path: str) -> bool:
    """Whether a YAML file has any object in it; an empty one is left out.

    Raises:
        RenderError: What is in it is not Kubernetes'.
    """
    try:
        return bool(objects(file.read_text(encoding="utf-8"), path))
    except (ManifestError, UnicodeDecodeError) as error:
        reason = error.message if isinstance(error, ManifestError) else "not text in UTF-8"
        raise RenderError(f"failed to decode Kubernetes YAML from {path}: {reason}") from error


def _read(file: Path) -> Object:
    try:
        content, _ = load(file.read_bytes())
    except ValueError as error:
        raise RenderError(f"failed to read {file.name}: {error}") from error
    if content is None:
        return {"apiVersion": _API, "kind": "Kustomization"}
    if not isinstance(content, dict):
        raise RenderError(f"{file.name} is not a map of fields")
    return content


def _add(content: Object, spec: Object) -> None:
    """What the object says comes after what the file says, and wins where there can be only one."""
    for theirs, ours in (("namespace", "targetNamespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(ours):
            content[theirs] = spec[ours]
    for field in ("components", "patches"):
        if spec.get(field):
            content[field] = [*(content.get(field) or []), *spec[field]]
    for image in spec.get("images") or ():
        _set_image(content.setdefault("images", []), image)


def _set_image(images: list[Any], image: Object) -> None:
    for at, known in enumerate(images):
        if isinstance(known, dict) and known.get("name") == image.get("name"):
            images[at] = image
            return
    images.append(image)
