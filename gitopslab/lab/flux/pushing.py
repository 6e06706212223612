"""``lab.flux.push``: a folder becomes an artifact in the lab's registry, as ``flux push artifact`` makes it."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from gitopslab.clusters.forge import USER, Address
from gitopslab.errors import LabError
from gitopslab.gitops.flux.ocirepository import CONFIG, LAYER
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.source import archive, ignore
from gitopslab.images.client import Login, Registry
from gitopslab.images.content import Content
from gitopslab.images.oci import MANIFEST, Descriptor, digest_of
from gitopslab.images.reference import Reference
from gitopslab.lab.answers import say
from gitopslab.machinery.clock import timestamp

_ANNOTATION = "org.opencontainers.image"


def files_of(folder: Path) -> dict[str, File]:
    """The files of a working copy, without Git's own and without links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and name.parts[0] != ".git":
            found[name.as_posix()] = File(path.read_bytes(), 0o100644)
    return found


def push(forge: Address, image: str, folder: Path, source: str, revision: str) -> str:
    """Push the files of a folder, without what ``.sourceignore`` leaves out; the digest.

    Raises:
        LabError: The folder is not there.
        ImageError: The registry does not take it.
    """
    if not folder.is_dir():
        raise LabError(f"✗ there is no folder {folder}", f"You are in {Path.cwd()}")
    meant = Reference.parse(image if image.startswith(f"{forge.host}/") else f"{forge.host}/{image}")
    registry = Registry(forge.host, lambda _: Login(USER, forge.token))
    say(f"► pushing artifact to {meant}")
    with tempfile.TemporaryDirectory(prefix="artifact-") as place:
        content = Content(Path(place))
        layer = _blob(content, LAYER, archive.pack(ignore.kept(files_of(folder), None)))
        config = _blob(content, CONFIG, b"{}")
        for blob in (layer, config):
            registry.push_blob(meant.repository, blob, content)
    told = {"created": timestamp(time.time()), "source": source, "revision": revision}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.as_dict(),
        "layers": [layer.as_dict()],
        "annotations": {f"{_ANNOTATION}.{key}": value for key, value in told.items() if value},
    }
    data = json.dumps(document).encode()
    digest = digest_of(data)
    registry.push_manifest(meant.repository, meant.tag, Descriptor(MANIFEST, digest, len(data)), data)
    say(f"✔ artifact successfully pushed to {forge.host}/{meant.repository}@{digest}")
    return digest


def _blob(content: Content, media_type: str, data: bytes) -> Descriptor:
    return Descriptor(media_type, content.add(data), len(data))
