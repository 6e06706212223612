"""The manifests of a chart in a repository, with what ``source.helm`` says. Source: ``helmTemplate`` there.

Simplified: files of values come from the source's own repository and from other sources (``$name/values.yaml``), not
from the network.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from gitopslab.errors import RenderError
from gitopslab.gitops.render import helm
from gitopslab.gitops.source import archive
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.gitops.argocd.generate import Context

_API_VERSIONS = re.compile(r"(--api-versions [^ ]+ )+")


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
    with _written(_values(options)) as extra:
        return _rendered(folder, _release(root, folder, options, [*files, *extra], context))


def _release(root: Path, folder: Path, options: Object, files: list[Path], context: Context) -> helm.Release:
    """What the chart is rendered for."""
    parameters = options.get("parameters") or []
    return helm.Release(
        name=options.get("releaseName") or context.app,
        namespace=options.get("namespace") or context.namespace,
        files=files,
        sets=[_parameter(each) for each in parameters if not each.get("forceString")],
        strings=[_parameter(each) for each in parameters if each.get("forceString")],
        set_files=[
            f"{each['name']}={_escaped(str(_file(root, folder, each['path'], {}, context)))}"
            for each in options.get("fileParameters") or ()
        ],
        kube_version=options.get("kubeVersion") or context.kube_version,
        api_versions=options.get("apiVersions") or context.api_versions,
        crds=not options.get("skipCrds"),
        tests=not options.get("skipTests"),
        schema=not options.get("skipSchemaValidation"),
    )


def _rendered(folder: Path, release: helm.Release) -> list[Object]:
    """The objects of a chart; what helm says is told with the command, without the many API versions in it."""
    try:
        return helm.template(folder, release)
    except helm.NoHelmError:
        raise
    except RenderError as error:
        words = _API_VERSIONS.sub("<api versions removed> ", " ".join(("helm template .", *release.arguments)))
        failed = f"`{words}` failed exit status 1: Error: {error.message}"
        raise RenderError(f"failed to execute helm template command: failed running helm: {failed}") from error


@contextmanager
def _written(values: str) -> Iterator[list[Path]]:
    """A file with the values of the source itself, as long as it is needed; none where there are none."""
    if not values:
        yield []
        return
    file = Path(tempfile.gettempdir()) / str(uuid.uuid4())
    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
            opened.write(values)
        yield [file]
    finally:
        file.unlink(missing_ok=True)


def _parameter(said: Object) -> str:
    return f"{said['name']}={_escaped(said.get('value', ''))}"


def _escaped(value: str) -> str:
    """A value in which commas are commas, unless it is a list: ``{a,b}``."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


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
