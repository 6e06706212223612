"""OCI's words: digests, media types, and the descriptor that points from one piece of an image to the next.

Used by every module of this room. Source: the OCI image specification 1.1, ``descriptor.md`` and ``media-types.md``;
the Docker types mean the same and are taken too, because older tools push them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFESTS = (MANIFEST, DOCKER_MANIFEST)
INDEXES = (INDEX, DOCKER_LIST)
LARGEST_MANIFEST = 4 * 2**20  # what the distribution specification asks registries to take


SHA256, SHA512 = "sha256", "sha512"
"""The algorithms that the image specification registers."""


def algorithm_of(name: str) -> str:
    """By which algorithm a digest was made; ``SHA256`` for whatever is none."""
    return SHA512 if name.startswith(f"{SHA512}:") else SHA256


def digest_of(data: bytes, algorithm: str = SHA256) -> str:
    """The name of these bytes: ``sha256:`` and what ``sha256sum`` prints, or the same by another algorithm."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to bytes: what they are, their digest, how many they are.

    Attributes:
        annotations: Words about them; also ``platform`` of an index entry is not here but in ``platform``.
        platform: ``os``, ``architecture`` and perhaps ``variant``, for an entry of an index.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        told: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            told["annotations"] = dict(self.annotations)
        if self.platform:
            told["platform"] = dict(self.platform)
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Descriptor:
        """From its JSON.

        Raises:
            KeyError: A field is missing.
        """
        return cls(
            str(told["mediaType"]),
            str(told["digest"]),
            int(told["size"]),
            told.get("annotations") or {},
            told.get("platform") or {},
        )
