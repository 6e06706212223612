"""An image: a manifest that points at a config and at layers, all of them blobs.

``make`` writes one, ``load`` reads one back. The builder, the client and the local store use it. Source: the OCI image
specification 1.1, ``manifest.md`` and ``config.md``; Docker's manifests of schema 2 are read too.
"""

from __future__ import annotations

import json
import platform as machine
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.errors import ImageError
from gitopslab.images.content import Content
from gitopslab.images.layers import Layer
from gitopslab.images.manifest import invalid, parsed
from gitopslab.images.oci import CONFIG, INDEXES, MANIFEST, MANIFESTS, Descriptor

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i686": "386"}
_MOST_LAYERS = 1000


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on."""

    os: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"

    @classmethod
    def parse(cls, text: str) -> Platform:
        """From ``linux/arm64``; a variant behind it is passed over.

        Raises:
            ImageError: It is no platform.
        """
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(part.isalnum() for part in parts):
            raise ImageError(f"{text!r} is not a platform", "Write OS/ARCHITECTURE, such as linux/amd64.")
        return cls(parts[0], _ARCHITECTURES.get(parts[1], parts[1]))


def host_platform() -> Platform:
    """What this machine runs in containers: Linux, on its own processor."""
    name = machine.machine().lower()
    return Platform("linux", _ARCHITECTURES.get(name, name))


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose config was read.

    Attributes:
        manifest: Its descriptor; the digest is what an image is pulled by.
        config: The image's configuration: platform, settings, history, and which layers.
        config_descriptor: Its digest is what Docker calls the image ID.
        layers: The lowest first.
    """

    manifest: Descriptor
    config: Mapping[str, Any]
    config_descriptor: Descriptor
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return self.manifest.digest

    @property
    def id(self) -> str:
        """Of the config, as ``docker images`` shows it."""
        return self.config_descriptor.digest

    @property
    def settings(self) -> Mapping[str, Any]:
        """What containers are started with: ``Env``, ``Cmd``, ``Entrypoint``, ``WorkingDir`` and so on."""
        found: Mapping[str, Any] = self.config.get("config") or {}
        return found

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """One entry an instruction."""
        return list(self.config.get("history") or [])

    @property
    def platform(self) -> Platform:
        """What it runs on."""
        return Platform(str(self.config.get("os") or "linux"), str(self.config.get("architecture") or "amd64"))

    @property
    def size(self) -> int:
        """Bytes to pull: config and compressed layers."""
        return self.config_descriptor.size + sum(layer.descriptor.size for layer in self.layers)

    @property
    def blobs(self) -> list[Descriptor]:
        """Everything the manifest points at: layers, then the config."""
        return [*(layer.descriptor for layer in self.layers), self.config_descriptor]


def make(content: Content, config: Mapping[str, Any], layers: Sequence[Layer]) -> Image:
    """Write an image of these layers; ``rootfs`` is filled in.

    Args:
        content: Where.
        config: Everything of the configuration but ``rootfs``.
        layers: The lowest first.
    """
    whole = {**config, "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}}
    data = as_json(whole)
    config_descriptor = Descriptor(CONFIG, content.add(data), len(data))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config_descriptor.as_dict(),
        "layers": [layer.descriptor.as_dict() for layer in layers],
    }
    written = as_json(manifest)
    return Image(Descriptor(MANIFEST, content.add(written), len(written)), whole, config_descriptor, tuple(layers))


def as_json(value: Mapping[str, Any]) -> bytes:
    """JSON that is always the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load(content: Content, manifest: Descriptor, platform: Platform | None = None) -> Image:
    """Read an image that is here; of an index, the entry for the platform.

    Args:
        content: Where.
        manifest: Of the manifest, or of an index.
        platform: Which one of an index; default this machine's.

    Raises:
        ImageError: ``MANIFEST_INVALID``: it cannot be read; ``MANIFEST_UNKNOWN``: the index has none for the platform;
            ``BLOB_UNKNOWN``: a part is missing.
    """
    if manifest.media_type in INDEXES:
        manifest = choose(parsed(content.read(manifest.digest)), platform or host_platform())
    told = parsed(content.read(manifest.digest))
    try:
        config_descriptor = Descriptor.from_dict(told["config"])
        descriptors = [Descriptor.from_dict(each) for each in told["layers"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise invalid(f"the manifest {manifest.digest} lacks {error}") from error
    config = parsed(content.read(config_descriptor.digest))
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != len(descriptors) or len(descriptors) > _MOST_LAYERS:
        raise invalid(f"its manifest has {len(descriptors)} layers, its config {len(diff_ids)}")
    layers = tuple(Layer(descriptor, str(diff_id)) for descriptor, diff_id in zip(descriptors, diff_ids, strict=True))
    return Image(manifest, config, config_descriptor, layers)


def choose(index: Mapping[str, Any], platform: Platform) -> Descriptor:
    """The entry of an index for a platform.

    Raises:
        ImageError: ``MANIFEST_UNKNOWN``: it has none.
    """
    entries = [each for each in index.get("manifests") or [] if isinstance(each, Mapping)]
    for entry in entries:
        told = entry.get("platform") or {}
        matches = (told.get("os"), told.get("architecture")) == (platform.os, platform.architecture)
        if matches and entry.get("mediaType") in MANIFESTS:
            return Descriptor.from_dict(entry)
    known = sorted({_words(entry.get("platform") or {}) for entry in entries} - {"unknown/unknown"})
    raise ImageError(
        f"no matching manifest for {platform} in the manifest list entries",
        f"The image is made for {', '.join(known) or 'nothing'}: build it for {platform} too, or choose another.",
        code="MANIFEST_UNKNOWN",
    )


def _words(platform: Mapping[str, Any]) -> str:
    return f"{platform.get('os', 'unknown')}/{platform.get('architecture', 'unknown')}"
