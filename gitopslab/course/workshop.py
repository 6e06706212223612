"""What exercises make and look at beside the cluster: images of the lab's registry, and (``projects``) its Git server.

``stage`` has it do the steps that are ``gitopslab image`` commands, ``elsewhere`` asks it what a repository holds. What
is looked at is kept apart, so that a check leaves the learner's own images as they are.
"""

from __future__ import annotations

import re
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.clusters.forge import Address
from gitopslab.clusters.images import Image, Images, Reference, Request
from gitopslab.course.commands import DIGEST, REGISTRY, Call
from gitopslab.errors import ImageError
from gitopslab.images.client import Registry, pull
from gitopslab.images.store import Store
from gitopslab.images.tree import Tree

if TYPE_CHECKING:
    from gitopslab.course.projects import Projects


class Workshop:
    """Images of this machine, and the forge beside the cluster.

    Args:
        images: Builds and moves them.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self._seen: dict[str, dict[str, Any]] = {}

    @cached_property
    def projects(self) -> Projects:
        """Those of the Git server."""
        from gitopslab.course.projects import Projects

        return Projects(self._images.address)

    def do(self, call: Call, folder: Path) -> None:
        """Do what a command of an exercise asks.

        Args:
            call: ``build``, ``push`` or ``tag``.
            folder: The exercise's, in the learner's folder.

        Raises:
            LabError: It could not be done.
        """
        words = [self.filled(word) for word in call.words]
        if call.verb == "build":
            request = Request(folder / words[0], tags=(Reference.parse(words[1]),), **call.options)  # type: ignore[arg-type]
            self._images.build(request)
        elif call.verb == "push":
            self._images.push(Reference.parse(words[0]))
        elif call.verb == "tag":
            store = self._images.store
            store.keep(Reference.parse(words[1]), store.need(words[0]).manifest)

    def filled(self, text: str) -> str:
        """A command with the registry's host, and with digests of its images, in place of the words for them."""
        if not REGISTRY.search(text):
            return text
        registry = self._registry()

        def digest(match: re.Match[str]) -> str:
            meant = Reference.parse(f"{registry.host}/{match[1]}")
            return registry.manifest(meant.repository, meant.version)[0].digest

        return REGISTRY.sub(registry.host, DIGEST.sub(digest, text))

    def images(self, repository: str) -> list[dict[str, Any]]:
        """Each tag of a repository, as a document.

        It has ``tag``, ``digest``, ``size``, ``layers``, the ``files`` of all layers and of the ``last`` one, newest
        layer first, and the settings of its ``config``.
        """
        registry = self._registry()
        try:
            tags = registry.tags(repository)
        except ImageError as error:
            if error.code == "NAME_UNKNOWN":
                return []
            raise
        return [self._document(registry, Reference(registry.host, repository, tag)) for tag in tags]

    def address(self) -> Address:
        """Where the forge is; it is started when it does not run."""
        return self._images.address()

    def clear(self, group: str) -> None:
        """Take every image of a group out of the registry."""
        registry = self._registry()
        for repository in registry.repositories():
            if repository.startswith(f"{group}/"):
                for tag in registry.tags(repository):
                    registry.delete_manifest(repository, tag)

    def _registry(self) -> Registry:
        return self._images.registry(Reference(self._images.address().host, "any/name", "latest"))

    def _document(self, registry: Registry, reference: Reference) -> dict[str, Any]:
        digest = registry.manifest(reference.repository, reference.version)[0].digest
        if digest not in self._seen:
            with tempfile.TemporaryDirectory() as folder:
                store = Store(Path(folder))
                self._seen[digest] = _told(store, pull(store, registry, reference))
        return {"tag": reference.tag, **self._seen[digest], "digest": digest}


def _told(store: Store, image: Image) -> dict[str, Any]:
    nodes = Tree.of(store.content, image.layers).nodes.values()
    files = sorted((node for node in nodes if node.kind == "file"), key=lambda node: (-node.layer, node.path))
    return {
        "layers": [layer.descriptor.digest for layer in image.layers],
        "files": [node.path for node in files],
        "last": [node.path for node in files if node.layer == len(image.layers) - 1],
        "size": image.size,
        "config": dict(image.settings),
    }
