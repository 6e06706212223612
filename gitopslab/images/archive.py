"""Images as one file: what ``docker save`` writes is taken in.

``engine`` calls it for what a container engine built. The archive's ``manifest.json`` is read, which every version of
Docker, Podman and Buildah writes. Layers are compressed anew, so they get digests of ours; their uncompressed digests
(``diff_id``) are checked against the config.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any

from gitopslab.errors import ImageError
from gitopslab.images.content import Content
from gitopslab.images.image import Image, make
from gitopslab.images.layers import Layer
from gitopslab.images.oci import LARGEST_MANIFEST, LAYER, Descriptor

_CHUNK = 2**20


def take_in(archive: Path, content: Content) -> Image:
    """Keep the first image of an archive.

    Args:
        archive: A file as ``docker save`` writes it.
        content: Where.

    Raises:
        ImageError: It cannot be read, or it is damaged.
        DiskFullError: There is no room.
    """
    try:
        with tarfile.open(archive) as opened:
            [first, *_] = _json(opened, "manifest.json")
            config = _json(opened, first["Config"])
            layers = [_layer(opened, name, content) for name in first["Layers"]]
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise ImageError(f"{archive} is no archive of an image: {error}", "Save it again with docker save.") from error
    promised = (config.get("rootfs") or {}).get("diff_ids")
    if promised != [layer.diff_id for layer in layers]:
        raise ImageError(f"{archive} is damaged: its layers are not those of its config", "Save it again.")
    kept = {key: value for key, value in config.items() if key not in ("container", "container_config", "rootfs")}
    return make(content, kept, layers)


def _json(archive: tarfile.TarFile, name: str) -> Any:
    file = _open(archive, name)
    data = file.read(LARGEST_MANIFEST + 1)
    if len(data) > LARGEST_MANIFEST:
        raise ValueError(f"{name} is too big")
    return json.loads(data)


def _open(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    # some versions store a layer that occurs twice as a link to the other one, which extractfile follows
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _layer(archive: tarfile.TarFile, name: str, content: Content) -> Layer:
    file = _open(archive, name)
    is_compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    plain = gzip.GzipFile(fileobj=file) if is_compressed else file
    sum_, squeezer = hashlib.sha256(), zlib.compressobj(6, zlib.DEFLATED, 31)
    with content.upload() as upload:
        while chunk := plain.read(_CHUNK):
            sum_.update(chunk)
            upload.write(squeezer.compress(chunk))
        upload.write(squeezer.flush())
        return Layer(Descriptor(LAYER, upload.commit(), upload.size), f"sha256:{sum_.hexdigest()}")
