"""The manifests of a kustomization, with what ``source.kustomize`` adds to it.

Argo CD writes it into the file with ``kustomize edit`` and then builds. Source: ``util/kustomize/kustomize.go``.

Simplified: ``commonAnnotationsEnvsubst`` and variables in other fields are not substituted but in images and labels.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.errors import RenderError
from gitopslab.gitops.render import confined, kustomize
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.gitops.argocd.generate import Context


def build(root: Path, folder: Path, source: Object, context: Context) -> list[Object]:
    """The objects of a kustomization.

    Args:
        root: The repository, unpacked.
        folder: The kustomization in it; it is changed.
        source: The ``ApplicationSource``.
        context: Whom they are for.

    Raises:
        RenderError: With kustomize's words in Argo CD's.
    """
    confined.check(root)
    if source.get("kustomize"):
        _edit(root, folder, source["kustomize"], context)
    try:
        return kustomize.build(folder, confined=True)
    except RenderError as error:
        warned = "".join(f"{line}\n" for line in error.warnings) if isinstance(error, kustomize.BuildError) else ""
        words = f"`kustomize build {folder}` failed exit status 1: {warned}Error: {error.message}"
        raise RenderError(words) from error


def _edit(root: Path, folder: Path, options: Object, context: Context) -> None:
    file = kustomize.kustomization_of(folder)
    if file is None:
        raise RenderError("kustomization file not found in the path")
    try:
        content, _ = load(file.read_bytes())
    except ValueError as error:
        raise RenderError(f"failed to unmarshal {file.name}: {error}") from error
    if not isinstance(content, dict):
        raise RenderError(f"expected {file.name} to be a map of fields")
    for field in ("namePrefix", "nameSuffix", "namespace"):
        if options.get(field):
            content[field] = options[field]
    for text in options.get("images") or ():
        _put(content, "images", _image(_with_variables(text, context)))
    for replica in options.get("replicas") or ():
        _put(content, "replicas", {"name": replica["name"], "count": int(replica["count"])})
    _add_metadata(content, options, context)
    content["patches"] = [*(content.get("patches") or ()), *(options.get("patches") or ())]
    content["components"] = [*(content.get("components") or ()), *_components(root, folder, options)]
    file.write_text(json.dumps({k: v for k, v in content.items() if v not in ([], {})}), encoding="utf-8")


def _image(text: str) -> Object:
    """``[<from>=]<name>[:<tag>|@<digest>]`` as an entry of ``images``."""
    old, is_renamed, rest = text.partition("=")
    new = rest if is_renamed else old
    name, has_digest, digest = new.partition("@")
    tag = ""
    if not has_digest and ":" in name.rpartition("/")[2]:
        name, _, tag = name.rpartition(":")
    entry: Object = {"name": old if is_renamed else name}
    if is_renamed and name != old:
        entry["newName"] = name
    return {**entry, **({"digest": digest} if digest else {}), **({"newTag": tag} if tag else {})}


def _put(content: Object, field: str, entry: Object) -> None:
    """Add an entry to a list, or put it in the place of the one with its name."""
    there = [each for each in content.get(field) or () if isinstance(each, dict)]
    kept = [each for each in there if each.get("name") != entry["name"]]
    old: Any = next((each for each in there if each.get("name") == entry["name"]), {})
    content[field] = [*kept, {**({"newName": old["newName"]} if "newName" in old else {}), **entry}]


def _add_metadata(content: Object, options: Object, context: Context) -> None:
    labels = {key: _with_variables(value, context) for key, value in (options.get("commonLabels") or {}).items()}
    if labels and options.get("labelWithoutSelector"):
        entry = {"pairs": labels, "includeSelectors": False}
        content["labels"] = [*(content.get("labels") or ()), {**entry, **_templates(options)}]
    elif labels:
        _add(content, "commonLabels", labels, forced=bool(options.get("forceCommonLabels")))
    _add(
        content,
        "commonAnnotations",
        options.get("commonAnnotations") or {},
        forced=bool(options.get("forceCommonAnnotations")),
    )


def _templates(options: Object) -> Object:
    return {"includeTemplates": True} if options.get("labelIncludeTemplates") else {}


def _add(content: Object, field: str, more: Object, *, forced: bool) -> None:
    there = content.get(field) or {}
    taken = sorted(there.keys() & more.keys())
    if taken and not forced:
        what = "label" if field == "commonLabels" else "annotation"
        raise RenderError(f"{what} {taken[0]} already in kustomization file")
    content[field] = {**there, **more}


def _components(root: Path, folder: Path, options: Object) -> list[str]:
    wanted: list[str] = options.get("components") or []
    if not options.get("ignoreMissingComponents"):
        return wanted
    return [name for name in wanted if (path := (folder / name).resolve()).is_relative_to(root) and path.exists()]


def _with_variables(text: str, context: Context) -> str:
    """Text with the build environment filled in, as in ``web:$ARGOCD_APP_REVISION_SHORT``."""
    known = {
        "ARGOCD_APP_REVISION_SHORT_8": context.revision[:8],
        "ARGOCD_APP_REVISION_SHORT": context.revision[:7],
        "ARGOCD_APP_REVISION": context.revision,
        "ARGOCD_APP_PROJECT_NAME": context.project,
        "ARGOCD_APP_NAMESPACE": context.namespace,
        "ARGOCD_APP_NAME": context.app,
    }
    for name, value in known.items():
        text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
    return text
