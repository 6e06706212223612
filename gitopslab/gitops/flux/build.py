"""From an artifact to the objects of a Kustomization: unpack, generate, build, substitute.

Pure but for a temporary folder and the kustomize process, so it runs in a thread (``gitops.work``).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitopslab.errors import RenderError
from gitopslab.gitops.flux.decryption import check_readable
from gitopslab.gitops.render import confined, generated, kustomize, substitution
from gitopslab.gitops.source import archive
from gitopslab.machinery.objects import Object

_NUMBERS = 2**32


class PathError(RenderError):
    """The path of a Kustomization is not in its source."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave.

    Attributes:
        objects: In kustomize's order.
        digest: ``sha256:…`` of them, by which the history tells builds apart.
    """

    objects: tuple[Object, ...]
    digest: str


def build(content: bytes, spec: Object, variables: Mapping[str, str] | RenderError, timeout: float) -> Built:
    """The objects that an artifact holds for a Kustomization.

    Args:
        content: The artifact.
        spec: Of the Kustomization.
        variables: For ``${…}``; or why they cannot be had, which is told of the first object that wants them.
        timeout: Seconds for the whole build.

    Raises:
        PathError: ``spec.path`` is not there.
        RenderError: The build fails; the message is Flux's.
    """
    with _room() as root:
        archive.unpack(content, root)
        folder = _folder(root, spec.get("path") or "")
        generated.write(folder, spec)
        try:
            confined.check(root)
            objects = kustomize.build(folder, timeout=timeout)
        except kustomize.NamelessError:
            raise
        except RenderError as error:
            raise RenderError(f"kustomize build failed: {error.message}") from error
    objects = [_finished(obj, spec, variables) for obj in objects]
    text = json.dumps(objects, sort_keys=True).encode()
    return Built(tuple(objects), f"sha256:{hashlib.sha256(text).hexdigest()}")


@contextmanager
def _room() -> Iterator[Path]:
    """A folder for one build, named as Go names it, since errors name it; it goes afterwards."""
    root = Path(tempfile.gettempdir()).resolve() / f"kustomization-{secrets.randbelow(_NUMBERS)}"
    root.mkdir(mode=0o700)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _folder(root: Path, path: str) -> Path:
    folder = (root / path.lstrip("/")).resolve()
    if not folder.is_relative_to(root) or not folder.exists():
        raise PathError(f"kustomization path not found: stat {root / path.lstrip('./')}: no such file or directory")
    if not folder.is_dir():
        file = folder / kustomize.FILES[0]
        raise RenderError(f"open {file}: not a directory remove {file}: not a directory")
    return folder


def _finished(obj: Object, spec: Object, variables: Mapping[str, str] | RenderError) -> Object:
    """An object as it is applied."""
    check_readable(obj, spec)
    if "postBuild" not in spec or substitution.is_left_alone(obj):
        return obj
    try:
        return _substituted(obj, spec["postBuild"], variables)
    except RenderError as error:
        raise RenderError(f"post build failed for '{substitution.title(obj)}': {error.message}") from error


def _substituted(obj: Object, post_build: Object, variables: Mapping[str, str] | RenderError) -> Object:
    if isinstance(variables, RenderError):
        raise variables
    if not (variables or post_build.get("substituteStrategy") == "Always"):
        return obj
    try:
        substitution.check_names(variables)
        return substitution.substituted(obj, variables)
    except RenderError as error:
        raise RenderError(f"envsubst error: {error.message}") from error
