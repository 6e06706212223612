"""One registry: repositories, each with the blobs, manifests and tags that were pushed to it.

``forge.registry`` calls it. A blob is kept once however many repositories hold it, and given out only by those. The
methods raise ``ImageError`` with the specification's own codes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.content import Content, Upload
from gitopslab.images.oci import INDEX, LARGEST_MANIFEST, Descriptor, algorithm_of, digest_of
from gitopslab.images.reference import is_digest, is_repository, is_tag
from gitopslab.images.registry.manifests import Manifest, read_manifest
from gitopslab.images.tags import Tags

_IDLE = 600.0  # seconds after which a begun upload gives its file handle back; it may still go on
_ABANDONED = 86400.0
_MOST_OPEN = 64  # files of uploads that no request is at


class Registry:
    """A registry on a folder.

    Args:
        root: The folder.
        largest: Bytes that one blob may have; None for what ``Content`` takes.
    """

    def __init__(self, root: Path, *, largest: int | None = None) -> None:
        self.content = Content(root) if largest is None else Content(root, largest=largest)
        self.tags = Tags(root)
        self._going_on: dict[str, tuple[Upload, float]] = {}
        self._busy: set[str] = set()
        self.content.tidy(_ABANDONED)

    # ---- blobs ----

    def blob(self, repository: str, digest: str) -> Path:
        """The file of a blob that a repository holds.

        Raises:
            ImageError: ``DIGEST_INVALID``, ``NAME_INVALID`` or ``BLOB_UNKNOWN``.
        """
        path = self.content.path(digest)
        if not (self.tags.holds(check_name(repository), digest) and path.is_file()):
            raise ImageError(f"blob unknown to registry: {digest}", code="BLOB_UNKNOWN")
        return path

    def mount(self, repository: str, digest: str, origin: str) -> bool:
        """Let a repository have a blob that is here already; False when it must be uploaded after all.

        Args:
            repository: Which.
            digest: Of the blob.
            origin: The repository that has it; empty for any, since all of them may be read.
        """
        check_name(repository)
        held = self.content.has(digest) and (self.tags.holds(origin, digest) if origin else self.tags.is_linked(digest))
        if held:
            self.tags.link(repository, digest)
        return held

    def delete_blob(self, repository: str, digest: str) -> None:
        """Take a blob from a repository; its bytes go when no other has it.

        Raises:
            ImageError: ``BLOB_UNKNOWN``.
        """
        self.blob(repository, digest)
        self.tags.unlink(repository, digest)
        self._drop(digest)

    # ---- uploads ----

    def begin(self, repository: str) -> str:
        """Begin an upload and give its name."""
        check_name(repository)
        self._rest()
        upload = self.content.upload()
        self._keep(upload)
        return upload.name

    @contextmanager
    def going_on(self, repository: str, name: str) -> Iterator[Upload]:
        """An upload that was begun, for one request at a time.

        It stays as far as it came when the block fails, so that a client may go on; one that is over (committed, too
        large, no room) is forgotten.

        Raises:
            ImageError: ``BLOB_UPLOAD_UNKNOWN``, or ``BLOB_UPLOAD_INVALID`` when another request is at it.
        """
        check_name(repository)
        if name in self._busy:
            raise ImageError(f"upload {name} is being written by another request", code="BLOB_UPLOAD_INVALID")
        known = self._going_on.pop(name, None)
        upload = known[0] if known else self.content.upload(name)
        self._busy.add(name)
        try:
            yield upload
        finally:
            self._busy.discard(name)
            if (self.content.uploads / name).exists():
                self._keep(upload)

    def finish(self, repository: str, upload: Upload, digest: str) -> None:
        """Make what was uploaded a blob of a repository.

        Raises:
            ImageError: ``DIGEST_INVALID``: it is not what was announced; the upload is over.
        """
        self.content.path(digest)  # a digest at all?
        upload.commit(digest)
        self.tags.link(repository, digest)

    def cancel(self, repository: str, name: str) -> None:
        """Throw an upload away."""
        with self.going_on(repository, name) as upload:
            upload.abort()

    # ---- manifests ----

    def put_manifest(self, repository: str, reference: str, data: bytes, media_type: str) -> tuple[str, Manifest]:
        """Keep a manifest under a tag or its digest; gives its digest and what it says.

        Raises:
            ImageError: ``MANIFEST_INVALID``, ``MANIFEST_BLOB_UNKNOWN``, ``DIGEST_INVALID``, ``SIZE_INVALID``.
        """
        check_name(repository)
        if len(data) > LARGEST_MANIFEST:
            raise ImageError(f"a manifest may have {LARGEST_MANIFEST} bytes, not more", code="SIZE_INVALID")
        digest = digest_of(data, algorithm_of(reference))
        if ":" in reference and reference != digest:
            raise ImageError(f"the manifest has digest {digest}, not {reference[:80]}", code="DIGEST_INVALID")
        if ":" not in reference and not is_tag(reference):
            raise ImageError(f"manifest invalid: {reference[:80]!r} is not a tag", code="MANIFEST_INVALID")
        manifest = read_manifest(data, media_type)
        self._must_hold(repository, manifest)
        self.content.add(data, algorithm_of(digest))
        tag = "" if reference == digest else reference
        self.tags.put(repository, Descriptor(media_type, digest, len(data)), tag=tag, subject=manifest.subject)
        return digest, manifest

    def manifest(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        """A manifest by tag or digest, and its bytes.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``, ``NAME_UNKNOWN``.
        """
        if not (is_tag(reference) or is_digest(reference)):
            raise ImageError(f"manifest unknown: {reference[:80]!r}", code="MANIFEST_UNKNOWN")
        found = self.tags.resolve(check_name(repository), reference)
        return found, self.content.read(found.digest)

    def delete_manifest(self, repository: str, reference: str) -> None:
        """Take a tag away, or a manifest with all its tags.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``, ``NAME_UNKNOWN``.
        """
        found, _ = self.manifest(repository, reference)
        if is_digest(reference):
            self.tags.delete(repository, found.digest)
            self._drop(found.digest)
        else:
            self.tags.untag(repository, reference)

    def referrers(self, repository: str, digest: str, artifact_type: str = "") -> dict[str, object]:
        """An index of the manifests that are about one; an empty one when there are none.

        Raises:
            ImageError: ``DIGEST_INVALID``.
        """
        self.content.path(digest)
        found = []
        for descriptor in self.tags.referrers(check_name(repository), digest):
            manifest = read_manifest(self.content.read(descriptor.digest), descriptor.media_type)
            if artifact_type in ("", manifest.artifact_type):
                told = descriptor.as_dict() | {"artifactType": manifest.artifact_type}
                found.append(told | ({"annotations": dict(manifest.annotations)} if manifest.annotations else {}))
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}

    def _must_hold(self, repository: str, manifest: Manifest) -> None:
        """An image that lacks a part is refused, so that whatever can be pulled can be pulled whole."""
        missing = [digest for digest in manifest.blobs if not self.tags.holds(repository, digest)]
        listed = {each.digest for each in self.tags.manifests(repository)} if manifest.manifests else set()
        missing += [digest for digest in manifest.manifests if digest not in listed]
        if missing:
            raise ImageError(
                f"manifest references a manifest or blob unknown to registry: {', '.join(missing[:3])}",
                "Push its layers first.",
                code="MANIFEST_BLOB_UNKNOWN",
            )

    def _drop(self, digest: str) -> None:
        if not self.tags.is_linked(digest) and self.content.has(digest):
            self.content.remove(digest)

    # ---- files of uploads ----

    def _keep(self, upload: Upload) -> None:
        self._going_on[upload.name] = (upload, time.monotonic())

    def _rest(self) -> None:
        """Close the files of uploads that nobody goes on with, or that are too many; their bytes stay for a while."""
        limit = time.monotonic() - _IDLE
        by_age = sorted(self._going_on.items(), key=lambda entry: entry[1][1])
        for at, (name, (upload, since)) in enumerate(by_age):
            if since < limit or at < len(by_age) - _MOST_OPEN:
                upload.close()
                del self._going_on[name]


def check_name(repository: str) -> str:
    """The repository, if it may be one.

    Raises:
        ImageError: ``NAME_INVALID``.
    """
    if not is_repository(repository):
        hint = "A name has lowercase letters and digits, with . _ - between them and / between its parts."
        raise ImageError(f"invalid repository name: {repository[:80]!r}", hint, code="NAME_INVALID")
    return repository
