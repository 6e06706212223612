"""Renders a chart with the ``helm`` program of this machine: the lab has none of its own.

Argo CD's controller renders charts like this, and Flux's where it has to know what a release would hold. What goes
wrong is told in helm's own words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gitopslab.errors import ManifestError, RenderError
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object

FILE = "Chart.yaml"
"""What makes a folder a chart."""

_MOST_BYTES = 64 * 1024 * 1024
_running: set[subprocess.Popen[bytes]] = set()
_NOT_BUILT = ("missing in charts/ directory", "must run `helm dependency")


class NoHelmError(RenderError):
    """There is no ``helm`` on this machine."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a chart is rendered for.

    Attributes:
        name: Of the release.
        namespace: Where it goes; templates see it, and objects that name none are left without.
        files: Files of values, the later ones stronger.
        sets: ``--set``: values of which helm finds the type, as ``a.b=1``.
        strings: ``--set-string``: values that are text.
        set_files: ``--set-file``: values that are the contents of files.
        kube_version: Of the cluster, for the chart's conditions; empty for helm's own guess.
        api_versions: Of the cluster, for the chart's conditions.
        crds: With what is in the chart's ``crds`` folder.
        tests: With the chart's test hooks.
        schema: Check the values with the chart's schema.
    """

    name: str
    namespace: str
    files: Sequence[Path] = ()
    sets: Sequence[str] = ()
    strings: Sequence[str] = ()
    set_files: Sequence[str] = ()
    kube_version: str = ""
    api_versions: Sequence[str] = ()
    crds: bool = True
    tests: bool = True
    schema: bool = True

    @property
    def arguments(self) -> list[str]:
        """What ``helm template`` is told after the chart."""
        found = ["--name-template", self.name, "--namespace", self.namespace]
        found += ["--kube-version", self.kube_version] if self.kube_version else []
        for option, values in (
            ("--set", self.sets), ("--set-string", self.strings), ("--set-file", self.set_files),
            ("--values", map(str, self.files)), ("--api-versions", self.api_versions),
        ):  # fmt: skip
            found += [word for value in values for word in (option, value)]
        flags = (("--include-crds", self.crds), ("--skip-schema-validation", not self.schema))
        found += [flag for flag, is_set in (*flags, ("--skip-tests", not self.tests)) if is_set]
        return found


def program() -> str:
    """Where helm is; looked for anew each time, so that one that is installed now is found now.

    Raises:
        NoHelmError: It is nowhere on the PATH.
    """
    found = shutil.which("helm")
    if found is None:
        raise NoHelmError(
            "helm is not installed on this machine, so charts cannot be rendered",
            "Put helm on the PATH (https://helm.sh/docs/intro/install), or use a folder of YAML or a kustomization",
        )
    return found


def major() -> int:
    """Which major version helm has.

    Raises:
        NoHelmError: There is no helm.
        RenderError: It does not say.
    """
    return _major(program())


@lru_cache(maxsize=8)
def _major(path: str) -> int:
    told = run(["version", "--template", "{{.Version}}"], timeout=20.0)
    digits = told.strip().removeprefix("v").partition(".")[0]
    if not digits.isdigit():
        raise RenderError(f"{path} does not say which version it has: {told.strip()}")
    return int(digits)


def template(chart: Path, release: Release, *, timeout: float = 60.0) -> list[Object]:
    """The objects of a chart, hooks among them, in the order helm gives them.

    Charts it depends on are fetched when they are not in its ``charts`` folder.

    Args:
        chart: The folder with ``Chart.yaml``, or a packed chart.
        release: What it is rendered for.
        timeout: Seconds after which it is given up.

    Raises:
        NoHelmError: There is no helm.
        RenderError: With helm's own words.
    """
    words = ["template", str(chart), *release.arguments]
    try:
        text = run(words, timeout=timeout)
    except RenderError as error:
        if isinstance(error, NoHelmError) or not any(part in error.message for part in _NOT_BUILT):
            raise
        run(["dependency", "build", str(chart)], timeout=timeout)
        text = run(words, timeout=timeout)
    try:
        return objects(text, "helm template")
    except ManifestError as error:
        raise RenderError(error.message) from error


def run(arguments: Sequence[str], *, timeout: float, environment: Mapping[str, str] | None = None) -> str:
    """What helm prints.

    Args:
        arguments: Of helm.
        timeout: Seconds after which it is given up.
        environment: More variables, such as ``KUBECONFIG``; without it helm reaches no cluster.

    Raises:
        NoHelmError: There is no helm.
        RenderError: With helm's own words.
    """
    helm = program()
    with tempfile.TemporaryDirectory(prefix="helm-") as place:
        process = subprocess.Popen(
            [helm, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**_environment(Path(place)), **(environment or {})},
        )  # fmt: skip
        _running.add(process)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise RenderError(f"helm did not end within {timeout:.0f}s") from None
        finally:
            _running.discard(process)
    if process.returncode:
        raise RenderError(_said(err))
    if len(out) > _MOST_BYTES:
        raise RenderError(f"helm gives more than {_MOST_BYTES} bytes")
    return out.decode(errors="replace")


def stop() -> None:
    """End every helm that runs: whom it works for goes away."""
    for process in list(_running):
        process.terminate()


def _said(stderr: bytes) -> str:
    """Helm's error, without the lines that only warn."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    kept = [line for line in lines if not line.startswith(("WARNING:", "level=", "coalesce.go", "walk.go"))]
    return "\n".join(kept).removeprefix("Error: ").strip() or "helm failed and did not say why"


def _environment(place: Path) -> dict[str, str]:
    """Enough to run, a home of its own, and nothing that would reach a cluster."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    homes = {f"HELM_{word}_HOME": str(place / word.lower()) for word in ("CACHE", "CONFIG", "DATA")}
    return {**kept, **homes, "HOME": str(place), "KUBECONFIG": os.devnull}
