"""What a container gets from ConfigMaps, Secrets and the pod itself: its environment and the files of its volumes.

``play`` asks before it starts a container; a problem comes back worded as the kubelet words it. Leaves to others:
reading the objects (a ``Lookup`` given by the agent), and what is done about a problem (the table of stages).

Simplified: the real kubelet writes volumes to disk and refreshes them every minute or so. Here mounted files are texts
that only the tiny shell sees: a container's own program as they were when it started, ``kubectl exec`` as they are now.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from gitopslab.machinery.objects import Object, annotations_of, labels_of, namespace_of, uid_of

Lookup = Callable[[str, str, str], Object | None]
"""Resource, namespace and name to an object, or None."""

_READ_ONLY = frozenset({"configMap", "secret", "downwardAPI", "projected"})
_PUBLISHED = "kube-root-ca.crt"  # in every namespace; written by the root CA publisher
_INDEXED = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")


class ConfigError(Exception):
    """Something that a container needs is not there; the text is the kubelet's."""


def environment(
    pod: Object, container: Object, lookup: Lookup, *, pod_ip: str = "", host_ip: str = ""
) -> dict[str, str]:
    """The variables of a container: where the API is, then ``envFrom``, then ``env`` in order.

    Simplified: the variables for Services of its namespace (``enableServiceLinks``) are left out, as are those that
    Docker's links once made for the API's; the real kubelet adds them.

    Raises:
        ConfigError: A ConfigMap, a Secret or a key is missing and not optional.
    """
    found = _api(lookup)
    for source in container.get("envFrom") or ():
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if field in source:
                data = _data(pod, kind, source[field], lookup)
                found |= {source.get("prefix", "") + key: value for key, value in data.items()}
    for entry in container.get("env") or ():
        value = _variable(pod, container, entry, lookup, {"status.podIP": pod_ip, "status.hostIP": host_ip})
        if value is not None:
            found[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda match: found.get(match[1], match[0]), value)
    return found


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


def mounted(pod: Object, container: Object, lookup: Lookup) -> dict[str, str]:
    """Path to contents of the files that ConfigMaps and Secrets bring into a container."""
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        for name, contents in _files(pod, volume, lookup) if volume else ():
            path = mount["mountPath"].rstrip("/")
            if not mount.get("subPath"):
                found[f"{path}/{name}"] = contents
            elif mount["subPath"] == name:
                found[path] = contents
    return found


def identities(pod: Object, container: Object, lookup: Lookup) -> dict[str, str]:
    """Mount path to what tells the volume there from all others, for the volumes that containers can write.

    Simplified: what lies at a ``subPath`` is a volume of its own.
    """
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        identity = _identity(pod, volumes.get(mount["name"], {}), lookup)
        if identity:
            found[mount["mountPath"].rstrip("/")] = f"{identity}/{mount.get('subPath', '')}"
    return found


def read_only(pod: Object, container: Object) -> tuple[str, ...]:
    """Mount paths that a container can only read."""
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    return tuple(
        mount["mountPath"].rstrip("/")
        for mount in container.get("volumeMounts") or ()
        if mount.get("readOnly") or _READ_ONLY & volumes.get(mount["name"], {}).keys()
    )


def _api(lookup: Lookup) -> dict[str, str]:
    """Where the API is, as clients look for it: the Service ``kubernetes``."""
    service = lookup("services", "default", "kubernetes")
    if service is None or not service["spec"].get("clusterIP"):
        return {}
    port = str(service["spec"]["ports"][0]["port"])
    name = "KUBERNETES_SERVICE"
    return {f"{name}_HOST": service["spec"]["clusterIP"], f"{name}_PORT": port, f"{name}_PORT_HTTPS": port}


def _identity(pod: Object, volume: Object, lookup: Lookup) -> str:
    if "emptyDir" in volume or "ephemeral" in volume:
        return f"pod {uid_of(pod)}/{volume['name']}"
    if "hostPath" in volume:
        return f"node {pod['spec'].get('nodeName', '')}{volume['hostPath'].get('path', '')}"
    if "persistentVolumeClaim" in volume:
        claim = lookup("persistentvolumeclaims", namespace_of(pod), volume["persistentVolumeClaim"]["claimName"])
        return f"claim {uid_of(claim)}" if claim else ""
    return ""


def _variable(pod: Object, container: Object, entry: Object, lookup: Lookup, addresses: dict[str, str]) -> str | None:
    source = entry.get("valueFrom")
    if source is None:
        return entry.get("value") or ""
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"].get("fieldPath", ""), addresses)
    if "resourceFieldRef" in source:
        return _resource(container, source["resourceFieldRef"].get("resource", ""))
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if field in source:
            reference = source[field]
            data = _data(pod, kind, reference, lookup)
            if reference["key"] in data:
                return data[reference["key"]]
            if reference.get("optional"):
                return None
            raise ConfigError(f"couldn't find key {reference['key']} in {kind} {namespace_of(pod)}/{reference['name']}")
    return None


def _field(pod: Object, path: str, addresses: dict[str, str]) -> str:
    if match := _INDEXED.match(path):
        return (labels_of(pod) if match[1] == "labels" else annotations_of(pod)).get(match[2], "")
    if path in addresses or path in ("status.podIPs", "status.hostIPs"):
        return addresses.get(path) or addresses.get(path.rstrip("s"), "")
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def _resource(container: Object, path: str) -> str:
    """Simplified: the amount as written; the real kubelet converts it by ``divisor``."""
    kind, _, name = path.partition(".")
    return str(container.get("resources", {}).get(kind, {}).get(name, "0"))


def _data(pod: Object, kind: str, reference: Object, lookup: Lookup) -> dict[str, str]:
    found = lookup(kind.lower() + "s", namespace_of(pod), reference["name"])
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    return _texts(found)


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
        yield from _downward(pod, volume["downwardAPI"])
    elif "projected" in volume:
        for source in volume["projected"].get("sources") or ():
            if "configMap" in source:
                yield from _items(pod, "ConfigMap", source["configMap"], lookup)
            elif "secret" in source:
                yield from _items(pod, "Secret", source["secret"], lookup)
            elif "downwardAPI" in source:
                yield from _downward(pod, source["downwardAPI"])
            elif "serviceAccountToken" in source:
                yield source["serviceAccountToken"]["path"], ""  # ``tokens`` has it
    elif "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"].get("claimName", "")
        if lookup("persistentvolumeclaims", namespace_of(pod), claim) is None:
            raise ConfigError(f'persistentvolumeclaim "{claim}" not found')


def _downward(pod: Object, source: Object) -> Iterator[tuple[str, str]]:
    for item in source.get("items") or ():
        path = item.get("fieldRef", {}).get("fieldPath", "")
        if path in ("metadata.labels", "metadata.annotations"):
            pairs = labels_of(pod) if path.endswith("labels") else annotations_of(pod)
            yield item["path"], "\n".join(f'{key}="{value}"' for key, value in sorted(pairs.items()))
        else:
            yield item["path"], _field(pod, path, {})


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
