"""The notebooks and exercises that ship with the package, and a learner's own copy of them.

``gitopslab lab`` calls ``copy_to``: it brings a folder up to date without ever overwriting what the learner changed.
What a file was when the lab wrote it is kept as a hash beside it, so "changed by the learner" and "older than ours"
can be told apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from gitopslab.errors import SetupError
from gitopslab.machinery.language import ENGLISH

_MANIFEST = Path(".gitopslab") / "content.json"
_SCHEMA = 1


def notebooks() -> Path:
    """The folder of the notebooks: inside an installed wheel, or the repository's in an editable install.

    Raises:
        SetupError: The package was installed without them.
    """
    return _folder("notebooks")


def exercises() -> Path:
    """The folder of the exercises, found as the notebooks are.

    Raises:
        SetupError: The package was installed without them.
    """
    return _folder("exercises")


def _folder(name: str) -> Path:
    package = Path(str(files("gitopslab")))
    for candidate in (package / "_content" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise SetupError(f"The {name} did not come with this installation", "pip install --force-reinstall gitopslab")


def shipped() -> dict[str, Path]:
    """Everything a learner's folder holds, by its name there.

    That is the notebooks, and of each exercise its task and the files to work with; what would give it away stays in
    the package.
    """
    found = files_in(notebooks())
    for name, path in files_in(exercises()).items():
        exercise, _, rest = name.partition("/")
        if rest == "task.md" or rest.startswith("files/"):
            found[f"exercises/{exercise}/{rest.removeprefix('files/')}"] = path
    return found


def language_of(folder: Path) -> str:
    """The language that a learner's folder was filled in; empty when nothing says."""
    try:
        return str(json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["language"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def files_in(folder: Path) -> dict[str, Path]:
    """The files of a folder and those below it, by name; hidden ones are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith((".", "__")) for part in name.parts)
        if path.is_file() and not hidden:
            found[name.as_posix()] = path
    return found


@dataclass(slots=True)
class Copied:
    """What ``copy_to`` did, by file name.

    Attributes:
        new: Were not there.
        refreshed: Were as the lab had written them, and are now as they ship.
        kept: Were changed by the learner and left alone, while a newer version ships.
    """

    new: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def copy_to(folder: Path, source: Mapping[str, Path], language: str = ENGLISH) -> Copied:
    """Bring a learner's folder up to date with what ships.

    Args:
        folder: The learner's; made when it is missing.
        source: What ships, by its name in the learner's folder.
        language: Which it is in; the folder remembers it.

    Raises:
        SetupError: The folder cannot be written.
    """
    done = Copied()
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"{folder} is a file, not a folder", "Choose another: gitopslab lab --dir ~/gitopslab-lab")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = _manifest(folder)
        for name, path in source.items():
            _copy_one(name, path, folder / name, written, done)
        _write_manifest(folder, written, language)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be written: {error.strerror or error}",
            "Choose another: gitopslab lab --dir ~/gitopslab-lab",
        ) from error
    return done


def is_as_written(folder: Path, name: str) -> bool:
    """Whether a file of a learner's folder is still as the lab wrote it."""
    digest = _manifest(folder).get(name)
    return digest is not None and (folder / name).is_file() and _hash(folder / name) == digest


def _copy_one(name: str, source: Path, target: Path, written: dict[str, str], done: Copied) -> None:
    ours = _hash(source)
    if not target.exists():
        outcome: list[str] | None = done.new
    else:
        theirs = _hash(target)
        if theirs == ours:
            outcome = None
        elif theirs == written.get(name):
            outcome = done.refreshed
        else:
            if written.get(name) != ours:
                done.kept.append(name)
            return
    if outcome is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, beside)
        os.replace(beside, target)  # the old one or the new one, also on a disk that fills up
        outcome.append(name)
    written[name] = ours


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _manifest(folder: Path) -> dict[str, str]:
    try:
        content = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in content["files"].items()}
    except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError):
        return {}  # without it every file that differs counts as the learner's, which is the safe side


def _write_manifest(folder: Path, written: dict[str, str], language: str) -> None:
    path = folder / _MANIFEST
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    content = {"schema": _SCHEMA, "language": language, "files": written}
    beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(beside, path)
