"""``docker push`` and ``docker pull``."""

from __future__ import annotations

from gitopslab.errors import ImageError
from gitopslab.images.bases import base_image, name_of
from gitopslab.images.cache import LayerCache
from gitopslab.images.client import Moved, pull, push
from gitopslab.images.docker.desk import Desk, Refusal, reference_of, said_by_daemon, short
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.image import Image, Platform, host_platform
from gitopslab.images.reference import Reference

PUSH = Spec(
    "push",
    "[OPTIONS] NAME[:TAG]",
    "Upload an image to a registry",
    least=1,
    most=1,
    flags={"all-tags": "a", "quiet": "q", "disable-content-trust": ""},
    values={"platform": ""},
)
PULL = Spec(
    "pull",
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    "Download an image from a registry",
    least=1,
    most=1,
    flags={"all-tags": "a", "quiet": "q", "disable-content-trust": ""},
    values={"platform": ""},
)


def push_(desk: Desk, given: Given) -> None:
    """Send an image to the registry that its name begins with."""
    typed = given.arguments[0]
    reference = reference_of(typed)
    if given.has("all-tags"):
        wanted = [kept.reference for kept in desk.store.kept() if kept.reference.name == reference.name]
        if not wanted:
            raise Refusal(f"An image does not exist locally with the tag: {reference.familiar_name}")
    else:
        wanted = [reference]
        if not given.has("quiet") and reference.familiar != typed and reference.tag == "latest":
            desk.say("Using default tag: latest")
    for each in wanted:
        pushed(desk, each, quiet=given.has("quiet"))


def pushed(desk: Desk, reference: Reference, *, quiet: bool = False) -> None:
    """Push one image and say what became of each layer."""
    if not quiet:
        desk.say(f"The push refers to repository [{reference.name}]")
    if desk.store.find(reference) is None:
        raise Refusal(f"An image does not exist locally with the tag: {reference.familiar_name}")

    def tell(moved: Moved) -> None:
        if moved.is_layer and not quiet:
            desk.say(f"{short(moved.blob.digest)}: {moved.state}")

    try:
        image = push(desk.store, desk.registry(reference), reference, tell)
    except ImageError as error:
        raise Refusal(str(error)) from error
    if quiet:
        desk.say(str(reference))
    else:
        desk.say(f"{reference.tag}: digest: {image.digest} size: {image.manifest.size}")


def pull_(desk: Desk, given: Given) -> None:
    """Get an image from the registry that its name begins with."""
    typed = given.arguments[0]
    reference = reference_of(typed)
    platform = Platform.parse(given.last("platform")) if given.last("platform") else None
    quiet = given.has("quiet")
    if not quiet and reference.tag == "latest" and not typed.endswith(":latest"):
        desk.say("Using default tag: latest")
    before = desk.store.find(reference)
    if not quiet:
        desk.say(f"{reference.version}: Pulling from {reference.repository}")
    image = pulled(desk, reference, platform, quiet=quiet)
    if not quiet:
        desk.say(f"Digest: {image.digest}")
        is_same = before is not None and before.digest == image.digest
        news = "Image is up to date" if is_same else "Downloaded newer image"
        desk.say(f"Status: {news} for {reference.familiar}")
    desk.say(str(reference))


def pulled(desk: Desk, reference: Reference, platform: Platform | None = None, *, quiet: bool = False) -> Image:
    """Pull one image; a base image of the lab is made."""
    if name_of(reference):
        image = base_image(LayerCache(desk.store.content), reference, platform or host_platform())
        desk.store.keep(reference, image.manifest)
        return image

    def tell(moved: Moved) -> None:
        if moved.is_layer and not quiet:
            desk.say(f"{short(moved.blob.digest)}: {moved.state}")

    try:
        return pull(desk.store, desk.registry(reference), reference, tell, platform=platform)
    except ImageError as error:
        if error.code in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN"):
            error = ImageError(f"manifest for {reference.familiar} not found: {error.message}", error.hint)
        raise said_by_daemon(error) from error
