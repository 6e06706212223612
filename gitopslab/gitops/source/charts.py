"""Helm charts: found in an index by version, packed from a folder, and read for their name and version.

A folder is packed without helm, unless charts it depends on have to be fetched. Source: ``source-controller``'s
``internal/helm/chart``.
"""

from __future__ import annotations

import json
import posixpath
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitopslab.errors import RenderError
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.render import helm
from gitopslab.gitops.source import archive
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object

_VALUES = "values.yaml"
_NO_VERSION = "invalid chart reference: failed to get chart version for remote reference"
_NAME = re.compile(r"[a-z0-9./-]+")
_NO_TIME = "0001-01-01T00:00:00Z"
_FIELDS = (
    "name", "home", "sources", "version", "description", "keywords", "maintainers", "icon", "apiVersion", "condition",
    "tags", "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type", "urls", "created",
    "removed", "digest",
)  # fmt: skip
"""Of an entry of an index, in Helm's order; it knows no others."""


class ChartError(RenderError):
    """A chart cannot be had.

    Attributes:
        reason: Of the condition.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Chart:
    """A packed chart.

    Attributes:
        name: In its ``Chart.yaml``.
        version: In its ``Chart.yaml``.
        app_version: In its ``Chart.yaml``; may be empty.
        content: The ``.tgz``.
        values_files: The files of values that went into it.
    """

    name: str
    version: str
    app_version: str
    content: bytes
    values_files: tuple[str, ...] = ()


def read(content: bytes) -> Chart:
    """A packed chart.

    Raises:
        RenderError: It is none.
    """
    files = archive.read(content)
    file = next((path for path in sorted(files) if path.count("/") == 1 and path.endswith(f"/{helm.FILE}")), None)
    if file is None:
        raise RenderError("chart metadata is missing: the archive has no Chart.yaml")
    return _chart(files[file].content, content)


def stored_index(content: bytes) -> bytes:
    """The index of a repository as Helm reads it, as JSON.

    Raises:
        RenderError: It is none.
    """
    if not content:
        raise RenderError("empty index.yaml file")
    try:
        told, _ = load(content)
    except ValueError as error:
        raise RenderError(f"error converting YAML to JSON: {error}") from error
    if not isinstance(told, dict) or not told.get("apiVersion"):
        raise RenderError("no API version specified")
    index = {
        "apiVersion": told["apiVersion"],
        "generated": told.get("generated") or _NO_TIME,
        "entries": _entries(told.get("entries")),
    }
    return json.dumps(index, indent=2, ensure_ascii=False, default=str).encode()


def _entries(told: Any) -> Object | None:
    """The versions of each chart, as far as they say anything."""
    if not told:
        return told if isinstance(told, dict) else None
    _must_be(told, dict, "map[string]repo.ChartVersions")
    found: Object = {}
    for name in sorted(told, key=str):
        versions = told[name] or []
        _must_be(versions, list, "repo.ChartVersions")
        found[name] = [_entry(each) for each in versions if each is not None]
    return found


def _must_be(value: Any, kind: type, go: str) -> None:
    if not isinstance(value, kind):
        why = f"json: cannot unmarshal {go_kind(value)} into Go struct field IndexFile.entries of type {go}"
        raise RenderError(f"error unmarshaling JSON: while decoding JSON: {why}")


def _entry(told: Object) -> Object:
    _must_be(told, dict, "repo.ChartVersion")
    told = {"created": _NO_TIME, **told}
    return {field: told[field] for field in _FIELDS if told.get(field) or (field == "urls" and field in told)}


def packed(
    files: Mapping[str, File],
    path: str,
    values_files: Sequence[str],
    *,
    ignore_missing: bool,
    metadata: str = "",
    room: str = "helmchart",
) -> Chart:
    """Pack the chart in a folder of a source, or take the one that is packed there.

    Args:
        files: Of the source.
        path: Of the chart in it.
        values_files: Files of the source that replace the chart's own values, merged in their order.
        ignore_missing: Pass over files of values that are not there.
        metadata: Added to the version, after a ``+``; a commit makes every one a version of its own.
        room: How the folder is named that source-controller would work in, which errors tell.

    Raises:
        ChartError: There is no chart, or it cannot be packed.
    """
    folder = posixpath.normpath(path).lstrip("/")
    if folder in files:
        return read(files[folder].content)
    start = "" if folder in (".", "") else f"{folder}/"
    found = {name.removeprefix(start): file for name, file in files.items() if name.startswith(start)}
    if helm.FILE not in found:
        place = Path(tempfile.gettempdir()) / f"{room}-{secrets.randbelow(2**32)}" / "source" / folder
        missing = f"stat {place}: no such file or directory"
        raise ChartError("InvalidChartReference", f"invalid chart reference: {missing}")
    if metadata:
        found[helm.FILE] = _versioned(found[helm.FILE], metadata)
    chart = _chart(found[helm.FILE].content, b"")
    there = [name for name in values_files if not ignore_missing or _rooted(name) in files]
    if there:
        found[_VALUES] = File(_merged(files, there), 0o100644)
    found = _with_dependencies(chart.name, found)
    content = archive.pack({f"{chart.name}/{name}": file for name, file in found.items()})
    return Chart(chart.name, chart.version, chart.app_version, content, tuple(there))


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a chart in an index.

    Raises:
        ChartError: It cannot.
    """
    if not _NAME.fullmatch(name):
        rule = "lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)"
        why = f"invalid chart name '{name}': a valid name must be {rule}"
        raise ChartError("InvalidChartReference", f"invalid chart reference: {why}")


