"""Layers: tar archives of what one step of a build added, changed or removed.

``write_layer`` makes one from a plan of what shall be in it, always the same bytes from the same plan; ``entries``
reads one back, verified and bounded. The builder, ``tree`` and ``unpack`` call it. Source: the OCI image specification,
``layer.md``: a file ``.wh.NAME`` removes NAME, ``.wh..wh..opq`` empties its folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from gitopslab.errors import ImageError
from gitopslab.images.content import Content, Upload
from gitopslab.images.oci import LAYER, Descriptor

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
MOST_ENTRIES = 500_000
LARGEST_LAYER = 16 * 2**30  # unpacked: a small file can stand for endless zeros
_LARGEST_HEADER = 2**20  # of a long name or of extended attributes, which tarfile reads into memory
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of an image.

    Attributes:
        descriptor: Of the compressed archive, as it is kept and pushed.
        diff_id: The digest of the archive uncompressed, by which the config names it.
    """

    descriptor: Descriptor
    diff_id: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What shall be at one path of a layer.

    Attributes:
        kind: ``file``, ``folder`` or ``link``.
        mode: Permission bits.
        owner: User and group, as numbers.
        data: What is in a file: bytes, or the file to read.
        target: Where a symbolic link points.
    """

    kind: str
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)
    data: bytes | Path = b""
    target: str = ""


Plan = Mapping[str, Planned]
"""By path, without a slash in front."""


def write_layer(content: Content, plan: Plan, *, epoch: int = 0) -> Layer:
    """Make a layer and keep it.

    Args:
        content: Where.
        plan: What is in it.
        epoch: The time that every file gets, in seconds since the epoch.

    Raises:
        DiskFullError: There is no room.
        OSError: A planned file cannot be read.
    """
    with content.upload() as upload:
        squeezed = _Squeezer(upload)
        # folders come before what is in them
        with tarfile.open(fileobj=squeezed, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
            for path in sorted(plan, key=lambda each: each.split("/")):
                _put(archive, path, plan[path], epoch)
        squeezed.finish()
        digest, size = upload.commit(), upload.size
    return Layer(Descriptor(LAYER, digest, size), squeezed.diff_id)


def _put(archive: tarfile.TarFile, path: str, planned: Planned, epoch: int) -> None:
    header = tarfile.TarInfo(path)
    header.mode, header.mtime = planned.mode, epoch
    header.uid, header.gid = planned.owner
    if planned.kind == "folder":
        header.type = tarfile.DIRTYPE
        archive.addfile(header)
    elif planned.kind == "link":
        header.type, header.linkname = tarfile.SYMTYPE, planned.target
        archive.addfile(header)
    elif isinstance(planned.data, bytes):
        header.size = len(planned.data)
        archive.addfile(header, io.BytesIO(planned.data))
    else:
        with planned.data.open("rb") as file:
            header.size = planned.data.stat().st_size
            archive.addfile(header, file)


class _Squeezer(io.RawIOBase):
    """Compresses what is written and counts the digest of both sides. No name and no time go into the archive."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._gzip = zlib.compressobj(6, zlib.DEFLATED, 31)
        self._sum = hashlib.sha256()
        self._is_over = False

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._is_over:  # tarfile writes what it has buffered even after a write has failed
            return len(data)
        self._sum.update(data)
        try:
            self._upload.write(self._gzip.compress(data))
        except BaseException:
            self._is_over = True
            raise
        return len(data)

    def finish(self) -> None:
        """Write what is still held back."""
        self._upload.write(self._gzip.flush())

    @property
    def diff_id(self) -> str:
        """The digest of what was written, before compression."""
        return f"sha256:{self._sum.hexdigest()}"


def entries(content: Content, layer: Layer) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Everything in a layer in its order, each file open for reading until the next is asked for.

    Raises:
        ImageError: It is no layer we can read, it is too big, or its bytes are not those the config names.
    """
    with content.open(layer.descriptor.digest) as file:
        plain = _Unpacked(_uncompressed(file, layer), layer)
        try:
            source = cast("IO[bytes]", plain)  # tarfile asks for no more than reading
            with tarfile.open(fileobj=source, mode="r|", encoding="utf-8", tarinfo=_Header) as archive:
                for count, header in enumerate(archive):
                    if count > MOST_ENTRIES:
                        raise _bad(layer, f"has more than {MOST_ENTRIES} entries")
                    yield header, archive.extractfile(header) if header.isreg() else None
                    cast("Any", archive).members = []  # tarfile would keep every header
            while plain.read(_CHUNK):  # what pads the archive belongs to its digest too
                pass
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _bad(layer, f"is no archive that can be read ({error})") from error
    if plain.diff_id != layer.diff_id:
        raise _bad(layer, f"unpacks to {plain.diff_id}, not to {layer.diff_id} as the image's config says")


class _Header(tarfile.TarInfo):
    """A header that may not be endless."""

    _LONG = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in self._LONG and self.size > _LARGEST_HEADER:
            raise tarfile.HeaderError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; empty at the end."""
        ...


def _uncompressed(file: IO[bytes], layer: Layer) -> Readable:
    start = file.read(4)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=file, mode="rb")
    if start == b"\x28\xb5\x2f\xfd":
        # Simplified: layers compressed with zstd, which OCI allows too, are refused.
        raise _bad(layer, "is compressed with zstd, which the lab cannot read")
    return file


class _Unpacked:
    """The plain bytes of a layer, counted, with the digest of what was read."""

    def __init__(self, source: Readable, layer: Layer) -> None:
        self._source = source
        self._layer = layer
        self._sum = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self._sum.update(data)
        self._size += len(data)
        if self._size > LARGEST_LAYER:
            raise _bad(self._layer, f"unpacks to more than {LARGEST_LAYER // 2**30} GiB")
        return data

    @property
    def diff_id(self) -> str:
        """The digest of what was read so far."""
        return f"sha256:{self._sum.hexdigest()}"


def _bad(layer: Layer, why: str) -> ImageError:
    return ImageError(f"The layer {layer.descriptor.digest} {why}", "Build or push the image again.")
