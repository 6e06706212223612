"""Bytes on disk under their own digest, so that a file's name proves what is in it.

::

    root/blobs/sha256/2cf24d…   whole and never changed: `sha256sum` of the file is its name
    root/blobs/sha512/9b71d2…   those that somebody pushed under such a digest
    root/uploads/7f3a…          on their way; renamed into blobs once their digest is known

The builder, the client and the registry keep everything here. Whatever stops a write (a full disk, a cut connection, a
killed process) leaves only a file in ``uploads``, which ``tidy`` removes. Several processes may use one folder.
What the bytes mean, and which names point at them, is left to ``tags`` and ``oci``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from gitopslab.errors import DiskFullError, ImageError
from gitopslab.images.oci import LARGEST_MANIFEST, SHA256, SHA512, algorithm_of, digest_of
from gitopslab.images.reference import is_digest

LARGEST_BLOB = 8 * 2**30
_CHUNK = 2**20
_UPLOAD_NAME = re.compile(r"[0-9a-f]{32}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Content:
    """The blobs of one folder, which is made when it is not there.

    Args:
        root: The folder; its owner alone may read it.
        largest: How many bytes one blob may have.
    """

    def __init__(self, root: Path, *, largest: int = LARGEST_BLOB) -> None:
        self.root = root
        self.largest = largest
        self._blobs = root / "blobs"
        self.uploads = root / "uploads"
        for folder in (root, self._blobs / SHA256, self._blobs / SHA512, self.uploads):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    # ---- reading ----

    def path(self, digest: str) -> Path:
        """Where a blob is, or would be.

        Raises:
            ImageError: ``DIGEST_INVALID``: this is not a digest.
        """
        if not is_digest(digest):
            raise ImageError(f"{digest[:80]!r} is not a digest", "Write sha256: and 64 digits.", code="DIGEST_INVALID")
        return self._blobs.joinpath(*digest.split(":"))

    def has(self, digest: str) -> bool:
        """Whether the blob is here, whole."""
        return self.path(digest).is_file()

    def claim(self, digest: str) -> bool:
        """Whether the blob is here; if so it counts as new (``age``), so that nobody takes it for left over."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def age(self, digest: str) -> float:
        """Seconds since a blob was written or claimed; 0 when it is gone."""
        try:
            return time.time() - self.path(digest).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def size(self, digest: str) -> int:
        """How many bytes a blob has.

        Raises:
            ImageError: ``BLOB_UNKNOWN``.
        """
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            raise _unknown(digest) from None

    def open(self, digest: str) -> BufferedReader:
        """A blob, to be read in pieces. Not verified: ``read`` does that, and ``layers.entries``.

        Raises:
            ImageError: ``BLOB_UNKNOWN``.
        """
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise _unknown(digest) from None

    def read(self, digest: str, *, most: int = LARGEST_MANIFEST) -> bytes:
        """A small blob whole, such as a manifest; verified.

        Raises:
            ImageError: ``BLOB_UNKNOWN``; ``SIZE_INVALID``, it has more than ``most`` bytes; ``DIGEST_INVALID``, the
                file was changed behind our back.
        """
        with self.open(digest) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise ImageError(
                f"{digest} has more than {most} bytes", "It is not what it was taken for.", code="SIZE_INVALID"
            )
        if digest_of(data, algorithm_of(digest)) != digest:
            raise self._damaged(digest)
        return data

    def digests(self) -> Iterator[str]:
        """Every blob, in no order."""
        for path in self._blobs.glob("*/*"):
            if is_digest(found := f"{path.parent.name}:{path.name}"):
                yield found

    def _damaged(self, digest: str) -> ImageError:
        hint = f"Delete {self.path(digest)} and push, pull or build the image again."
        return ImageError(f"{digest} is damaged: its bytes give another digest", hint, code="DIGEST_INVALID")

    # ---- writing ----

    def add(self, data: bytes, algorithm: str = SHA256) -> str:
        """Keep these bytes and give their digest; those that are here already are kept once."""
        digest = digest_of(data, algorithm)
        if not self.claim(digest):
            with self.upload() as upload:
                upload.write(data)
                upload.commit(digest)
        return digest

    def upload(self, name: str = "") -> Upload:
        """Begin a blob that comes in pieces, or go on with one that was begun (``Upload.name``).

        Raises:
            ImageError: ``BLOB_UPLOAD_UNKNOWN``: none of that name was begun, or it has ended.
        """
        if name and not (_UPLOAD_NAME.fullmatch(name) and (self.uploads / name).is_file()):
            hint = "Begin the upload again from its first byte."
            raise ImageError(f"no upload {name[:40]!r} is going on", hint, code="BLOB_UPLOAD_UNKNOWN")
        return Upload(self, name or secrets.token_hex(16), is_new=not name)

    def remove(self, digest: str) -> None:
        """Delete a blob.

        Raises:
            ImageError: ``BLOB_UNKNOWN``.
        """
        try:
            self.path(digest).unlink()
        except FileNotFoundError:
            raise _unknown(digest) from None

    def tidy(self, older_than: float = 86400.0) -> int:
        """Remove what uploads that ended badly left behind; gives how many there were.

        Args:
            older_than: Seconds since its last byte; less may be one that goes on in another process.
        """
        limit, removed = time.time() - older_than, 0
        for path in self.uploads.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime <= limit:
                    path.unlink()
                    removed += 1
        return removed


