"""The kubelets' images: pulled from the lab's registry, unpacked into the cluster's folder (``runtime.images.Images``).

``programs`` gives it to the kubelets. Fetching and unpacking are ``gitopslab.images``'; it is imported with the first
pull, and works in a thread, since the registry is another process. What was pulled is noted in a file, so that a
restarted cluster knows it without the registry.

Simplified: a node pulls with nobody's login (``imagePullSecrets`` are not looked at): the lab's registry lets everybody
read.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

from gitopslab.controlplane.runtime.images import PulledImage, PullError
from gitopslab.errors import DiskFullError, ImageError

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]+){3}):[0-9]+/")
_UNKNOWN = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN"})
_KEPT = 100  # images that are remembered; the oldest go first


class RegistryImages:
    """The images of one cluster.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "pulled.json"
        self._pulled: dict[str, dict[str, Any]] | None = None

    def serves(self, reference: str) -> bool:
        """Whether a reference names a registry of this machine: that is where the lab's is."""
        return _LOOPBACK.match(reference) is not None

    async def pull(self, reference: str) -> PulledImage:
        """Fetch and unpack.

        Raises:
            PullError: There is no such image, the registry does not answer, or there is no room.
        """
        try:
            found = await asyncio.to_thread(self._pull, reference)
        except ImageError as error:
            raise PullError(_worded(reference, error)) from error
        self._note(reference, found)
        return self._image(found)

    def pulled(self, reference: str) -> PulledImage | None:
        """What the last pull brought, if its files are there."""
        entry = self._entries().get(reference)
        image = None if entry is None else self._image(entry)
        return image if image is not None and image.root.is_dir() else None

    def _pull(self, reference: str) -> dict[str, Any]:
        from gitopslab.images.client import Registry, pull
        from gitopslab.images.reference import Reference
        from gitopslab.images.store import Store
        from gitopslab.images.unpack import unpack

        meant = Reference.parse(reference)
        store = Store(self._folder)
        image = pull(store, Registry(meant.host), meant)
        root = self._root(image.digest)
        root.parent.mkdir(parents=True, exist_ok=True)
        unpack(store.content, image, root)
        return {
            "digest": image.digest,
            "size": image.size,
            "config": dict(image.settings),
            "architecture": image.platform.architecture,
            "os": image.platform.os,
        }

    def _image(self, entry: dict[str, Any]) -> PulledImage:
        return PulledImage(
            entry["digest"],
            entry["size"],
            self._root(entry["digest"]),
            entry["config"],
            entry["architecture"],
            entry["os"],
        )

    def _root(self, digest: str) -> Path:
        return self._folder / "roots" / digest.removeprefix("sha256:")

    def _entries(self) -> dict[str, dict[str, Any]]:
        if self._pulled is None:
            try:
                self._pulled = json.loads(self._index.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                self._pulled = {}
        return self._pulled

    def _note(self, reference: str, entry: dict[str, Any]) -> None:
        entries = self._entries()
        entries.pop(reference, None)
        entries[reference] = entry
        for oldest in list(entries)[:-_KEPT]:
            gone = self._root(entries.pop(oldest)["digest"])
            if all(self._root(kept["digest"]) != gone for kept in entries.values()):
                shutil.rmtree(gone, ignore_errors=True)
        draft = self._index.with_suffix(".new")
        draft.write_text(json.dumps(entries), encoding="utf-8")
        draft.replace(self._index)


def _worded(reference: str, error: ImageError) -> str:
    """In containerd's words, as ``kubectl describe`` shows them."""
    if error.code in _UNKNOWN:
        return f"{reference}: not found"
    kind = "no space left on device" if isinstance(error, DiskFullError) else "failed to do request"
    return f"{kind}: {error.message}"
