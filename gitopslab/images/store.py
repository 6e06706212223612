"""The images of this machine: what was built or pulled, by name.

The builder keeps images here, the client pushes from and pulls into it, the commands list it. A repository of ``tags``
has its host in front here, so images of every registry are beside each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.content import Content
from gitopslab.images.image import Image, Platform, load
from gitopslab.images.oci import INDEXES, Descriptor
from gitopslab.images.reference import Reference
from gitopslab.images.tags import Tags

_GRACE = 3600.0
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")


@dataclass(frozen=True, slots=True)
class Kept:
    """A name of the store.

    Attributes:
        since: When it was last given, in seconds since the epoch.
    """

    reference: Reference
    image: Image
    since: float


class Store:
    """Images in one folder, which is made when it is not there.

    Attributes:
        content: Their blobs.
        tags: Their names.
    """

    def __init__(self, root: Path) -> None:
        self.content = Content(root)
        self.tags = Tags(root)

    def keep(self, reference: Reference, manifest: Descriptor) -> None:
        """Give an image (or an index) a name; the name leaves the image it had."""
        self.tags.put(reference.name, manifest, tag=reference.tag)

    def resolve(self, reference: Reference) -> Descriptor:
        """What a name points at, which may be an index.

        Raises:
            ImageError: ``NAME_UNKNOWN`` or ``MANIFEST_UNKNOWN``.
        """
        return self.tags.resolve(reference.name, reference.version)

    def find(self, reference: Reference, platform: Platform | None = None) -> Image | None:
        """The image of a name; None when it is not here, or not whole."""
        try:
            return load(self.content, self.resolve(reference), platform)
        except ImageError:
            return None

    def need(self, text: str) -> Image:
        """The image that a person means: by name, or by the beginning of its ID or digest.

        Raises:
            ImageError: There is none.
        """
        match = _ID.fullmatch(text)
        if match:
            for image in self.images():
                if any(each.removeprefix("sha256:").startswith(match[1]) for each in (image.id, image.digest)):
                    return image
        reference = Reference.parse(text)
        try:
            return load(self.content, self.resolve(reference))
        except ImageError as error:
            if error.code not in ("NAME_UNKNOWN", "MANIFEST_UNKNOWN"):
                raise
            hint = f"Build or pull it first. Asked for: {reference}"
            raise ImageError(f"No such image: {reference.familiar}", hint, code=error.code) from error

    def images(self) -> list[Image]:
        """Every image here, named or not."""
        return [load(self.content, each) for each in self.tags.manifests() if each.media_type not in INDEXES]

    def kept(self) -> list[Kept]:
        """Every name with its image, the newest first; those that are not whole are left out."""
        found = []
        for name, tag, _, since in self.tags.tagged():
            host, _, repository = name.partition("/")
            reference = Reference(host, repository, tag)
            image = self.find(reference)
            if image is not None:
                found.append(Kept(reference, image, since))
        return found

    def forget(self, image: Image) -> None:
        """Take an image that has no name left out of the store, and delete what only it had.

        Blobs of the last hour stay in any case: a build or pull of another process may be about to use them.
        """
        self.tags.forget(image.digest)
        used = {blob.digest for other in self.images() for blob in (other.manifest, *other.blobs)}
        for blob in (image.manifest, *image.blobs):
            if blob.digest not in used and self.content.age(blob.digest) > _GRACE:
                self.content.remove(blob.digest)
