"""Builds a folder with the real kustomize, which is part of the kubectl that comes with the lab.

Controllers call it in a thread (``gitops.work``), because a process takes a tenth of a second. What goes wrong is told
in kustomize's own words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from gitopslab.errors import ManifestError, RenderError
from gitopslab.machinery.kubectl import executable
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What kustomize takes for the description of a folder, in its order."""

_MOST_BYTES = 64 * 1024 * 1024
_FAULT = re.compile(
    r"accumulating resources: (?:accumulation err=')?accumulating resources from '[^']*': "
    r"(.*?)(?: in File: \S+|': must build at directory: .*)",
    re.DOTALL,
)


class BuildError(RenderError):
    """A build that failed.

    Args:
        message: In kustomize's words.
        warnings: The lines with which it warned before.
    """

    def __init__(self, message: str, warnings: tuple[str, ...]) -> None:
        super().__init__(message)
        self.warnings = warnings


class NamelessError(RenderError):
    """What came out of a build is no Kubernetes object."""


def kustomization_of(folder: Path) -> Path | None:
    """The file that makes a folder a kustomization, or None."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def build(folder: Path, *, timeout: float = 60.0, confined: bool = False) -> list[Object]:
    """The objects of a kustomization, in the order kustomize gives them.

    Args:
        folder: Holds one of ``FILES``; it may refer to folders beside and above it.
        timeout: Seconds after which it is given up.
        confined: Refuse files that are not below the folder of the kustomization that names them.

    Raises:
        RenderError: With kustomize's own words.
    """
    return read(output(folder, timeout=timeout, confined=confined))


def output(folder: Path, *, timeout: float = 60.0, confined: bool = False) -> str:
    """What kustomize prints for a folder, with the arguments and errors of ``build``."""
    restrictor = "LoadRestrictionsRootOnly" if confined else "LoadRestrictionsNone"
    try:
        answer = subprocess.run(
            [executable(), "kustomize", str(folder), f"--load-restrictor={restrictor}"],
            capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RenderError(f"the build did not end within {timeout:.0f}s") from None
    if answer.returncode:
        raise _failed(answer.stderr, folder)
    if len(answer.stdout) > _MOST_BYTES:
        raise RenderError(f"the build gives more than {_MOST_BYTES} bytes")
    return answer.stdout.decode()


def read(text: str) -> list[Object]:
    """The objects in what kustomize printed.

    Raises:
        NamelessError: One is no Kubernetes object.
        RenderError: It is no YAML.
    """
    try:
        return objects(text, "kustomize build")
    except ManifestError as error:
        raise _nameless(text) or RenderError(error.message) from error


def fault_of(file: Path) -> str:
    """What kustomize finds wrong with a file of manifests, in its own words; empty for nothing.

    Args:
        file: YAML.
    """
    with tempfile.TemporaryDirectory(prefix="kustomization-") as place:
        (Path(place) / "manifest.yaml").write_bytes(file.read_bytes())
        (Path(place) / FILES[0]).write_text("resources: [./manifest.yaml]\n", encoding="utf-8")
        try:
            build(Path(place))
        except NamelessError:
            return ""
        except RenderError as error:
            match = _FAULT.fullmatch(error.message)
            return match[1] if match else error.message
    return ""


def _nameless(text: str) -> NamelessError | None:
    """The error for the first document that has no apiVersion, kind or name."""
    for document in yaml.safe_load_all(text):
        metadata = document.get("metadata") or {}
        if not (document.get("apiVersion") and document.get("kind") and metadata.get("name")):
            said = json.dumps(document, sort_keys=True, separators=(",", ":"))
            return NamelessError(f"failed to decode Kubernetes apiVersion, kind and name from: {said}")
    return None


def _failed(stderr: bytes, folder: Path) -> BuildError:
    """Kustomize's error, and apart from it the lines that only warn."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    warnings = tuple(line for line in lines if line.startswith(("# Warning", "Warning:")))
    said = "\n".join(line for line in lines if line not in warnings).removeprefix("error: ").strip()
    return BuildError(said or f"kustomize failed on {folder.name}", warnings)


def _environment() -> dict[str, str]:
    """Enough to run, and nothing that would change what comes out or reach a cluster."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": tempfile.gettempdir(), "KUBECONFIG": os.devnull}
