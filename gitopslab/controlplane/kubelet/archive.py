"""``tar`` for the tiny shell: what ``kubectl cp`` runs in a container, ``tar cf - PATH`` and ``tar xmf - -C DIR``.

``commands`` lists it. Archives come from stdin and go to stdout only, and are held in memory while they are read or
written, so they are bounded; file names are kept inside of the container's own files. The format is Python's
``tarfile``'s business.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from gitopslab.controlplane.kubelet.session import Play, Session, Wanted

_LARGEST = 34 * 1024 * 1024
_PIECE = 64 * 1024
_FATAL = "tar: Exiting with failure status due to previous errors"


def tar(session: Session, arguments: list[str]) -> Play:
    """Pack files to stdout, or unpack files from stdin."""
    options = next(iter(arguments), "").lstrip("-")
    directory, names, rest = session.cwd, [], iter(arguments[1:])
    for word in rest:
        if word == "-C":
            directory = session.path(next(rest, "."))
        elif word not in ("-", "-f", "--no-same-owner", "--warning=no-unknown-keyword"):
            names.append(word)
    if not session.is_directory(directory):
        yield session.complain(f"tar: can't change directory to '{directory}': No such file or directory")
    elif "c" in options:
        yield from _pack(session, directory, names)
    elif "x" in options:
        yield from _unpack(session, directory)
    else:
        yield session.complain("tar: must specify exactly one of -c -t -x -A -r -u --delete", 2)


def _pack(session: Session, directory: str, names: list[str]) -> Play:
    packed, missing = io.BytesIO(), []
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            path = session.path(f"{directory}/{name}" if not name.startswith("/") else name)
            found = sorted(_below(session, path))
            missing += [] if found else [name]
            for one in found:
                _add(archive, session, one, name.strip("/") + one[len(path) :])
    for name in missing:  # before the archive: kubectl cp looks no further than to its end
        yield session.complain(f"tar: {name}: No such file or directory")
    packed.seek(0)
    while piece := packed.read(_PIECE):
        yield session.say(piece.decode("utf-8", "surrogateescape"), end="")
    if missing:
        yield session.complain(_FATAL)


def _below(session: Session, path: str) -> Iterator[str]:
    """A file, or a directory (its name ends in a slash) with all that is in it."""
    if path in session.files:
        yield path
    elif session.is_directory(path):
        inside = path.rstrip("/") + "/"
        yield inside
        yield from (name for name in session.paths() if name.startswith(inside) and name != inside)


def _add(archive: tarfile.TarFile, session: Session, path: str, name: str) -> None:
    entry = tarfile.TarInfo(name.rstrip("/"))
    entry.mtime = int(session.began + session.at)
    if path.endswith("/"):
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return
    contents = session.files[path].encode("utf-8", "surrogateescape")
    entry.size = len(contents)
    archive.addfile(entry, io.BytesIO(contents))


def _unpack(session: Session, directory: str) -> Play:
    received = io.BytesIO()
    while (piece := (yield Wanted.PIECE)) is not None:
        received.write(piece.encode("utf-8", "surrogateescape"))
        if received.tell() > _LARGEST:
            yield session.complain("tar: write error: No space left on device")
            return
    received.seek(0)
    try:
        with tarfile.open(fileobj=received, mode="r:") as archive:
            for entry in archive:
                _extract(archive, session, entry, directory)
    except (tarfile.TarError, EOFError):
        yield session.complain("tar: short read")
    except OSError as error:
        yield session.complain(f"tar: write error: {error.strerror}")


def _extract(archive: tarfile.TarFile, session: Session, entry: tarfile.TarInfo, directory: str) -> None:
    """Simplified: links and devices are left out; a real ``tar`` makes them."""
    path = session.path(directory + "/" + session.path("/" + entry.name))
    if entry.isdir():
        session.files[path.rstrip("/") + "/"] = ""
    elif entry.isfile() and (contents := archive.extractfile(entry)) is not None:
        session.write(path, contents.read().decode("utf-8", "surrogateescape"))
