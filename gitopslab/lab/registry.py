"""``lab.registry``: what the lab's registry holds, from cells.

Requests are ``images.client``'s; here they are asked for and shown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gitopslab.clusters.forge import USER, Address
from gitopslab.images.client import Login, Registry
from gitopslab.images.reference import Reference
from gitopslab.lab.answers import say
from gitopslab.machinery.messages import told


class Tag(str):
    """A tag, and what it points to; a cell shows both.

    Attributes:
        reference: Its whole name.
        digest: Of the image that it names now.
    """

    reference: Reference
    digest: str

    @classmethod
    def of(cls, reference: Reference, digest: str) -> Tag:
        """The tag of a reference."""
        made = cls(reference.tag)
        made.reference, made.digest = reference, digest
        return made

    def __repr__(self) -> str:
        return f"{self.reference}  {self.digest}"


class Tags(list[Tag]):
    """Tags; a cell shows each on a line with its digest."""

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or told("no images yet")


class RegistryAddress(str):
    """Where the lab's registry is, as an image's name begins (``localhost:5050``), and what it holds.

    Attributes:
        token_file: Holds the token to push with.
    """

    token_file: Path

    @classmethod
    def of(cls, forge: Address) -> RegistryAddress:
        """The registry of a forge."""
        made = cls(forge.host)
        made.token_file = forge.token_file
        return made

    def __repr__(self) -> str:
        return told(f"registry {self}: docker login {self} -u {USER}, with the token in {self.token_file}")

    def reference(self, image: str) -> str:
        """The whole reference of an image of the lab, as a manifest wants it.

        Example:
            >>> lab.registry.reference("waal/waal-web:dev")
            'localhost:5050/waal/waal-web:dev'
        """
        return str(self._meant(image))

    def repositories(self) -> list[str]:
        """What has been pushed, by name."""
        return self._client().repositories()

    def tags(self, repository: str = "") -> Tags:
        """The tags of a repository, or of all, with their digests."""
        client = self._client()
        names = [self._meant(repository).repository] if repository else client.repositories()
        meant = [Reference(str(self), name, tag) for name in names for tag in client.tags(name)]
        return Tags(Tag.of(each, client.manifest(each.repository, each.tag)[0].digest) for each in meant)

    def digest(self, image: str) -> str:
        """The digest of an image: what it is, whatever its tags say tomorrow."""
        meant = self._meant(image)
        return self._client().manifest(meant.repository, meant.version)[0].digest

    def manifest(self, image: str) -> dict[str, Any]:
        """An image's manifest, as the registry gives it."""
        meant = self._meant(image)
        told: dict[str, Any] = json.loads(self._client().manifest(meant.repository, meant.version)[1])
        return told

    def tag(self, image: str, tag: str) -> str:
        """Give an image another tag in its repository, without building or moving a byte; gives its digest.

        That is promotion: the image that was tested is the one that goes on.

        Example:
            >>> lab.registry.tag("waal/waal-web:dev-7-1a2b3c4d", "prod-v1.2.3")
            localhost:5050/waal/waal-web:prod-v1.2.3 is sha256:0132f6a7…
        """
        meant = self._meant(image)
        client = self._client()
        manifest, data = client.manifest(meant.repository, meant.version)
        client.push_manifest(meant.repository, tag, manifest, data)
        say(f"{meant.at(tag=tag)} is {manifest.digest[:15]}…")
        return manifest.digest

    def delete(self, image: str) -> None:
        """Take a tag, or an image by its digest, out of the registry."""
        meant = self._meant(image)
        self._client().delete_manifest(meant.repository, meant.version)
        say(f"{meant} deleted")

    def _meant(self, image: str) -> Reference:
        return Reference.parse(image if image.startswith(f"{self}/") else f"{self}/{image}")

    def _client(self) -> Registry:
        token = self.token_file.read_text(encoding="utf-8").strip()
        return Registry(str(self), lambda _: Login(USER, token))