def choose(name: str, entries: Sequence[Object], wanted: str) -> Object:
    """The entry of an index with the highest version that is allowed; a single version need not be exact.

    Raises:
        ChartError: There is none.
    """
    if not entries:
        raise ChartError("InvalidChartReference", f"{_NO_VERSION}: no chart name found")
    try:
        allowed = Range.read(wanted or "*")
    except VersionError as error:
        raise ChartError("InvalidChartReference", f"{_NO_VERSION}: {error}") from error
    fitting = []
    for entry in entries:
        version = parse(str(entry.get("version", "")))
        if version is not None and (version in allowed or entry["version"] == wanted):
            fitting.append((version, entry))
    if not fitting:
        why = f"no '{name}' chart with version matching '{wanted}' found"
        raise ChartError("InvalidChartReference", f"{_NO_VERSION}: {why}")
    return max(fitting, key=lambda pair: pair[0])[1]


def merge(base: Any, more: Any) -> Any:
    """Values on top of others: maps field by field, everything else whole."""
    if isinstance(base, dict) and isinstance(more, dict):
        return {**base, **{key: merge(base.get(key), value) for key, value in more.items()}}
    return more


def _chart(metadata: bytes, content: bytes) -> Chart:
    try:
        told, _ = load(metadata)
        return Chart(str(told["name"]), str(told["version"]), str(told.get("appVersion") or ""), content)
    except (ValueError, TypeError, KeyError) as error:
        message = f"invalid chart reference: Chart.yaml has no name and version: {error}"
        raise ChartError("InvalidChartReference", message) from error


def _versioned(file: File, metadata: str) -> File:
    chart = _chart(file.content, b"")
    told, _ = load(file.content)
    told["version"] = f"{chart.version.partition('+')[0]}+{metadata}"
    return File(yaml.safe_dump(told, sort_keys=False).encode(), file.mode)


def _rooted(name: str) -> str:
    return posixpath.normpath(f"/{name}").lstrip("/")


def _merged(files: Mapping[str, File], names: Sequence[str]) -> bytes:
    values: Any = {}
    for name in names:
        file = files.get(_rooted(name))
        if file is None:
            where = f"'/{_rooted(name)}' (reference '{name}')"
            raise ChartError("ValuesFilesError", f"values files merge error: no values file found at path {where}")
        try:
            more, _ = load(file.content)
        except ValueError as error:
            message = f"values files merge error: unmarshaling values from '{name}' failed: {error}"
            raise ChartError("ValuesFilesError", message) from error
        values = merge(values, more or {})
    return yaml.safe_dump(values, sort_keys=False).encode()


def _with_dependencies(name: str, files: dict[str, File]) -> dict[str, File]:
    """The files with the charts that it depends on below ``charts``, which helm fetches."""
    told, _ = load(files[helm.FILE].content)
    if not told.get("dependencies") or any(path.startswith("charts/") for path in files):
        return files
    with tempfile.TemporaryDirectory(prefix="chart-") as place:
        folder = Path(place) / name
        archive.unpack(archive.pack(files), folder)
        try:
            helm.run(["dependency", "build", str(folder)], timeout=60.0)
        except helm.NoHelmError:
            raise
        except RenderError as error:
            raise ChartError("DependencyBuildError", f"dependency build error: {error.message}") from error
        charts = {f"charts/{file.name}": File(file.read_bytes(), 0o100644) for file in (folder / "charts").iterdir()}
    return {**files, **charts}
