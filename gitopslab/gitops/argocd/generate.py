"""From the files of a commit to the manifests of a source, as Argo CD's repository server makes them.

A chart is rendered by helm, a kustomization by kustomize, and of any other folder the YAML and JSON files are read.
Pure but for a temporary folder and those two programs, so it runs in a thread (``gitops.work``). Source:
``reposerver/repository/repository.go``, ``util/app/discovery``, ``util/kustomize``.

Simplified: no plugins (``source.plugin``), and no Jsonnet. A source that is a chart from a chart repository
(``source.chart``) is refused.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename, dirname, isabs, join, normpath
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd import charts, folders, kustomizations
from gitopslab.gitops.argocd.shape import shaped
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.render import helm, kustomize
from gitopslab.gitops.source import archive
from gitopslab.machinery.manifests import load
from gitopslab.machinery.merge import merge_patch
from gitopslab.machinery.objects import Object

DIRECTORY, KUSTOMIZE, HELM = "Directory", "Kustomize", "Helm"

CACHED_SOURCE = "<path to cached source>"
"""How Argo CD shows the folder that a repository was checked out to."""

_LINK = 0o120000
_KEPT = ("chart", "path", "repoURL", "targetRevision")


@dataclass(frozen=True, slots=True)
class Context:
    """Whom manifests are made for.

    Attributes:
        app: The Application's name.
        namespace: Its destination.
        project: Its project.
        revision: The commit, 40 digits.
        kube_version: Of the cluster, for charts.
        api_versions: Of the cluster, for charts.
        others: The files of the sources that this one refers to, by their names.
    """

    app: str
    namespace: str
    project: str
    revision: str
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    others: Mapping[str, Mapping[str, File]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Generated:
    """What a source gave.

    Attributes:
        objects: As they stand in Git.
        source_type: ``Directory``, ``Kustomize`` or ``Helm``.
    """

    objects: tuple[Object, ...]
    source_type: str


def generate(files: Mapping[str, File], source: Object, context: Context) -> Generated:
    """The manifests of a source.

    Args:
        files: Of the whole commit, by path.
        source: An ``ApplicationSource``.
        context: Whom they are for.

    Raises:
        RenderError: They cannot be made; the message is Argo CD's.
    """
    _check_links(files)
    path = _path(files, source.get("path") or "")
    inside = {name.removeprefix(f"{path}/") if path else name for name in files if _is_below(name, path)}
    source = _overridden(files, source, path, context.app)
    kind = _explicit(source) or _discovered(inside)
    if kind == DIRECTORY:
        return Generated(tuple(flat(folders.read(files, path, source.get("directory") or {}))), kind)
    with tempfile.TemporaryDirectory(prefix="source-") as place:
        root = Path(place).resolve()
        archive.unpack(archive.pack(files), root)
        build = charts.build if kind == HELM else kustomizations.build
        try:
            objects = build(root, root / path, source, context)
        except RenderError as error:
            # What follows the name of the folder goes with it up to a slash or space: Argo CD takes it for a part.
            told = re.sub(rf"{re.escape(str(root))}[^ /]*", CACHED_SOURCE, error.message)
            raise RenderError(told, error.hint) from error
    return Generated(tuple(flat(objects)), kind)


def flat(objects: list[Object]) -> list[Object]:
    """Objects with the items of lists one by one.

    Raises:
        RenderError: One of them is none.
    """
    found: list[Object] = []
    for obj in objects:
        items = obj.get("items", ())
        if isinstance(items, list) or items is None:
            found += [shaped(item) for item in items or () if isinstance(item, dict)]
        else:
            found.append(shaped(obj))
    return found


def _is_below(name: str, path: str) -> bool:
    return not path or name.startswith(f"{path}/")


def _path(files: Mapping[str, File], path: str) -> str:
    """The folder of a source, without dots; empty for the root."""
    if isabs(path):
        raise RenderError(f"{path}: app path is absolute")
    plain = normpath(path or ".")
    if plain.startswith(".."):
        raise RenderError(f"{path}: app path outside root")
    plain = "" if plain == "." else plain
    if plain in files:
        raise RenderError(f"{path}: app path is not a directory")
    if plain and not any(_is_below(name, plain) for name in files):
        raise RenderError(f"{path}: app path does not exist")
    return plain


def _check_links(files: Mapping[str, File]) -> None:
    """Refuse a repository in which a link leads outside."""
    for name, file in files.items():
        if file.mode == _LINK:
            leads = file.content.decode(errors="replace")
            if isabs(leads) or normpath(join(dirname(name), leads)).startswith(".."):
                raise RenderError(f"repository contains out-of-bounds symlinks. file: {name}")


def _overridden(files: Mapping[str, File], source: Object, path: str, app: str) -> Object:
    """The source with what ``.argocd-source.yaml`` in its folder says, as image updaters write it there."""
    merged = source
    for name in (".argocd-source.yaml", f".argocd-source-{app}.yaml"):
        file = files.get(join(path, name))
        if file is not None:
            merged = merge_patch(merged, _read(file, name))
    kept = {field: source[field] for field in _KEPT if field in source}
    return {**{field: value for field, value in merged.items() if field not in _KEPT}, **kept}


def _read(file: File, name: str) -> Any:
    try:
        return load(file.content)[0]
    except ValueError as error:
        raise RenderError(f"error while parsing source parameters: {name}: {error}") from error


def _explicit(source: Object) -> str:
    """The type that a source's own fields ask for; empty for none."""
    said = [kind for kind in (KUSTOMIZE, HELM, DIRECTORY, "Plugin") if source.get(kind.lower()) is not None]
    if len(said) > 1:
        raise RenderError(f"multiple application sources defined: {','.join(said)}")
    if said == ["Plugin"]:
        raise RenderError("the lab has no config management plugins")
    return said[0] if said else ""


def _discovered(inside: set[str]) -> str:
    """What the files of a folder make it; a kustomization counts before a chart."""
    here = {basename(name) for name in inside if "/" not in name}
    if here.intersection(kustomize.FILES):
        return KUSTOMIZE
    return HELM if any(name.endswith(helm.FILE) for name in here) else DIRECTORY
