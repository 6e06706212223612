"""Reads a manifest as far as a registry must: what kind it is, what it points to, what it is about.

``Registry`` asks before it keeps one. Source: the OCI image specification 1.1, ``manifest.md`` and ``image-index.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.images.manifest import invalid, parsed
from gitopslab.images.oci import INDEXES, MANIFESTS
from gitopslab.images.reference import is_digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a registry knows of a manifest.

    Attributes:
        media_type: Its own.
        blobs: Digests of the blobs it cannot do without.
        manifests: Digests of the manifests that an index lists.
        subject: The manifest it is about; empty for most.
        artifact_type: What an artifact that is no image is.
        annotations: Words about it.
    """

    media_type: str
    blobs: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    subject: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def read_manifest(data: bytes, media_type: str) -> Manifest:
    """Read one.

    Args:
        data: Its bytes.
        media_type: As it was announced.

    Raises:
        ImageError: ``MANIFEST_INVALID``: it is none, or not of that type.
    """
    told = parsed(data)
    own = told.get("mediaType", media_type)
    if own != media_type:
        raise invalid(f"it says that it is {own!r}, and came as {media_type!r}")
    if told.get("schemaVersion") != 2:
        raise invalid(f"its schemaVersion is {told.get('schemaVersion')!r}, not 2")
    try:
        if media_type in MANIFESTS:
            return _image(told, media_type)
        if media_type in INDEXES:
            return _index(told, media_type)
    except (KeyError, TypeError, AttributeError) as error:
        raise invalid(f"a descriptor lacks or misspells a field: {error}") from error
    raise invalid(f"{media_type!r} is the type of no manifest that is known here")


def _image(told: dict[str, Any], media_type: str) -> Manifest:
    config = told["config"]
    layers = tuple(_digests(layer for layer in told["layers"] if not layer.get("urls")))  # those are kept elsewhere
    return Manifest(
        media_type,
        blobs=(*_digests([config]), *layers),
        subject=_subject(told),
        artifact_type=str(told.get("artifactType") or config["mediaType"]),
        annotations=told.get("annotations") or {},
    )


def _index(told: dict[str, Any], media_type: str) -> Manifest:
    return Manifest(
        media_type,
        manifests=tuple(_digests(told["manifests"])),
        subject=_subject(told),
        artifact_type=str(told.get("artifactType") or ""),
        annotations=told.get("annotations") or {},
    )


def _subject(told: dict[str, Any]) -> str:
    return next(iter(_digests([told["subject"]])), "") if told.get("subject") else ""


def _digests(descriptors: Any) -> Iterator[str]:
    for descriptor in descriptors:
        digest = descriptor["digest"]
        if not isinstance(digest, str) or not is_digest(digest):
            raise invalid(f"{digest!r} is not a digest")
        yield digest
