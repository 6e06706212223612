"""The ``kustomization.yaml`` that Flux builds: generated where a folder has none, with what the object adds put in.

Source: ``fluxcd/pkg/kustomize/kustomize_generator.go``. Without a file, every ``.yaml`` and ``.yml`` below the folder
is a resource; a folder below that has a kustomization of its own is one resource, and not looked into.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gitopslab.errors import ManifestError, RenderError
from gitopslab.gitops.render.kustomize import FILES, fault_of, kustomization_of
from gitopslab.gitops.render.plain import YAML
from gitopslab.machinery.manifests import load, objects
from gitopslab.machinery.objects import Object, name_of

_API = "kustomize.config.k8s.io/v1beta1"
_FIELDS = (
    "apiVersion", "kind", "metadata", "openapi", "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels",
    "commonAnnotations", "patchesStrategicMerge", "patchesJson6902", "patches", "images", "imageTags", "replacements",
    "replicas", "vars", "sortOptions", "resources", "components", "crds", "bases", "configMapGenerator",
    "secretGenerator", "helmGlobals", "helmCharts", "helmChartInflationGenerator", "generatorOptions",
    "configurations", "generators", "transformers", "validators", "inventory", "buildMetadata",
)  # fmt: skip
"""Of a kustomization. Flux reads it and writes it anew, so any other field, which kustomize refuses, is forgotten."""


def write(folder: Path, spec: Object) -> None:
    """Make a folder buildable, and add to its kustomization what a Flux Kustomization's spec says.

    Args:
        folder: Changed in place: it is a copy of the source made for this build.
        spec: ``targetNamespace``, ``namePrefix``, ``nameSuffix``, ``patches``, ``images``, ``components`` and
            ``buildMetadata`` of it.

    Raises:
        RenderError: The kustomization cannot be read, or there is something in the folder that is no manifest.
    """
    file = kustomization_of(folder)
    content = _read(file) if file is not None else _generated(folder)
    if not content.get("resources"):
        content["buildMetadata"] = ["originAnnotations"]  # kustomize refuses a kustomization that says nothing
    content.setdefault("sortOptions", {"order": "fifo"})  # kubectl sorts by kind otherwise, Flux's kustomize does not
    _add(content, spec, folder)
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
            found += [f"./{path}"] if kustomization_of(entry) else _resources(entry, root)
        elif entry.suffix in YAML and entry.is_file() and _holds_objects(entry, path):
            found.append(f"./{path}")
    return found


def _holds_objects(file: Path, path: str) -> bool:
    """Whether a YAML file has any object in it; an empty one is left out.

    Raises:
        RenderError: What is in it is not Kubernetes', in kustomize's words.
    """
    try:
        found = objects(file.read_text(encoding="utf-8"), path)
    except (ManifestError, UnicodeDecodeError):
        found = [{}]
    if not all(name_of(obj) for obj in found) and (fault := fault_of(file)):
        raise RenderError(f"failed to decode Kubernetes YAML from {file}: {fault}")
    return bool(found)


def _read(file: Path) -> Object:
    try:
        content, _ = load(file.read_bytes())
    except ValueError as error:
        raise RenderError(f"error converting YAML to JSON: {error}") from error
    if content is None:
        return {"apiVersion": _API, "kind": "Kustomization"}
    if not isinstance(content, dict):
        raise RenderError(f"{file.name} is not a map of fields")
    return {key: value for key, value in content.items() if key in _FIELDS}


def _add(content: Object, spec: Object, folder: Path) -> None:
    """What the object says comes after what the file says, and wins where there can be only one."""
    for theirs, ours in (("namespace", "targetNamespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")):
        if spec.get(ours):
            content[theirs] = spec[ours]
    if components := _components(spec, folder):
        content["components"] = [*(content.get("components") or []), *components]
    if spec.get("patches"):
        content["patches"] = [*(content.get("patches") or []), *spec["patches"]]
    if spec.get("buildMetadata"):
        content["buildMetadata"] = spec["buildMetadata"]
    for image in spec.get("images") or ():
        _set_image(content.setdefault("images", []), image)


def _components(spec: Object, folder: Path) -> list[str]:
    """The components that are there; one that is not is passed over where the object allows it.

    Raises:
        RenderError: One is not beside or below the folder.
    """
    found = []
    for component in spec.get("components") or ():
        if "://" in component or component.startswith("/"):
            raise RenderError(f"component path '{component}' must be local and relative")
        if (folder / component).exists() or not spec.get("ignoreMissingComponents"):
            found.append(component)
    return found


def _set_image(images: list[Any], image: Object) -> None:
    """Put an image in; of one that is there what is set is changed, tag and digest together."""
    known = next((each for each in images if isinstance(each, dict) and each.get("name") == image.get("name")), None)
    if known is None:
        images.append(image)
        return
    if image.get("newTag") or image.get("digest"):
        known.pop("newTag", None)
        known.pop("digest", None)
    known.update({key: value for key, value in image.items() if value})