class Upload:
    """Bytes on their way to become a blob; with ``with``, what was not committed is thrown away at the end.

    ``Content.upload`` gives it.

    Attributes:
        name: By which ``Content.upload`` finds it again, in this process or the next.
        size: How many bytes have come.
    """

    def __init__(self, content: Content, name: str, *, is_new: bool) -> None:
        self.name = name
        self.size = 0
        self._content = content
        self._path = content.uploads / name
        self._sum = hashlib.sha256()
        self._file = self._opened(is_new)
        if not is_new:
            self._count()

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._file.closed:
            self.abort()

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ImageError: ``SIZE_INVALID``: more than one blob may have. The upload is over.
            DiskFullError: There is no room. The upload is over.
        """
        if self.size + len(data) > self._content.largest:
            self.abort()
            hint = "Make the layer smaller: a .dockerignore file keeps what is not needed out of the image."
            raise ImageError(f"a blob may have {self._content.largest} bytes, not more", hint, code="SIZE_INVALID")
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error
        self._sum.update(data)
        self.size += len(data)

    def commit(self, expected: str = "") -> str:
        """Make the bytes a blob, safe on disk, and give their digest.

        Args:
            expected: What the digest must be; empty when that is not known, which gives one by SHA-256.

        Raises:
            ImageError: ``DIGEST_INVALID``: it is another; the upload is over.
            DiskFullError: There is no room. The upload is over.
        """
        digest = self._digest(algorithm_of(expected))
        if expected and digest != expected:
            self.abort()
            message = f"the bytes have digest {digest}, not {expected[:80]}"
            raise ImageError(message, "They were changed or cut on the way: send them again.", code="DIGEST_INVALID")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error
        self._file.close()
        os.replace(self._path, self._content.path(digest))
        return digest

    def _digest(self, algorithm: str) -> str:
        """The digest of all that has come; by the algorithm that is rare, it is read once more."""
        if algorithm == SHA256:
            return f"{SHA256}:{self._sum.hexdigest()}"
        self.flush()
        with self._path.open("rb") as file:
            return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"

    def flush(self) -> None:
        """Hand what has come to the system, so that it is there when this process is killed."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Leave it for later, with what has come so far safe on disk."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def abort(self) -> None:
        """Throw away what has come."""
        with contextlib.suppress(OSError):  # closing writes what is buffered, which a full disk refuses
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _opened(self, is_new: bool) -> BinaryIO:
        try:
            return open(self._path, "xb" if is_new else "r+b", opener=_for_owner)
        except OSError as error:
            raise disk_error(self._content.root, error) from error

    def _count(self) -> None:
        """Read what came before, so that the digest is that of everything."""
        while chunk := self._file.read(_CHUNK):
            self._sum.update(chunk)
            self.size += len(chunk)

    def _failed(self, error: OSError) -> Exception:
        self.abort()
        return disk_error(self._content.root, error)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def disk_error(root: Path, error: OSError) -> Exception:
    """What is said when a write fails: that the disk has no room, or the error itself when it is another trouble."""
    if error.errno not in _FULL:
        return error
    return DiskFullError(f"The disk with {root} is full", "Free some room and do it again; nothing half-done was kept.")


def _unknown(digest: str) -> ImageError:
    return ImageError(f"blob {digest} is not here", "Push, pull or build the image that has it.", code="BLOB_UNKNOWN")
