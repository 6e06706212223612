"""An artifact: a tree of files as a ``.tar.gz`` that is the same whenever the files are, and back again."""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
from collections.abc import Mapping
from pathlib import Path

from gitopslab.errors import RenderError
from gitopslab.gitops.git.remote import File

_LINK = 0o120000
_MOST_BYTES = 512 * 1024 * 1024


def pack(files: Mapping[str, File]) -> bytes:
    """Files as a ``.tar.gz``, without anything that changes from time to time."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files):
            file, entry = files[path], tarfile.TarInfo(path)
            entry.mode = file.mode & 0o777 or 0o644
            if file.mode == _LINK:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.content.decode(errors="surrogateescape")
                archive.addfile(entry)
            else:
                entry.size = len(file.content)
                archive.addfile(entry, io.BytesIO(file.content))
    return gzip.compress(tar.getvalue(), compresslevel=6, mtime=0)


def unpack(content: bytes, folder: Path) -> None:
    """Put the files of an archive into a folder, none of them outside it.

    Raises:
        RenderError: It is no archive, is too large, or would write outside the folder.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
            if sum(entry.size for entry in archive.getmembers()) > _MOST_BYTES:
                raise RenderError(f"the artifact holds more than {_MOST_BYTES} bytes")
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RenderError(f"failed to untar artifact: {error}") from error


def read(content: bytes) -> dict[str, File]:
    """The files of an archive by path; links are passed over, as source-controller passes them over.

    Raises:
        RenderError: It is no archive, is too large, or names what is outside it.
    """
    found: dict[str, File] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
            members = [entry for entry in archive.getmembers() if entry.isfile()]
            if sum(entry.size for entry in members) > _MOST_BYTES:
                raise RenderError(f"the artifact holds more than {_MOST_BYTES} bytes")
            for entry in members:
                path = posixpath.normpath(entry.name)
                if path.startswith(("/", "..")):
                    raise RenderError(f"tar contained invalid name error {entry.name!r}")
                data = archive.extractfile(entry)
                found[path] = File(data.read() if data is not None else b"", entry.mode)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RenderError(f"requires gzip-compressed body: {error}") from error
    return found
