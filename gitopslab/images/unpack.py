"""From an image to a folder with its files: what a container sees as ``/``.

The kubelet's runtime and ``docker run`` call it. An image may come from anywhere, so nothing in it can reach outside
the folder: names are taken from its root, links are followed inside it only, and what it unpacks to has bounds.
Simplified: files belong to whoever unpacks them, devices and pipes are left out, and set-user-ID bits are dropped; a
container engine, which is root, keeps them.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import shutil
import tarfile
from pathlib import Path
from typing import IO

from gitopslab.errors import ImageError
from gitopslab.images.content import Content, disk_error
from gitopslab.images.image import Image
from gitopslab.images.layers import OPAQUE, WHITEOUT, entries

_MOST_LINKS = 40
_CHUNK = 2**20
_LARGEST_IMAGE = 16 * 2**30


def unpack(content: Content, image: Image, target: Path) -> Path:
    """Make a folder with the files of an image; when it is there already, it is left as it is.

    The folder appears whole or not at all.

    Args:
        content: Where the layers are.
        image: Which.
        target: The folder to be made; its parent must be there.

    Raises:
        ImageError: A layer is missing, damaged, or would write outside the folder.
        DiskFullError: There is no room.
    """
    if target.exists():
        return target
    beside = target.with_name(f".{target.name}-{secrets.token_hex(6)}")
    try:
        beside.mkdir(mode=0o755)
        root = _Root(beside)
        for layer in image.layers:
            root.begin_layer()
            for header, file in entries(content, layer):
                root.apply(header, file)
        _take_place(beside, target)
    except OSError as error:
        raise disk_error(target, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _take_place(beside: Path, target: Path) -> None:
    try:
        os.rename(beside, target)
    except OSError:
        if not target.exists():  # otherwise another process was first, with the same files
            raise


class _Root:
    """The folder that is being filled."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._size = 0
        self._made: set[Path] = set()

    def begin_layer(self) -> None:
        """A whiteout removes what lower layers made, never what its own layer did."""
        self._made = set()

    def apply(self, header: tarfile.TarInfo, file: IO[bytes] | None) -> None:
        """Do what an entry of a layer says."""
        path = posixpath.normpath("/" + header.name).lstrip("/")
        folder, name = posixpath.split(path)
        if not name:
            return
        place = self._place(folder)
        if name == OPAQUE:
            self._empty(place)
        elif name.startswith(WHITEOUT):
            self._white_out(place / name.removeprefix(WHITEOUT))
        else:
            self._make(header, file, place / name)

    def _make(self, header: tarfile.TarInfo, file: IO[bytes] | None, path: Path) -> None:
        self._made.update((path, *path.parents))
        if header.isdir():
            if path.is_symlink() or not path.is_dir():
                _clear(path)
                path.mkdir()
            path.chmod(header.mode & 0o1777 | 0o700)  # whoever unpacks must be able to go on
        elif header.issym():
            _clear(path)
            path.symlink_to(header.linkname)
        elif header.islnk():
            self._link(header, path)
        elif file is not None:
            self._write(header, file, path)

    def _write(self, header: tarfile.TarInfo, file: IO[bytes], path: Path) -> None:
        self._size += header.size
        if self._size > _LARGEST_IMAGE:
            hint = "Use a smaller image."
            raise ImageError(f"The image unpacks to more than {_LARGEST_IMAGE // 2**30} GiB", hint)
        _clear(path)
        # never through a link that is there: the name is new
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            shutil.copyfileobj(file, out, _CHUNK)
        path.chmod(header.mode & 0o777 | 0o400)

    def _link(self, header: tarfile.TarInfo, path: Path) -> None:
        folder, name = posixpath.split(posixpath.normpath("/" + header.linkname).lstrip("/"))
        origin = self._place(folder) / name
        if origin.is_symlink() or not origin.is_file():
            raise ImageError(f"The image's {header.name} is a hard link to nothing", "Build the image again.")
        if origin != path:
            _clear(path)
            os.link(origin, path)

    def _place(self, folder: str) -> Path:
        """The real folder of a path in the image; links on the way are followed inside the root, as in a container."""
        parts, found, links = [part for part in folder.split("/") if part], self._root, 0
        while parts:
            part = parts.pop(0)
            if part == "..":
                found = found.parent if found != self._root else found
                continue
            here = found / part
            if here.is_symlink():
                links += 1
                if links > _MOST_LINKS:
                    raise ImageError(f"The image's links at {folder} go round in a circle", "Build the image again.")
                target = os.readlink(here)
                parts = [each for each in target.split("/") if each not in ("", ".")] + parts
                found = self._root if target.startswith("/") else found
                continue
            if not here.is_dir():
                here.unlink(missing_ok=True)
                here.mkdir()
            found = here
        return found

    def _empty(self, folder: Path) -> None:
        for each in list(folder.iterdir()):
            self._white_out(each)

    def _white_out(self, path: Path) -> None:
        if path not in self._made:
            _clear(path)
        elif path.is_dir() and not path.is_symlink():
            self._empty(path)


def _clear(path: Path) -> None:
    """Make a path free."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
