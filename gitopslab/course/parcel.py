"""The file in which a learner's work travels: a zip that ``exporting`` writes and ``importing`` reads.

::

    gitopslab.json    when it was made, of which cluster, in which language, each file's time, what was left out
    folder/…          the learner's files, by their names in the working folder
    cluster/…         an embedded cluster's objects
    forge/…           Git repositories, pipelines, images

It is bounded on both sides: what is too large is left out and named, and a file that somebody else made can neither
fill the disk nor write outside of the folder it is unpacked to.
"""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from gitopslab.clusters.snapshot import PROGRAMS
from gitopslab.errors import LabError

SCHEMA = 1
MOST_BYTES = 256 * 1024 * 1024
"""Of everything in it, before it is packed."""

_ABOUT = "gitopslab.json"
_MAKE = "Make one where the work is: gitopslab progress export FILE"
_MOST_FILES = 50_000
_PLACES = ("folder", "cluster", "forge")
_OF_THIS_MACHINE = re.compile(r"^folder/\.gitopslab/(?!progress\.json$)|(^|/)\.git/config$")


class ParcelError(LabError):
    """A file of exported work cannot be read."""


@dataclass(slots=True)
class About:
    """What a parcel says of itself.

    Attributes:
        version: Of the lab that made it.
        made: In seconds since the epoch.
        cluster: Kind and name; empty when no cluster's state is in it.
        language: Of the folder; empty when it does not say.
        times: When each file of the folder was changed, by its name there.
        left_out: What is not in it, in words.
    """

    version: str
    made: float = field(default_factory=time.time)
    cluster: str = ""
    language: str = ""
    times: dict[str, float] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


class Packing:
    """A parcel that is being made.

    Args:
        about: Written last.
        archive: The open zip.
    """

    def __init__(self, about: About, archive: zipfile.ZipFile) -> None:
        self.about = about
        self._archive = archive
        self._room = MOST_BYTES

    def add(self, what: str, files: dict[str, Path]) -> None:
        """Put files in, all of them or, when there is no room for them, none."""
        size = sum(path.stat().st_size for path in files.values())
        if size > self._room:
            self.about.left_out.append(f"{what} ({size / 2**20:.0f} MB)")
            return
        self._room -= size
        for name, path in files.items():
            if path.is_dir():
                self._archive.writestr(f"{name}/", b"")
            else:
                self._archive.writestr(name, path.read_bytes(), compress_type=zipfile.ZIP_DEFLATED)

    def finish(self) -> None:
        """Write what it says of itself."""
        self._archive.writestr(_ABOUT, json.dumps({"schema": SCHEMA, **asdict(self.about)}, indent=2))


def opened(path: Path) -> tuple[About, zipfile.ZipFile]:
    """A parcel to be read; the caller closes it.

    Raises:
        ParcelError: It is none, was made by a newer lab, or holds what no export puts into it.
    """
    try:
        archive = zipfile.ZipFile(path)
        content = json.loads(archive.read(_ABOUT))
        schema = content.pop("schema")
        about = About(**content) if schema == SCHEMA else None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        if not path.is_file():
            raise ParcelError(f"There is no file {path}", _MAKE) from error
        raise ParcelError(f"{path} is not exported work of the lab: {error}", _MAKE) from error
    if about is None:
        raise ParcelError(f"{path} was made by a newer lab (format {schema})", "Upgrade: pip install -U gitopslab")
    _must_be_harmless(path, archive)
    return about, archive


def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write all of a parcel below a folder; only its owner may read what is written."""
    for item in archive.infolist():
        target = folder / item.filename
        if item.is_dir():
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
        elif item.filename != _ABOUT:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(archive.read(item))


def _must_be_harmless(path: Path, archive: zipfile.ZipFile) -> None:
    items = [item for item in archive.infolist() if item.filename != _ABOUT]
    strange = [item.filename for item in items if not travels(item.filename)]
    if strange or len({item.filename for item in items}) != len(items):
        what = strange[0] if strange else "a name twice"
        raise ParcelError(f"{path} holds {what}, which no export puts there", _MAKE)
    if sum(item.file_size for item in items) > MOST_BYTES or len(items) > _MOST_FILES:
        raise ParcelError(f"{path} is larger than any export: more than {MOST_BYTES // 2**20} MB of files")


def travels(name: str) -> bool:
    """Whether a file of this name may be in a parcel: every machine can have it, below the folder, and runs none."""
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or any(part == ".." or ":" in part or "\\" in part for part in parts)
    return (
        len(parts) > 1
        and parts[0] in _PLACES
        and not (PROGRAMS.search(name) or _OF_THIS_MACHINE.search(name) or outside)
    )
