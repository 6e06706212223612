"""How requests get to pods: an Ingress routes to Services, a Service selects pods by their labels."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, labels_of
from gitopslab.machinery.selectors import from_map
from gitopslab.views.relations.inventory import Edge, Inventory, Missing, Ref

_FINISHED = ("Succeeded", "Failed")


def links(inventory: Inventory) -> Iterator[Edge | Missing]:
    """The relations ``routes`` and ``selects``."""
    for ref in inventory.refs("Ingress"):
        yield from _routes(inventory, ref)
    for ref, service in inventory.items("Service"):
        if service.get("spec", {}).get("selector"):
            yield from _selects(inventory, ref, service["spec"])


def selector_text(selector: dict[str, str]) -> str:
    """``app=web,tier=front``."""
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def _routes(inventory: Inventory, ref: Ref) -> Iterator[Edge | Missing]:
    spec = inventory[ref].get("spec", {})
    for path, backend in _backends(spec):
        named = backend.get("service") or {}
        service = Ref("Service", named.get("name") or "", ref.namespace)
        if service not in inventory:
            yield Missing("routes", ref, service, f"{path or 'the default backend'} leads to no Service {service.name}")
            continue
        port = named.get("port") or {}
        wanted = port.get("name") or port.get("number")
        yield inventory.edge("routes", ref, service, f"{path} → {wanted}".strip())
        open_ports = inventory[service].get("spec", {}).get("ports") or []
        if not any(wanted in (each.get("name"), each.get("port")) for each in open_ports):
            yield Missing("routes", ref, service, f"{path} leads to port {wanted}, which {service} does not have")
    for entry in spec.get("tls") or []:
        secret = Ref("Secret", entry.get("secretName") or "", ref.namespace)
        if secret in inventory:
            yield inventory.edge("mounts", ref, secret, "TLS certificate")
        elif secret.name:
            yield Missing("mounts", ref, secret, f"{secret}, the TLS certificate, does not exist")


def _backends(spec: Object) -> Iterator[tuple[str, Object]]:
    if spec.get("defaultBackend"):
        yield "", spec["defaultBackend"]
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            yield f"{rule.get('host') or ''}{path.get('path') or '/'}", path.get("backend") or {}


def _selects(inventory: Inventory, ref: Ref, spec: Object) -> Iterator[Edge | Missing]:
    text, selector = selector_text(spec["selector"]), from_map(spec["selector"])
    # A pod that has ended gets no requests any more, whatever its labels.
    here = [
        (pod, obj)
        for pod, obj in inventory.items("Pod")
        if pod.namespace == ref.namespace and obj.get("status", {}).get("phase") not in _FINISHED
    ]
    chosen = [(pod, obj) for pod, obj in here if selector.matches(labels_of(obj))]
    for pod, _ in chosen:
        yield inventory.edge("selects", ref, pod, text)
    nobody = Ref("Pod", "", ref.namespace)
    if not chosen:
        yield Missing("selects", ref, nobody, f"selector {text} matches 0 of {len(here)} pods")
    elif not any(is_condition_true(obj, "Ready") and not is_terminating(obj) for _, obj in chosen):
        yield Missing("selects", ref, nobody, f"selector {text} matches {len(chosen)}, but none is ready", False)
    yield from _unknown_ports(ref, spec, [obj for _, obj in chosen])


def _unknown_ports(ref: Ref, spec: Object, pods: list[Object]) -> Iterator[Missing]:
    for port in spec.get("ports") or []:
        name = port.get("targetPort")
        if pods and isinstance(name, str) and not any(name in _port_names(pod) for pod in pods):
            reason = f"targetPort {name} is the name of no port of its pods"
            yield Missing("selects", ref, Ref("Pod", "", ref.namespace), reason)


def _port_names(pod: Object) -> set[str]:
    containers = pod.get("spec", {}).get("containers") or []
    return {port.get("name") or "" for container in containers for port in container.get("ports") or []}
