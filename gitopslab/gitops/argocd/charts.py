"""The manifests of a chart in a repository, with what ``source.helm`` says. Source: ``helmTemplate`` there.

Simplified: files of values come from the source's own repository and from other sources (``$name/values.yaml``), not
from the network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from gitopslab.errors import RenderError
from gitopslab.gitops.render import helm
from gitopslab.gitops.source import archive
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.gitops.argocd.generate import Context


def build(root: Path, folder: Path, source: Object, context: Context) -> list[Object]:
    """The objects of a chart.

    Args:
        root: The repository, unpacked.
        folder: The chart in it.
        source: The ``ApplicationSource``.
        context: Whom they are for.

    Raises:
        RenderError: With helm's words in Argo CD's, or there is no helm.
    """
    options = source.get("helm") or {}
    files = [path for name in options.get("valueFiles") or () if (path := _file(root, folder, name, options, context))]
    own = _values(options)
    if own:
        extra = root / ".argocd-values.yaml"
        extra.write_text(own, encoding="utf-8")
        files.append(extra)
    parameters = options.get("parameters") or []
    release = helm.Release(
        name=options.get("releaseName") or context.app,
        namespace=options.get("namespace") or context.namespace,
        files=files,
        sets=[f"{each['name']}={each.get('value', '')}" for each in parameters if not each.get("forceString")],
        strings=[f"{each['name']}={each.get('value', '')}" for each in parameters if each.get("forceString")],
        set_files=[
            f"{each['name']}={_file(root, folder, each['path'], {}, context)}"
            for each in options.get("fileParameters") or ()
        ],
        kube_version=options.get("kubeVersion") or context.kube_version,
        api_versions=options.get("apiVersions") or context.api_versions,
        crds=not options.get("skipCrds"),
        tests=not options.get("skipTests"),
        schema=not options.get("skipSchemaValidation"),
    )
    try:
        return helm.template(folder, release)
    except helm.NoHelmError:
        raise
    except RenderError as error:
        raise RenderError(f"`helm template . <values>` failed exit status 1: Error: {error.message}") from error


def _file(root: Path, folder: Path, name: str, options: Object, context: Context) -> Path | None:
    """A file that a source names; from the top of the repository with a slash in front, else from the chart."""
    if "://" in name:
        raise RenderError(f"error resolving helm value files: the lab does not fetch {name}")
    if name.startswith("$"):
        folder, name = _other(root, name, context)
    path = (root / name.lstrip("/") if name.startswith("/") else folder / name).resolve()
    if not path.is_relative_to(root):
        raise RenderError(f"error resolving helm value files: value file '{name}' resolved to outside repository root")
    if options.get("ignoreMissingValueFiles") and not path.exists():
        return None
    return path


def _other(root: Path, name: str, context: Context) -> tuple[Path, str]:
    """The files of another source, written beside this one's, and the rest of a name."""
    other, _, rest = name[1:].partition("/")
    if other not in context.others:
        known = ", ".join(f"${one}" for one in sorted(context.others))
        what = (
            f"which is not one of the available sources ({known})"
            if known
            else "but no source has a 'ref' field defined"
        )
        raise RenderError(f'error resolving helm value files: source referenced "${other}", {what}')
    place = root / ".argocd-refs" / other
    if not place.is_dir():
        place.mkdir(parents=True)
        archive.unpack(archive.pack(context.others[other]), place)
    return place, rest


def _values(options: Object) -> str:
    """``values`` and ``valuesObject`` as text; the object wins."""
    if options.get("valuesObject"):
        return json.dumps(options["valuesObject"])
    text = options.get("values") or ""
    return text if isinstance(text, str) else yaml.safe_dump(text)
