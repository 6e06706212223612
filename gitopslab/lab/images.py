"""The facade's images: build, push, pull, and what is in them.

A part of ``Lab``. Building and moving is left to ``clusters.images``, what is drawn to ``views.layers``; both are
loaded when they are first used, since most cells need neither.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitopslab.clusters import Cluster
from gitopslab.images.sizes import bytes_in_words
from gitopslab.lab.answers import say
from gitopslab.views.grid import Grid
from gitopslab.views.resource import Printed

if TYPE_CHECKING:
    from gitopslab.clusters.images import Built, Image, Images, Moved, Reference, Step
    from gitopslab.widgets.layers import LayersView


class BuiltImage:
    """An image that was built, pushed or pulled; a cell shows one line.

    Attributes:
        name: Its name.
        digest: Of its manifest: what it is pulled by, the same for the same bytes.
        id: Of its config: what ``docker images`` shows.
        size: Bytes to pull.
        layers: The digests of its layers, the lowest first.
        settings: What containers are started with: ``Env``, ``Cmd``, ``Entrypoint`` and so on.
    """

    def __init__(self, reference: Reference | None, image: Image) -> None:
        self.name = reference.familiar if reference else image.id
        self.digest = image.digest
        self.id = image.id
        self.size = image.size
        self.layers = [layer.descriptor.digest for layer in image.layers]
        self.settings = dict(image.settings)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        count = f"{len(self.layers)} layer{'' if len(self.layers) == 1 else 's'}"
        return f"{self.name}: {count}, {bytes_in_words(self.size)}, {self.digest}"


class Imaging:
    """Images of this machine and of the lab's registry.

    Attributes:
        cluster: Whose forge is the registry.
    """

    cluster: Cluster
    _still: bool

    def build(
        self,
        folder: str | Path,
        tag: str = "",
        *,
        dockerfile: str = "Dockerfile",
        args: Mapping[str, str] | None = None,
        target: str = "",
        engine: str = "auto",
    ) -> BuiltImage:
        """Build an image from a folder with a Dockerfile, and print its steps.

        Args:
            folder: The build context.
            tag: The name it gets.
            dockerfile: In the folder.
            args: Values for ``ARG``.
            target: The stage to stop at.
            engine: ``auto`` (the lab builds, and Docker, Podman or Buildah what the lab cannot), ``lab``, or an engine.

        Raises:
            DockerfileError: A line cannot be followed; it is named and shown.

        Example:
            >>> lab.build("app", f"{lab.registry}/waal/waal-web:dev")
        """
        from gitopslab.clusters.images import Reference, Request

        tags = (Reference.parse(tag),) if tag else ()
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        request = Request(
            Path(folder),
            dockerfile=dockerfile,
            tags=tags,
            args=args or {},
            target=target,
            engine=engine,
            epoch=int(epoch) if epoch.isdigit() else 0,
        )
        built = self._images().build(request, lambda step: say(step_words(step)))
        say(built_words(built))
        return _Quiet(tags[0] if tags else None, built.image)

    def push(self, tag: str) -> BuiltImage:
        """Send an image to the registry that its name begins with, and print what became of each layer.

        Example:
            >>> lab.push(f"{lab.registry}/waal/waal-web:dev")
        """
        from gitopslab.clusters.images import Reference

        reference = Reference.parse(tag)
        image = self._images().push(reference, _told)
        say(f"{reference.tag}: digest: {image.digest}")
        return _Quiet(reference, image)

    def pull(self, tag: str) -> BuiltImage:
        """Get an image by tag or digest from the registry that its name begins with.

        Example:
            >>> lab.pull(f"{lab.registry}/waal/waal-web@sha256:…")
        """
        from gitopslab.clusters.images import Reference

        reference = Reference.parse(tag)
        image = self._images().pull(reference, _told)
        say(f"Digest: {image.digest}")
        return _Quiet(reference, image)

    def tag(self, source: str, target: str) -> None:
        """Give an image another name; the image, and its digest, stay what they are.

        Example:
            >>> lab.tag(f"{lab.registry}/waal/waal-web:dev", f"{lab.registry}/waal/waal-web:prod-v1.2.3")
        """
        from gitopslab.clusters.images import Reference

        store = self._images().store
        store.keep(Reference.parse(target), store.need(source).manifest)

    def image(self, tag: str) -> BuiltImage:
        """An image of this machine, by name or the beginning of its ID.

        Example:
            >>> lab.image("waal-web:dev").digest
            'sha256:…'
        """
        from gitopslab.clusters.images import Reference

        return BuiltImage(Reference.parse(tag), self._images().store.need(tag))

    def images(self) -> Printed:
        """The images of this machine, as ``docker images`` lists them.

        Example:
            >>> lab.images()
        """
        return Printed(images_grid(self._images()).text())

    def layers(self, image: str | BuiltImage, other: str | BuiltImage = "") -> LayersView:
        """The layers of an image with their sizes and files; with another image, what both share and what differs.

        Args:
            image: By name, or as ``build`` gave it.
            other: To compare with.

        Example:
            >>> lab.layers("waal-web:1", "waal-web:2")
        """
        from gitopslab.views.layers import layers
        from gitopslab.widgets.layers import LayersView

        store = self._images().store
        first = (str(image), store.need(str(image)))
        second = (str(other), store.need(str(other))) if other else None
        return LayersView(layers(store.content, first, second), still=self._still)

    def _images(self) -> Images:
        from gitopslab.clusters.forge import Forge
        from gitopslab.clusters.images import REAL_NODES, Images

        return Images(Forge.of(self.cluster), say, real_nodes=self.cluster.kind in REAL_NODES)


class _Quiet(BuiltImage):
    """What came of a command whose lines are on screen already, so that a cell shows nothing more."""

    def _ipython_display_(self) -> None:
        """Nothing: the lines are on screen."""


def step_words(step: Step) -> str:
    """A step of a build in one line."""
    if not step.place:
        return step.text
    how = "CACHED" if step.cached else f"{step.seconds:.2f} s"
    return f"[{step.place}] {step.text}   {how}"


def built_words(built: Built) -> str:
    """What came of a build, and what to know of it."""
    names = ", ".join(reference.familiar for reference in built.tags) or built.image.id
    lines = [f"Warning: {warning}" for warning in built.warnings]
    size = bytes_in_words(built.image.size)
    by = "" if built.builder == "lab" else f" by {built.builder}"
    digest = built.image.digest[:19]  # as long as in a list of images: the whole of it would not fit on a line
    return "\n".join([*lines, f"built {names}{by} in {built.seconds:.2f} s: {digest}, {size}"])


def moved_words(moved: Moved) -> str:
    """What became of a layer."""
    return f"{moved.blob.digest.removeprefix('sha256:')[:12]}: {moved.state}"


def images_grid(images: Images) -> Grid:
    """The names of the store, with what is behind them."""
    rows = [
        (kept.reference.familiar_name, kept.reference.tag, kept.image.digest[:19], bytes_in_words(kept.image.size))
        for kept in images.store.kept()
    ]
    return Grid(("Repository", "Tag", "Digest", "Size"), tuple(rows))


def _told(moved: Moved) -> None:
    if moved.is_layer:
        say(moved_words(moved))
