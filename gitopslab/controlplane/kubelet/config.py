"""What a container gets from ConfigMaps, Secrets and the pod itself as the files of its volumes.

``play`` asks before it starts a container; a problem comes back worded as the kubelet words it. Leaves to others:
variables (``environment``), reading the objects (a ``Lookup`` given by the agent), and what is done about a problem
(the table of stages).

Simplified: the real kubelet writes volumes to disk and refreshes them every minute or so. Here mounted files are texts
that only the tiny shell sees: a container's own program as they were when it started, ``kubectl exec`` as they are now.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping

from gitopslab.controlplane.kubelet.fields import amount, field
from gitopslab.controlplane.kubelet.substitution import references, substituted
from gitopslab.machinery.objects import Object, namespace_of

Lookup = Callable[[str, str, str], Object | None]
"""Resource, namespace and name to an object, or None."""

_READ_ONLY = frozenset({"configMap", "secret", "downwardAPI", "projected"})
_PUBLISHED = "kube-root-ca.crt"  # in every namespace; written by the root CA publisher


class ConfigError(Exception):
    """Something that a container needs is not there; the text is the kubelet's."""


def mount_problems(pod: Object, lookup: Lookup) -> list[tuple[str, str]]:
    """``(volume, problem)`` of every volume that cannot be mounted."""
    problems = []
    for volume in pod.get("spec", {}).get("volumes") or ():
        try:
            for _ in _files(pod, volume, lookup):
                pass
        except ConfigError as error:
            problems.append((volume["name"], str(error)))
    return problems


def mounted(pod: Object, container: Object, lookup: Lookup, variables: Mapping[str, str]) -> dict[str, str]:
    """Path to contents of the files that ConfigMaps and Secrets bring into a container.

    Raises:
        ConfigError: They cannot be brought, or a ``subPathExpr`` leads nowhere.
    """
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        path, part = mount["mountPath"].rstrip("/"), _part(mount, variables)
        for name, contents in _files(pod, volume, lookup) if volume else ():
            if name == part:
                found[path] = contents
            elif not part or name.startswith(f"{part}/"):
                found[f"{path}/{name.removeprefix(part).lstrip('/')}"] = contents
    return found


def read_only(pod: Object, container: Object) -> tuple[str, ...]:
    """Mount paths that a container can only read."""
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    return tuple(
        mount["mountPath"].rstrip("/")
        for mount in container.get("volumeMounts") or ()
        if mount.get("readOnly") or _READ_ONLY & volumes.get(mount["name"], {}).keys()
    )


def data_of(pod: Object, kind: str, reference: Object, lookup: Lookup) -> dict[str, str]:
    """What a ConfigMap or Secret holds, as texts.

    Raises:
        ConfigError: It is missing and not optional.
    """
    found = lookup(kind.lower() + "s", namespace_of(pod), reference["name"])
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    return _texts(found)


def allocatable_of(pod: Object, lookup: Lookup) -> dict[str, str]:
    """What the pod's node has for pods."""
    node = lookup("nodes", "", pod["spec"].get("nodeName", "")) or {}
    found: dict[str, str] = (node.get("status") or {}).get("allocatable") or {}
    return found


def _part(mount: Object, variables: Mapping[str, str]) -> str:
    """What of its volume a mount shows; empty for all of it.

    Raises:
        ConfigError: Its expression gives no path in the volume.
    """
    expression = mount.get("subPathExpr")
    if not expression:
        return str(mount.get("subPath") or "").strip("/")
    if missing := sorted(name for name in references(expression) if not variables.get(name)):
        raise ConfigError(f"missing value for {', '.join(missing)}")
    path = substituted(expression, variables)
    if path.startswith("/"):
        raise ConfigError(f"error SubPath `{path}` must not be an absolute path")
    if ".." in path.split("/"):
        raise ConfigError(f"unable to provision SubPath `{path}`: must not contain '..'")
    return path.rstrip("/")


def _texts(obj: Object) -> dict[str, str]:
    data: dict[str, str] = obj.get("data") or {}
    if obj.get("kind") != "Secret":
        return data
    return {key: _decoded(value) for key, value in data.items()}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def _files(pod: Object, volume: Object, lookup: Lookup) -> Iterator[tuple[str, str]]:
    if "configMap" in volume:
        yield from _items(pod, "ConfigMap", volume["configMap"], lookup)
    elif "secret" in volume:
        yield from _items(pod, "Secret", {**volume["secret"], "name": volume["secret"].get("secretName", "")}, lookup)
    elif "downwardAPI" in volume:
        yield from _downward(pod, volume["downwardAPI"], lookup)
    elif "projected" in volume:
        for source in volume["projected"].get("sources") or ():
            if "configMap" in source:
                yield from _items(pod, "ConfigMap", source["configMap"], lookup)
            elif "secret" in source:
                yield from _items(pod, "Secret", source["secret"], lookup)
            elif "downwardAPI" in source:
                yield from _downward(pod, source["downwardAPI"], lookup)
            elif "serviceAccountToken" in source:
                yield source["serviceAccountToken"]["path"], ""  # ``tokens`` has it
    elif "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"].get("claimName", "")
        if lookup("persistentvolumeclaims", namespace_of(pod), claim) is None:
            raise ConfigError(f'persistentvolumeclaim "{claim}" not found')


def _downward(pod: Object, source: Object, lookup: Lookup) -> Iterator[tuple[str, str]]:
    for item in source.get("items") or ():
        if "resourceFieldRef" in item:
            yield item["path"], amount(pod, {}, item["resourceFieldRef"], lambda: allocatable_of(pod, lookup))
        else:
            yield item["path"], field(pod, item.get("fieldRef", {}).get("fieldPath", ""), {})


def _items(pod: Object, kind: str, source: Object, lookup: Lookup) -> Iterator[tuple[str, str]]:
    name = source.get("name", "")
    found = lookup(kind.lower() + "s", namespace_of(pod), name)
    if found is None:
        # Simplified: the real kubelet waits until the authority is published in a new namespace.
        if source.get("optional") or name == _PUBLISHED:
            return
        raise ConfigError(f'{kind.lower()} "{name}" not found')
    data = _texts(found)
    for item in source.get("items") or ():
        if item["key"] not in data and not source.get("optional"):
            raise ConfigError(f"{kind.lower()} references non-existent {kind.lower()} key: {item['key']}")
    chosen = {item["key"]: item["path"] for item in source.get("items") or ()} or {key: key for key in data}
    yield from ((path, data[key]) for key, path in chosen.items() if key in data)
