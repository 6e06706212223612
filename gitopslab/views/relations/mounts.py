"""What pods read: ConfigMaps, Secrets and claims, as volumes, as environment variables, or to pull their images."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.objects import Object
from gitopslab.views.relations.inventory import ROOT_CERTIFICATE, Edge, Inventory, Missing, Ref

_Use = tuple[str, str, str, bool, str]  # kind, name, how it is used, whether it may be absent, the key that is wanted


def links(inventory: Inventory) -> Iterator[Edge | Missing]:
    """The relation ``mounts``."""
    for ref, pod in inventory.items("Pod"):
        for kind, name, how, optional, key in _uses(pod, ref.name):
            wanted = Ref(kind, name, ref.namespace)
            if wanted in inventory:
                yield inventory.edge("mounts", ref, wanted, how)
                if key and not optional and key not in _keys(inventory[wanted]):
                    yield Missing("mounts", ref, wanted, f"{wanted} has no key {key}")
            elif not optional and name != ROOT_CERTIFICATE:
                yield Missing("mounts", ref, wanted, f"{wanted}, its {how}, does not exist")


def _uses(pod: Object, name: str) -> Iterator[_Use]:
    spec = pod.get("spec", {})
    for volume in spec.get("volumes") or []:
        yield from _of_volume(volume, name)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        yield from _of_container(container)
    for secret in spec.get("imagePullSecrets") or []:
        yield "Secret", secret.get("name") or "", "pull secret", False, ""


def _of_volume(volume: Object, pod: str) -> Iterator[_Use]:
    how = f"volume {volume.get('name')}"
    for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
        for field, kind, named in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            found = source.get(field)
            if found:
                yield kind, found.get(named) or found.get("name") or "", how, bool(found.get("optional")), ""
    if volume.get("persistentVolumeClaim"):
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"].get("claimName") or "", how, False, ""
    if volume.get("ephemeral"):
        yield "PersistentVolumeClaim", f"{pod}-{volume.get('name')}", how, False, ""


def _of_container(container: Object) -> Iterator[_Use]:
    for source in container.get("envFrom") or []:
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            found = source.get(field)
            if found:
                yield kind, found.get("name") or "", "environment", bool(found.get("optional")), ""
    for variable in container.get("env") or []:
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            found = (variable.get("valueFrom") or {}).get(field)
            if found:
                how = f"variable {variable.get('name')}"
                yield kind, found.get("name") or "", how, bool(found.get("optional")), found.get("key") or ""


def _keys(obj: Object) -> set[str]:
    return {*(obj.get("data") or {}), *(obj.get("binaryData") or {})}
