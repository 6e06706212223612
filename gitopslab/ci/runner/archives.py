"""What a job leaves behind, as zip files: artifacts for later jobs, caches for later pipelines.

``execution`` packs and unpacks. An archive is there whole or not at all. Nothing outside the project's folder is
packed, nothing is unpacked outside of it, and neither grows beyond measure.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from gitopslab.errors import LabError

LARGEST = 512 * 1024 * 1024
"""Bytes that one archive may hold, unpacked."""

_MOST = 50_000
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def matching(folder: Path, patterns: Iterable[str], exclude: Iterable[str] = ()) -> list[Path]:
    """The files that patterns name; a folder stands for all in it.

    Args:
        folder: The project's; nothing outside it is found.
        patterns: Relative paths with ``*``, ``?``, ``[...]`` and ``**``.
        exclude: The same, of what is left out.

    Raises:
        LabError: There are too many.
    """
    root = folder.resolve()
    found: dict[Path, None] = {}
    for pattern in patterns:
        for path in _globbed(root, pattern):
            found.update(dict.fromkeys(_files(root, path)))
            if len(found) > _MOST:
                raise LabError(f"{pattern!r} names more than {_MOST} files", "Name fewer, or put them into one archive")
    left_out = {file for pattern in exclude for path in _globbed(root, pattern) for file in _files(root, path)}
    return sorted(path for path in found if path not in left_out)


def pack(archive: Path, folder: Path, files: Iterable[Path]) -> int:
    """Make an archive of files, and give its size.

    Raises:
        LabError: They are too large.
        OSError: There is no room.
    """
    root, total = folder.resolve(), 0
    archive.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = archive.with_name(f".{archive.name}.new")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for file in files:
                total += file.stat().st_size
                if total > LARGEST:
                    raise LabError(f"more than {LARGEST // 2**20} MiB are to be kept", "Keep less: see artifacts:paths")
                made.write(file, file.relative_to(root).as_posix())
        draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)
    return archive.stat().st_size


def unpack(archive: Path, folder: Path) -> int:
    """Put the files of an archive where they were, and tell how many.

    Raises:
        LabError: One of them would lie elsewhere, or they are too large.
    """
    root, total, count = folder.resolve(), 0, 0
    with zipfile.ZipFile(archive) as made:
        for item in made.infolist():
            total += item.file_size
            target = (root / item.filename).resolve()
            if not target.is_relative_to(root) or total > LARGEST:
                raise LabError(f"{item.filename!r} of {archive.name} cannot be unpacked here")
            if item.is_dir():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with made.open(item) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            os.chmod(target, stat.S_IMODE(item.external_attr >> 16) or 0o644)
            count += 1
    return count


def file_name(key: str) -> str:
    """A file's name for a cache's key: readable, and different for different keys."""
    return f"{_UNSAFE.sub('-', key)[:60]}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.zip"


def _globbed(root: Path, pattern: str) -> Iterator[Path]:
    relative = pattern.strip().removeprefix("./").rstrip("/") or "."
    if relative == ".":
        yield root
    elif not Path(relative).is_absolute() and ".." not in Path(relative).parts:
        yield from root.glob(relative)


def _files(root: Path, path: Path) -> Iterator[Path]:
    """The files at a path or below it, without Git's own and links that lead elsewhere."""
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        inside = file.resolve().is_relative_to(root)
        if file.is_file() and inside and ".git" not in file.relative_to(root).parts:
            yield file
