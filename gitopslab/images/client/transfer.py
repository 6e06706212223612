"""Whole images between the store of this machine and a registry.

``push`` and ``pull`` are called by the lab, the commands and whoever runs containers. What is there already is not sent
again, so both may be repeated after a failure; a name is given last, when everything it stands for has arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.errors import ImageError
from gitopslab.images.client.registry import Registry
from gitopslab.images.image import Image, Platform, choose, host_platform, load
from gitopslab.images.manifest import parsed
from gitopslab.images.oci import INDEXES, LARGEST_MANIFEST, MANIFESTS, Descriptor
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one blob.

    Attributes:
        state: In Docker's words: ``Pushed``, ``Layer already exists``, ``Mounted from …``, ``Pull complete``,
            ``Already exists``.
        is_layer: Whether it is a layer, not the config.
    """

    blob: Descriptor
    state: str
    is_layer: bool


Tell = Callable[[Moved], None]


def silent(_: Moved) -> None:
    """Says nothing."""


def push(store: Store, registry: Registry, reference: Reference, tell: Tell = silent) -> Image:
    """Send an image of the store, and give it its tag there.

    Args:
        store: Has the image under this reference.
        registry: That of the reference.
        reference: With a tag.
        tell: Told of each blob.

    Raises:
        ImageError: The store does not have it, or the registry does not take it.
    """
    image = load(store.content, store.resolve(reference))
    for blob in image.blobs:
        tell(Moved(blob, _sent(store, registry, reference, blob), blob != image.config_descriptor))
    data = store.content.read(image.digest)
    registry.push_manifest(reference.repository, reference.version, image.manifest, data)
    return image


def _sent(store: Store, registry: Registry, reference: Reference, blob: Descriptor) -> str:
    if registry.has_blob(reference.repository, blob.digest):
        return "Layer already exists"
    for origin in _beside(store, reference, blob):
        if registry.mount_blob(reference.repository, blob.digest, origin):
            return f"Mounted from {origin}"
    registry.push_blob(reference.repository, blob, store.content)
    return "Pushed"


def _beside(store: Store, reference: Reference, blob: Descriptor) -> list[str]:
    """One repository of the same registry that may have a blob: we know of an image there that has it."""
    for kept in store.kept():
        is_other = kept.reference.host == reference.host and kept.reference.repository != reference.repository
        if is_other and blob in kept.image.blobs:
            return [kept.reference.repository]
    return []


def pull(
    store: Store, registry: Registry, reference: Reference, tell: Tell = silent, *, platform: Platform | None = None
) -> Image:
    """Get an image into the store under its reference.

    Simplified: of an index (an image for several platforms) only the image of one platform is kept, and the name stands
    for that one; Docker remembers the index too.

    Args:
        store: Where.
        registry: That of the reference.
        reference: By tag or digest.
        tell: Told of each blob.
        platform: Which one of several, and then it must be that one; default this machine's if there is a choice.

    Raises:
        ImageError: The registry does not have it, or has it damaged, or for other platforms only.
    """
    manifest, data = registry.manifest(reference.repository, reference.version)
    if manifest.media_type in INDEXES:
        chosen = choose(parsed(data), platform or host_platform())
        manifest, data = registry.manifest(reference.repository, chosen.digest)
    if manifest.media_type not in MANIFESTS:
        message = f"{reference.familiar} is {manifest.media_type or 'of no type'}, not an image"
        raise ImageError(message, "Only images can be pulled; artifacts of other kinds need a tool of their own.")
    for key, blob in _parts(data):
        known = store.content.claim(blob.digest)
        if not known:
            registry.pull_blob(reference.repository, blob, store.content)
        tell(Moved(blob, "Already exists" if known else "Pull complete", key == "layers"))
    store.content.add(data)
    image = load(store.content, manifest)
    _check_platform(image, reference, platform)
    if reference.tag:
        store.keep(reference, manifest)
    else:
        store.tags.put(reference.name, manifest)
    return image


def _parts(data: bytes) -> list[tuple[str, Descriptor]]:
    """The layers and the config of a manifest."""
    told = parsed(data)
    try:
        layers = [("layers", Descriptor.from_dict(each)) for each in told["layers"]]
        config = Descriptor.from_dict(told["config"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Push the image again."
        raise ImageError(f"manifest invalid: it lacks {error}", hint, code="MANIFEST_INVALID") from error
    if config.size > LARGEST_MANIFEST:
        raise ImageError("manifest invalid: its config is too big", "Push the image again.", code="MANIFEST_INVALID")
    return [*layers, ("config", config)]


def _check_platform(image: Image, reference: Reference, wanted: Platform | None) -> None:
    if wanted is not None and image.platform != wanted:
        message = f"image with reference {reference.familiar} was found but does not provide the platform {wanted}"
        raise ImageError(
            message, f"It is made for {image.platform}: build it for {wanted} too.", code="MANIFEST_UNKNOWN"
        )
