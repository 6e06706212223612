"""Images and artifacts put into a forge's registry over HTTP, as any client would."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping

import httpx
from serving_forge import ServedForge

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


LAYER = "application/vnd.cncf.flux.content.v1.tar+gzip"


def publish(
    forge: ServedForge,
    repository: str,
    tag: str,
    files: Mapping[str, str] | None = None,
    *,
    layers: Mapping[str, bytes] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> str:
    """Push an image or artifact of one layer; its digest.

    Args:
        forge: Where.
        repository: ``group/project``.
        tag: What to call it.
        files: In its layer; default one that holds the tag.
        layers: More layers before it, by media type.
        annotations: Of the manifest.
    """
    with httpx.Client(base_url=f"http://{forge.host}/v2/{repository}", auth=("learner", forge.token)) as client:
        first = [_blob(client, content, media_type) for media_type, content in (layers or {}).items()]
        layer = _blob(client, _tar(files or {"tag": tag}), LAYER)
        config = _blob(client, b"{}", "application/vnd.cncf.flux.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [*first, layer]}
        manifest |= {"annotations": dict(annotations)} if annotations else {}
        content = json.dumps(manifest).encode()
        answer = client.put(f"/manifests/{tag}", content=content, headers={"content-type": MANIFEST})
        answer.raise_for_status()
        return answer.headers["docker-content-digest"]


def _blob(client: httpx.Client, content: bytes, media_type: str) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    headers = {"content-type": "application/octet-stream"}
    answer = client.post("/blobs/uploads/", params={"digest": digest}, content=content, headers=headers)
    answer.raise_for_status()
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _tar(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
