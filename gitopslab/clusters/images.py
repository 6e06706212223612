"""The images of this machine, and the registry beside a cluster: built, pushed and pulled with its login at hand.

``lab`` and ``gitopslab image`` use it. What an image is, is the business of ``gitopslab.images``; where the registry
is, that of the cluster's forge, which starts when a name leads to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gitopslab.clusters.base import Progress, silent
from gitopslab.clusters.forge import USER, Address, Forge
from gitopslab.errors import ImageError
from gitopslab.images.build import Builder, Built, Request, Step
from gitopslab.images.build.request import Tell
from gitopslab.images.build.request import silent as wordless
from gitopslab.images.client import DockerConfig, Login, Moved, Registry, pull, push
from gitopslab.images.client.transfer import Tell as TellMoved
from gitopslab.images.client.transfer import silent as motionless
from gitopslab.images.engine import find
from gitopslab.images.image import Image, Platform
from gitopslab.images.reference import DOCKER_HUB, Reference
from gitopslab.images.store import Store
from gitopslab.machinery.home import home

__all__ = ["Built", "Image", "Images", "Moved", "Reference", "Request", "Step"]

REAL_NODES = ("kind", "k3d", "context")
"""The kinds of clusters whose nodes run real containers."""

_MISSING = ("MANIFEST_UNKNOWN", "NAME_UNKNOWN")


class Images:
    """Images, with the forge of one cluster for a registry.

    Args:
        forge: Of the cluster.
        progress: Told when the forge has to be started.
        real_nodes: Whether the cluster's nodes run real containers, which the lab's own base images are too empty for:
            then a container engine builds where one answers.
        environment: Where Docker's logins are (``DOCKER_CONFIG``).
    """

    def __init__(
        self,
        forge: Forge,
        progress: Progress = silent,
        *,
        real_nodes: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._forge = forge
        self._progress = progress
        self._real_nodes = real_nodes
        folder = environment.get("DOCKER_CONFIG")
        self._docker = DockerConfig(Path(folder) if folder else Path.home() / ".docker")
        self.store = Store(home(environment) / "images")

    def address(self) -> Address:
        """Where the lab's registry is; it is started when it does not run."""
        return self._forge.up(self._progress)

    def registry(self, reference: Reference) -> Registry:
        """The registry of a reference, with our login there."""
        return Registry(reference.host, self._login)

    def build(self, request: Request, tell: Tell = wordless) -> Built:
        """Build an image; base images may be the lab's, this machine's, or of the lab's registry.

        Raises:
            DockerfileError: A line cannot be followed.
            ImageError: The folder, a base image or an engine is not as it must be.
        """
        if request.engine == "auto" and self._real_nodes and (engine := find()) is not None:
            request = replace(request, engine=engine.name)
        return Builder(self.store, self._fetch).build(request, tell)

    def push(self, reference: Reference, tell: TellMoved = motionless) -> Image:
        """Send an image to the registry that its name begins with.

        Raises:
            ImageError: There is no such image here, or the registry does not take it.
        """
        if self.store.find(reference) is None:
            name = reference.familiar
            typed = f"gitopslab image build FOLDER -t {name}"
            hint = f'Build it first: lab.build("FOLDER", "{name}"), or in a terminal: {typed}'
            raise ImageError(f"An image does not exist locally with the tag: {name}", hint)
        if reference.host == DOCKER_HUB and self._docker(DOCKER_HUB) is None:
            ours = f"{self.address().host}/{reference.repository.removeprefix('library/')}:{reference.tag}"
            message = f"{reference.familiar} would go to Docker Hub, where nobody is logged in"
            raise ImageError(message, f"Build it as {ours}: a name begins with its registry.")
        with self._told_where(reference):
            return push(self.store, self.registry(reference), reference, tell)

    def pull(self, reference: Reference, tell: TellMoved = motionless, *, platform: Platform | None = None) -> Image:
        """Get an image from the registry that its name begins with.

        Raises:
            ImageError: The registry does not have it, or does not answer.
        """
        with self._told_where(reference):
            return pull(self.store, self.registry(reference), reference, tell, platform=platform)

    def _fetch(self, reference: Reference, platform: Platform) -> Image | None:
        """A base image of a registry on this machine; None when it is not there, or the registry is another's."""
        if not reference.is_loopback:
            return None
        try:
            return self.pull(reference, platform=platform)
        except ImageError as error:
            if error.code in _MISSING:
                return None
            raise

    @contextmanager
    def _told_where(self, reference: Reference) -> Iterator[None]:
        """Start the lab's registry when a name may lead to it; a name that leads past it is told where it is."""
        ours = self.address().host if reference.is_loopback else reference.host
        try:
            yield
        except ImageError as error:
            if error.code or ours == reference.host:
                raise
            name = f"{ours}/{reference.repository}{f':{reference.tag}' if reference.tag else ''}"
            raise ImageError(error.message, f"The lab's registry is {ours}: name the image {name}") from error

    def _login(self, host: str) -> Login | None:
        """The learner's at the lab's registry; elsewhere what ``docker login`` left."""
        if not Reference(host, "").is_loopback:
            return self._docker(host)
        address = self.address()
        return Login(USER, address.token) if host == address.host else self._docker(host)
