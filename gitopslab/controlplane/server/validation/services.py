"""Rules of Services: type, ports, addresses, traffic policies, and what may change.

Whether an address or node port is free is ``admission``'s.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.containers import PROTOCOLS
from gitopslab.controlplane.server.validation.metadata import check_labels
from gitopslab.controlplane.server.validation.numbers import check_port
from gitopslab.machinery.objects import Object, annotations_of

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_EXTERNAL = ("NodePort", "LoadBalancer")
_POLICIES = ("Cluster", "Local")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_MAX_AFFINITY_SECONDS = 86400
_ONLY_BALANCERS = "may only be used when `type` is 'LoadBalancer'"
_IP_MODES = ("Proxy", "VIP")
_FIXED = "may not change once set"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints"


def check_service(causes: Causes, service: Object) -> None:
    """A new or changed Service."""
    spec = service["spec"]
    kind = spec.get("type") or ""
    _check_topology(causes, annotations_of(service))
    if not spec.get("ports") and not _is_headless(spec) and kind != "ExternalName":
        causes.required("spec.ports")
    if kind in _EXTERNAL and _is_headless(spec):
        causes.invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        _check_external_name(causes, spec)
    _check_ports(causes, spec.get("ports") or [])
    check_labels(causes, spec.get("selector"), "spec.selector")
    _check_affinity(causes, spec)
    if kind != "ExternalName":
        check_families(causes, spec, None)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        check_reachable(causes, address, f"spec.externalIPs[{index}]")
    if kind not in _TYPES:
        causes.unsupported("spec.type", kind, _TYPES)
    _check_duplicates(causes, spec, kind)
    _check_balancer(causes, spec, kind)
    _check_traffic(causes, spec, kind)


def _check_topology(causes: Causes, annotations: dict[str, str]) -> None:
    mode, hints = annotations.get(_TOPOLOGY_MODE), annotations.get(_TOPOLOGY_HINTS)
    if mode is not None and hints is not None and mode != hints:
        text = f"must match annotations[{_TOPOLOGY_HINTS}] when both are specified"
        causes.invalid(f"metadata.annotations[{_TOPOLOGY_MODE}]", mode, text)


def check_service_change(causes: Causes, service: Object, before: Object, subresource: str) -> None:
    """A cluster IP stays, unless the Service becomes or was an ExternalName."""
    if subresource == "status":
        _check_balancer_status(causes, service)
        return
    new, old = service["spec"], before["spec"]
    if "ExternalName" not in (new.get("type"), old.get("type")) and not (_is_headless(new) and _is_headless(old)):
        _check_same_addresses(causes, new, old)
    if new.get("type") == old.get("type") == "LoadBalancer":
        if new.get("loadBalancerClass") != old.get("loadBalancerClass"):
            causes.invalid("spec.loadBalancerClass", new.get("loadBalancerClass"), _FIXED)
        has_port = _needs_health_port(new) and _needs_health_port(old)
        if has_port and new.get("healthCheckNodePort") != old.get("healthCheckNodePort"):
            causes.forbidden("spec.healthCheckNodePort", "field is immutable")
    check_service(causes, service)


def check_reachable(
    causes: Causes, address: str, path: str, *, problems_of: Callable[[str], formats.Problems] = formats.problems_of_ip
) -> None:
    """An address that packets can be sent to from elsewhere."""
    problems = problems_of(address)
    causes.each(path, address, problems)
    if problems:
        return
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        causes.invalid(path, address, f"may not be unspecified ({address})")
    if parsed.is_loopback:
        causes.invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if parsed.is_link_local:
        causes.invalid(path, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if parsed in ipaddress.ip_network("224.0.0.0/24") or parsed in ipaddress.ip_network("ff02::/16"):
        causes.invalid(path, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")


def _is_headless(spec: Object) -> bool:
    return bool(spec.get("clusterIPs") == ["None"])


def _needs_health_port(spec: Object) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _check_external_name(causes: Causes, spec: Object) -> None:
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            causes.forbidden(f"spec.{field}", "may not be set for ExternalName services")
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        causes.required("spec.externalName")
    else:
        causes.each("spec.externalName", name, formats.problems_of_subdomain(name))


def _check_ports(causes: Causes, ports: list[Object]) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name") or ""
        if len(ports) > 1 and not name:
            causes.required(f"{path}.name")
        elif name:
            causes.each(f"{path}.name", name, formats.problems_of_label(name))
            if name in names:
                causes.duplicate(f"{path}.name", name)
            names.add(name)
        causes.each(f"{path}.port", port.get("port", 0), formats.problems_of_port(port.get("port", 0)))
        if port.get("protocol") not in PROTOCOLS:
            causes.unsupported(f"{path}.protocol", port.get("protocol", ""), PROTOCOLS)
        check_port(causes, port.get("targetPort"), f"{path}.targetPort")
        if port.get("appProtocol") is not None:
            problems = formats.problems_of_qualified_name(port["appProtocol"])
            causes.each(f"{path}.appProtocol", port["appProtocol"], problems)


def _check_affinity(causes: Causes, spec: Object) -> None:
    affinity, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    if affinity not in ("ClientIP", "None"):
        causes.unsupported("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    if affinity == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        if seconds is None:
            causes.required(path, "when session affinity type is ClientIP")
        elif not 0 < seconds <= _MAX_AFFINITY_SECONDS:
            causes.invalid(path, seconds, f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}")
    elif affinity == "None" and config is not None:
        causes.forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")


def check_families(causes: Causes, spec: Object, before: Object | None) -> None:
    """What addresses, families and their policy say of each other (``ValidateServiceClusterIPsRelatedFields``).

    Args:
        causes: Where mistakes are told.
        spec: That of the Service.
        before: That of the stored one; addresses that were good enough once may stay.
    """
    one, many = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if one and not many:
        causes.required("spec.clusterIPs")
    elif one and many[0] != one:
        causes.invalid("spec.clusterIPs", many, "first value must match `clusterIP`")
    elif not one and many:
        causes.invalid("spec.clusterIPs", many, "must be empty when `clusterIP` is not specified")
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            causes.unsupported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
        if family in families[:index]:
            causes.duplicate(f"spec.ipFamilies[{index}]", family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        causes.unsupported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    if _check_cluster_ips(causes, many, (before or {}).get("clusterIPs") or []):
        _check_stacks(causes, spec, many, families)


def _check_cluster_ips(causes: Causes, addresses: list[str], had: list[str]) -> bool:
    """Whether each is an address, so that their families can be compared."""
    is_sound = True
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                is_sound = False
                causes.invalid("spec.clusterIPs", addresses, "'None' must be the first and only value")
            continue
        problems = formats.problems_of_ip(address) if address not in had else []
        causes.each(f"spec.clusterIPs[{index}]", address, problems)
        is_sound = is_sound and not problems
    if len(addresses) > 2:
        causes.invalid("spec.clusterIPs", addresses, "may only hold up to 2 values")
    return is_sound


def _check_stacks(causes: Causes, spec: Object, addresses: list[str], families: list[str]) -> None:
    if len(addresses) > 1 and len({":" in address for address in addresses}) < 2:
        text = "may specify no more than one IP for each IP family"
        causes.invalid("spec.clusterIPs", addresses, text)
    for index, (address, family) in enumerate(zip(addresses, families, strict=False)):
        if family in _FAMILIES and (":" in address) != (family == "IPv6") and not _is_headless(spec):
            text = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            causes.invalid(f"spec.clusterIPs[{index}]", address, text)


def _check_duplicates(causes: Causes, spec: Object, kind: str) -> None:
    ports = spec.get("ports") or []
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                causes.forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    opened: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("nodePort") or 0)
        if key[1] and key in opened:
            causes.duplicate(f"spec.ports[{index}].nodePort", key[1])
        opened.add(key)
    served: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port") or 0)
        if key in served:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            causes.duplicate(f"spec.ports[{index}]", shown)
        served.add(key)


def _check_balancer(causes: Causes, spec: Object, kind: str) -> None:
    for index, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        if index == 0 and kind != "LoadBalancer":
            causes.forbidden("spec.LoadBalancerSourceRanges", _ONLY_BALANCERS)
        path = f"spec.LoadBalancerSourceRanges[{index}]"
        causes.each(path, value.strip(), formats.problems_of_cidr(value.strip()))
    if kind != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(field) is not None:
                causes.forbidden(f"spec.{field}", _ONLY_BALANCERS)
    elif spec.get("loadBalancerClass") is not None:
        name = spec["loadBalancerClass"]
        causes.each("spec.loadBalancerClass", name, formats.problems_of_qualified_name(name))


def _check_traffic(causes: Causes, spec: Object, kind: str) -> None:
    external = spec.get("externalTrafficPolicy")
    reachable = kind in _EXTERNAL or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if external and not reachable:
        text = "may only be set for externally-accessible services"
        causes.invalid("spec.externalTrafficPolicy", external, text)
    elif reachable and external not in _POLICIES:
        causes.unsupported("spec.externalTrafficPolicy", external or "", _POLICIES)
    health = spec.get("healthCheckNodePort") or 0
    if health and not _needs_health_port(spec):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        causes.invalid("spec.healthCheckNodePort", health, text)
    internal = spec.get("internalTrafficPolicy")
    if internal is None and kind in ("ClusterIP", *_EXTERNAL):
        causes.required("spec.internalTrafficPolicy")
    elif internal is not None and internal not in _POLICIES:
        causes.unsupported("spec.internalTrafficPolicy", internal, _POLICIES)
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        causes.unsupported("spec.trafficDistribution", distribution, _DISTRIBUTIONS)


def _check_same_addresses(causes: Causes, new: Object, old: Object) -> None:
    wished, present = new.get("clusterIPs") or [], old.get("clusterIPs") or []
    if present and not wished:
        causes.invalid("spec.clusterIPs[0]", new.get("clusterIPs"), "primary clusterIP can not be unset")
    for index, (one, other) in enumerate(zip(wished, present, strict=False)):
        if one != other:
            causes.invalid(f"spec.clusterIPs[{index}]", wished, _FIXED)
    families, had = new.get("ipFamilies") or [], old.get("ipFamilies") or []
    if _is_headless(new) == _is_headless(old) and families and had and families[0] != had[0]:
        causes.invalid("spec.ipFamilies[0]", families, _FIXED)


def _check_balancer_status(causes: Causes, service: Object) -> None:
    ingresses = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    if ingresses and service["spec"].get("type") != "LoadBalancer":
        causes.forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'")
        return
    for index, ingress in enumerate(ingresses):
        path = f"status.loadBalancer.ingress[{index}]"
        mode = ingress.get("ipMode")
        if ingress.get("ip"):
            causes.each(f"{path}.ip", ingress["ip"], formats.problems_of_ip(ingress["ip"]))
            if mode is None:
                causes.required(f"{path}.ipMode", "must be specified when `ip` is set")
            elif mode not in _IP_MODES:
                causes.unsupported(f"{path}.ipMode", mode, _IP_MODES)
        elif mode is not None:
            causes.forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set")
        check_balancer_host(causes, ingress.get("hostname"), f"{path}.hostname")


def check_balancer_host(causes: Causes, host: str | None, path: str) -> None:
    """The name of a load balancer; an address has a field of its own."""
    if host:
        causes.each(path, host, formats.problems_of_subdomain(host))
        if not formats.problems_of_ip(host):
            causes.invalid(path, host, "must be a DNS name, not an IP address")
