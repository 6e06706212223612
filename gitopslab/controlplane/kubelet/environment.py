"""The variables of a container: what Services there are, what ConfigMaps and Secrets bring, and what the pod says.

``play`` asks before it starts a container; a problem comes back worded as the kubelet words it. Leaves to others: files
(``config``), the image's own variables (the runtimes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gitopslab.controlplane.kubelet.config import ConfigError, Lookup, allocatable_of, data_of
from gitopslab.controlplane.kubelet.fields import amount, field
from gitopslab.controlplane.kubelet.substitution import substituted
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of, namespace_of


def environment(
    pod: Object,
    container: Object,
    lookup: Lookup,
    *,
    services: Iterable[Object] = (),
    pod_ip: str = "",
    host_ip: str = "",
) -> dict[str, str]:
    """The variables: where Services are, then ``envFrom``, then ``env`` in order.

    Args:
        pod: The pod.
        container: Its container.
        lookup: Finds ConfigMaps, Secrets, the node, and the Service of the API.
        services: Those of the pod's namespace.
        pod_ip: The pod's address.
        host_ip: Its node's.

    Raises:
        ConfigError: A ConfigMap, a Secret or a key is missing and not optional.
    """
    links = _links(pod, lookup, services)
    found = dict(_from_sources(pod, container, lookup))
    addresses = {"status.podIP": pod_ip, "status.hostIP": host_ip}
    for entry in container.get("env") or ():
        value = _variable(pod, container, entry, lookup, addresses, (found, links))
        if value is not None:
            found[entry["name"]] = value
    return {**links, **found}


def before(services: Iterable[Object], moment: float) -> list[Object]:
    """The Services that were there at a moment: a container is told of no later ones."""
    return [one for one in services if seconds_of(one["metadata"]["creationTimestamp"]) <= moment]


def _from_sources(pod: Object, container: Object, lookup: Lookup) -> Iterator[tuple[str, str]]:
    for source in container.get("envFrom") or ():
        for kind, reference in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if reference in source:
                data = data_of(pod, kind, source[reference], lookup)
                yield from ((source.get("prefix", "") + key, value) for key, value in data.items())


def _variable(
    pod: Object,
    container: Object,
    entry: Object,
    lookup: Lookup,
    addresses: dict[str, str],
    known: tuple[Mapping[str, str], ...],
) -> str | None:
    source = entry.get("valueFrom")
    if source is None:
        return substituted(entry.get("value") or "", *known)
    if "fieldRef" in source:
        return field(pod, source["fieldRef"].get("fieldPath", ""), addresses)
    if "resourceFieldRef" in source:
        return amount(pod, container, source["resourceFieldRef"], lambda: allocatable_of(pod, lookup))
    for kind, reference in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        if reference in source:
            return _keyed(pod, kind, source[reference], lookup)
    return None


def _keyed(pod: Object, kind: str, reference: Object, lookup: Lookup) -> str | None:
    data = data_of(pod, kind, reference, lookup)
    if reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {namespace_of(pod)}/{reference['name']}")


def _links(pod: Object, lookup: Lookup, services: Iterable[Object]) -> dict[str, str]:
    """Where Services are: the API always, others of the namespace unless ``enableServiceLinks`` is false."""
    own = services if pod["spec"].get("enableServiceLinks", True) else ()
    of_api = lookup("services", "default", "kubernetes")
    found: dict[str, str] = {}
    for service in [*own, *([of_api] if of_api else [])]:
        if service["spec"].get("clusterIP") not in (None, "", "None"):
            found |= _link(service)
    return found


def _link(service: Object) -> dict[str, str]:
    """The variables of one Service, those that Docker's links once had included."""
    name, address = name_of(service).replace("-", "_").upper(), service["spec"]["clusterIP"]
    host = f"[{address}]" if ":" in address else address
    found = {f"{name}_SERVICE_HOST": address}
    for index, port in enumerate(service["spec"].get("ports") or ()):
        number, protocol = str(port["port"]), port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{host}:{number}"
        if index == 0:
            found |= {f"{name}_SERVICE_PORT": number, f"{name}_PORT": url}
        if port.get("name"):
            found[f"{name}_SERVICE_PORT_{port['name'].replace('-', '_').upper()}"] = number
        link = f"{name}_PORT_{number}_{protocol}"
        found |= {link: url, f"{link}_PROTO": protocol.lower(), f"{link}_PORT": number, f"{link}_ADDR": address}
    return found
