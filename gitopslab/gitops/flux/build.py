"""From an artifact to the objects of a Kustomization: unpack, generate, build, substitute.

Pure but for a temporary folder and the kustomize process, so it runs in a thread (``gitops.work``).
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitopslab.errors import RenderError
from gitopslab.gitops.flux.decryption import check_readable
from gitopslab.gitops.render import confined, generated, kustomize, substitution
from gitopslab.gitops.source import archive
from gitopslab.machinery.go_yaml import written
from gitopslab.machinery.objects import Object

_NUMBERS = 2**32
_BETWEEN = "\n---\n"
_MISFIT = re.compile(r"invalid Kustomization: (json: .*)", re.DOTALL)
_ABSENT = re.compile(r"open (/\S+): no such file or directory")


class PathError(RenderError):
    """The path of a Kustomization is not in its source."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave.

    Attributes:
        objects: In kustomize's order.
        digest: ``sha256:…`` of them as YAML, by which the history tells builds apart.
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
            text = kustomize.output(folder, timeout=timeout)
            objects = kustomize.read(text)
        except kustomize.NamelessError:
            raise
        except RenderError as error:
            raise RenderError(_said(error.message, root)) from error
    finished = tuple(_finished(obj, spec, variables) for obj in objects)
    return Built(finished, _digest(text, objects, finished))


def _digest(text: str, objects: Sequence[Object], finished: Sequence[Object]) -> str:
    """Of what kustomize would print if the variables were filled in already."""
    documents = text.split(_BETWEEN)
    for at, (before, after) in enumerate(zip(objects, finished, strict=True)):
        if before is not after:
            documents[at] = written(after, folds=False).removesuffix("\n" if at + 1 < len(documents) else "")
    return f"sha256:{hashlib.sha256(_BETWEEN.join(documents).encode()).hexdigest()}"


def _said(error: str, root: Path) -> str:
    """Kustomize's error, in the words of Flux, which reads the first kustomization itself and guards its files."""
    if match := _MISFIT.fullmatch(error):
        return f"error unmarshaling JSON: while decoding JSON: {match[1]}"

    def guarded(match: re.Match[str]) -> str:
        if Path(match[1]).is_relative_to(root):
            return match[0]
        return f"fs-security-constraint read {match[1]}: path '{match[1]}' is not in or below '{root}'"

    return f"kustomize build failed: {_ABSENT.sub(guarded, error)}"


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
    wanted = root / posixpath.normpath(f"/{path}").lstrip("/")  # what leads out of the source begins at its root
    folder = wanted.resolve()
    if not folder.is_relative_to(root) or not folder.exists():
        raise PathError(f"kustomization path not found: stat {wanted}: no such file or directory")
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
