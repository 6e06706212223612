"""The layer cache: which layer an instruction gave the last time it had the same input.

The builder's stages and ``bases`` ask it. A key is made from everything the layer depends on: the layers below, the
instruction with its variables filled in, and the digests of the files. So an entry is never wrong, only unused.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from typing import Any

from gitopslab.images.content import Content
from gitopslab.images.layers import Layer, Plan, write_layer
from gitopslab.images.oci import Descriptor

_VERSION = 1  # of the layers made here: a change in how they are made needs another


def key_of(*parts: Any) -> str:
    """A name for these parts, which must be JSON."""
    return hashlib.sha256(json.dumps([_VERSION, *parts], sort_keys=True).encode()).hexdigest()


class LayerCache:
    """Remembers layers beside the content they are in.

    Args:
        content: Where the layers are; what was deleted there is forgotten here.
    """

    def __init__(self, content: Content) -> None:
        self.content = content
        self._folder = content.root / "cache"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def get(self, key: str) -> Layer | None:
        """The layer, when it is remembered and still here."""
        try:
            told = json.loads((self._folder / key).read_bytes())
            layer = Layer(Descriptor.from_dict(told["descriptor"]), told["diff_id"])
        except (OSError, ValueError, KeyError, TypeError):  # not there, or cut short: then the layer is made again
            return None
        return layer if self.content.claim(layer.descriptor.digest) else None

    def make(self, key: str, plan: Plan, epoch: int) -> Layer | None:
        """Make the layer of a plan and remember it; None when there is nothing in it."""
        if not plan:
            return None
        layer = write_layer(self.content, plan, epoch=epoch)
        self._put(key, layer)
        return layer

    def _put(self, key: str, layer: Layer) -> None:
        """Remember a layer; a disk without room only forgets it."""
        told = {"descriptor": layer.descriptor.as_dict(), "diff_id": layer.diff_id}
        beside = self._folder / f".{secrets.token_hex(8)}"
        with suppress(OSError):
            beside.write_text(json.dumps(told), encoding="utf-8")
            os.replace(beside, self._folder / key)
