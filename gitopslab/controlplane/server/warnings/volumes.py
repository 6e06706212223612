"""Warnings about the volumes of pods: kinds that are gone, and files that cover each other.

Upstream: ``pkg/api/pod/warnings.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitopslab.controlplane.server.warnings.storage import of_claim_spec
from gitopslab.machinery.objects import Object

_GONE = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SPELLED = {"storageos": "storageOS"}


class _File(NamedTuple):
    path: str
    source: str

    def __str__(self) -> str:
        return f'"{self.path}" ({self.source})' if self.source else f'"{self.path}"'


def of_volumes(volumes: list[Object], path: str) -> Iterator[str]:
    """The volumes of a pod whose spec is at ``path``."""
    for index, volume in enumerate(volumes):
        here = f"{path}.volumes[{index}]"
        for source, text in _GONE.items():
            if volume.get(source) is not None:
                yield f"{here}.{_SPELLED.get(source, source)}: {text}"
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template is not None:
            yield from of_claim_spec(template.get("spec") or {}, f"{here}.ephemeral.volumeClaimTemplate.spec")
    for volume in volumes:
        yield from _of_files(volume)


def _of_files(volume: Object) -> Iterator[str]:
    name = volume.get("name", "")
    for field, called, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = volume.get(field) or {}
        yield from _covered(_files(source), f'volume "{name}" ({called} "{source.get(key) or ""}")')
    yield from _covered(_files(volume.get("downwardAPI") or {}), f'volume "{name}" (DownwardAPI)')
    found: list[_File] = []
    for source in (volume.get("projected") or {}).get("sources") or ():
        if not source:
            yield f'volume "{name}" (Projected) has no sources provided'
        found.extend(_projected(source))
    yield from _covered(found, f'volume "{name}" (Projected)')


def _files(source: Object, called: str = "") -> list[_File]:
    return [_File((item.get("path") or "").rstrip("/"), called) for item in source.get("items") or ()]


def _projected(source: Object) -> Iterable[_File]:
    for field, called in (("configMap", "ConfigMap"), ("secret", "Secret")):
        given = source.get(field) or {}
        yield from _files(given, f'{called} "{given.get("name") or ""}"')
    yield from _files(source.get("downwardAPI") or {}, "DownwardAPI")
    token, bundle = source.get("serviceAccountToken"), source.get("clusterTrustBundle")
    if token is not None:
        yield _File((token.get("path") or "").rstrip("/"), "ServiceAccountToken")
    if bundle is not None:
        called = bundle.get("name") or bundle.get("signerName") or ""
        yield _File((bundle.get("path") or "").rstrip("/"), f'ClusterTrustBundle "{called}"')
    certificate = source.get("podCertificate") or {}
    for field, called in (
        ("certificateChainPath", "PodCertificate chain"),
        ("keyPath", "PodCertificate key"),
        ("credentialBundlePath", "PodCertificate credential bundle"),
    ):
        if certificate.get(field):
            yield _File(certificate[field].rstrip("/"), called)


def _covered(files: list[_File], where: str) -> Iterator[str]:
    """Two files at one path, or one where another needs a folder."""
    for index, file in enumerate(files):
        for other in files[:index]:
            if file.path and other.path and _overlap(f"{file.path}/", f"{other.path}/"):
                yield f"{where}: overlapping paths: {file} with {other}"


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
