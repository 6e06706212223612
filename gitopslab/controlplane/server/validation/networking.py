"""Rules of Ingress, IngressClass and NetworkPolicy."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_selector
from gitopslab.controlplane.server.validation.services import check_balancer_host
from gitopslab.machinery.objects import Object, annotations_of

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_POLICY_PROTOCOLS = ("TCP", "UDP", "SCTP")


def check_ingress(causes: Causes, ingress: Object) -> None:
    """A new Ingress."""
    _check_ingress_spec(causes, ingress["spec"])
    old, name = annotations_of(ingress).get(_CLASS_ANNOTATION), ingress["spec"].get("ingressClassName")
    if old is not None and name is not None and old != name:
        text = "must match `ingressClassName` when both are specified"
        causes.invalid(f"annotations.{_CLASS_ANNOTATION}", old, text)


def check_ingress_change(causes: Causes, ingress: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource != "status":
        _check_ingress_spec(causes, ingress["spec"])
        return
    balancer = (ingress.get("status") or {}).get("loadBalancer") or {}
    for index, one in enumerate(balancer.get("ingress") or ()):
        path = f"status.loadBalancer.ingress[{index}]"
        if one.get("ip"):
            causes.each(f"{path}.ip", one["ip"], formats.problems_of_ip(one["ip"]))
        check_balancer_host(causes, one.get("hostname"), f"{path}.hostname")


def check_ingress_class(causes: Causes, ingress_class: Object) -> None:
    """A new or changed IngressClass."""
    spec = ingress_class.get("spec") or {}
    controller = spec.get("controller") or ""
    if len(controller) > 250:
        causes.too_long("spec.controller", 250)
    _check_controller(causes, controller)
    if spec.get("parameters") is not None:
        _check_parameters(causes, spec["parameters"], "spec.parameters")


def _check_controller(causes: Causes, controller: str) -> None:
    host, _, path = controller.partition("/")
    if not controller:
        causes.required("spec.controller")
    elif not host or not path:
        causes.invalid("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")')
    else:
        causes.each("spec.controller", host, formats.problems_of_subdomain(host))


def _check_parameters(causes: Causes, parameters: Object, path: str) -> None:
    if parameters.get("apiGroup") is not None:
        problems = formats.problems_of_subdomain(parameters["apiGroup"])
        causes.each(f"{path}.apiGroup", parameters["apiGroup"], problems)
    for field in ("kind", "name"):
        value = parameters.get(field)
        if not value:
            causes.required(f"{path}.{field}")
        else:
            causes.each(f"{path}.{field}", value, formats.problems_of_path_segment(value))
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        causes.unsupported(f"{path}.scope", scope, ("Cluster", "Namespace"))
    elif scope == "Cluster" and namespace is not None:
        causes.forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'")
    elif scope == "Namespace" and namespace is None:
        causes.required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")
    elif scope == "Namespace":
        causes.each(f"{path}.namespace", namespace, formats.problems_of_label(namespace))


def check_ingress_class_change(causes: Causes, ingress_class: Object, before: Object, subresource: str) -> None:
    """The controller stays."""
    old, new = ((one.get("spec") or {}).get("controller") or "" for one in (before, ingress_class))
    check_immutable(causes, new, old, "spec.controller")


def check_network_policy(causes: Causes, policy: Object) -> None:
    """A new or changed NetworkPolicy."""
    spec = policy["spec"]
    check_selector(causes, spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for place, port in enumerate(rule.get("ports") or ()):
                _check_policy_port(causes, port, f"{path}.ports[{place}]")
            for place, peer in enumerate(rule.get(peers) or ()):
                _check_peer(causes, peer, f"{path}.{peers}[{place}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        causes.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            causes.unsupported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress"))


def check_network_policy_change(causes: Causes, policy: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_network_policy(causes, policy)


def _check_ingress_spec(causes: Causes, spec: Object) -> None:
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        causes.invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if backend is not None:
        _check_backend(causes, backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        _check_rule(causes, rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        for place, host in enumerate(tls.get("hosts") or ()):
            causes.each(f"spec.tls[{index}].hosts[{place}]", host, _problems_of_host(host))
        if tls.get("secretName"):
            problems = formats.problems_of_subdomain(tls["secretName"])
            causes.each(f"spec.tls[{index}].secretName", tls["secretName"], problems)
    if spec.get("ingressClassName") is not None:
        name = spec["ingressClassName"]
        causes.each("spec.ingressClassName", name, formats.problems_of_subdomain(name))


def _problems_of_host(host: str) -> formats.Problems:
    return formats.problems_of_wildcard(host) if "*" in host else formats.problems_of_subdomain(host)


def _check_rule(causes: Causes, rule: Object, path: str) -> None:
    host = rule.get("host") or ""
    if host:
        if not formats.problems_of_ip(host):
            causes.invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        causes.each(f"{path}.host", host, _problems_of_host(host))
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        causes.required(f"{path}.http.paths")
    for index, item in enumerate(http.get("paths") or ()):
        _check_path(causes, item, f"{path}.http.paths[{index}]")


def _check_path(causes: Causes, item: Object, path: str) -> None:
    kind, text = item.get("pathType"), item.get("path") or ""
    if kind is None:
        causes.required(f"{path}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        causes.unsupported(f"{path}.pathType", kind, _PATH_TYPES)
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        causes.invalid(f"{path}.path", text, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        for part in _BAD_PARTS:
            if part in text:
                causes.invalid(f"{path}.path", text, f"must not contain '{part}'")
        for end in _BAD_ENDS:
            if text.endswith(end):
                causes.invalid(f"{path}.path", text, f"cannot end with '{end}'")
    _check_backend(causes, item.get("backend") or {}, f"{path}.backend")


def _check_backend(causes: Causes, backend: Object, path: str) -> None:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        causes.invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        for field in ("kind", "name"):
            if not resource.get(field):
                causes.required(f"{path}.resource.{field}")
    elif service is not None:
        _check_backend_service(causes, service, path)
    else:
        causes.invalid(path, "", "resource or service backend is required")


def _check_backend_service(causes: Causes, service: Object, path: str) -> None:
    name, port = service.get("name") or "", service.get("port") or {}
    if not name:
        causes.required(f"{path}.service.name")
    else:
        causes.each(f"{path}.service.name", name, formats.problems_of_label(name))
    if port.get("name") and port.get("number"):
        causes.invalid(path, "", "cannot set both port name & port number")
    elif port.get("name"):
        causes.each(f"{path}.service.port.name", port["name"], formats.problems_of_port_name(port["name"]))
    elif port.get("number"):
        causes.each(f"{path}.service.port.number", port["number"], formats.problems_of_port(port["number"]))
    else:
        causes.required(path, "port name or number is required")


def _check_policy_port(causes: Causes, port: Object, path: str) -> None:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol is not None and protocol not in _POLICY_PROTOCOLS:
        causes.unsupported(f"{path}.protocol", protocol, _POLICY_PROTOCOLS)
    if isinstance(number, str):
        if end is not None:
            causes.invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        causes.each(f"{path}.port", number, formats.problems_of_port_name(number))
    elif number is not None:
        causes.each(f"{path}.port", number, formats.problems_of_port(number))
        if end is not None:
            if end < number:
                causes.invalid(f"{path}.endPort", number, "must be greater than or equal to `port`")
            causes.each(f"{path}.endPort", end, formats.problems_of_port(end))
    elif end is not None:
        causes.invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified")


def _check_peer(causes: Causes, peer: Object, path: str) -> None:
    selectors = [field for field in ("podSelector", "namespaceSelector") if peer.get(field) is not None]
    for field in selectors:
        check_selector(causes, peer[field], f"{path}.{field}")
    block = peer.get("ipBlock")
    if block is not None:
        if not block.get("cidr"):
            causes.required(f"{path}.ipBlock.cidr")
        else:
            _check_block(causes, block, f"{path}.ipBlock")
        if selectors:
            causes.forbidden(path, "may not specify both ipBlock and another peer")
    elif not selectors:
        causes.required(path, "must specify a peer")


def _check_block(causes: Causes, block: Object, path: str) -> None:
    """A range, and the parts of it that are left out."""
    causes.each(f"{path}.cidr", block["cidr"], formats.problems_of_cidr(block["cidr"]))
    outer = formats.range_of(block["cidr"])
    if outer is None or "/" not in block["cidr"]:
        return
    for index, value in enumerate(block.get("except") or ()):
        causes.each(f"{path}.except[{index}]", value, formats.problems_of_cidr(value))
        inner = formats.range_of(value)
        if inner is not None and not formats.is_strictly_within(inner, outer):
            causes.invalid(f"{path}.except[{index}]", value, "must be a strict subset of `cidr`")


def check_address(causes: Causes, address: Object) -> None:
    """A new IPAddress: whose it is."""
    parent = address.get("spec", {}).get("parentRef")
    if parent is None:
        causes.required("spec.parentRef")
        return
    if group := parent.get("group"):
        causes.each("spec.parentRef.group", group, formats.problems_of_subdomain(group))
    for field in ("resource", "name"):
        if not parent.get(field):
            causes.required(f"spec.parentRef.{field}")
    for field in ("resource", "name", "namespace"):
        value = parent.get(field) or ""
        causes.each(f"spec.parentRef.{field}", value, formats.problems_of_path_segment(value) if value else ())


def check_address_change(causes: Causes, address: Object, before: Object, subresource: str) -> None:
    """It stays whose it is."""
    parent = address["spec"].get("parentRef")
    if not same(parent, before["spec"].get("parentRef")):
        shown = gostruct.printed("ParentReference", parent) if parent else None
        causes.invalid("spec.parentRef", shown, "field is immutable")


def check_ranges(causes: Causes, found: Object) -> None:
    """A new ServiceCIDR: one range of addresses, or one of each family."""
    cidrs = found.get("spec", {}).get("cidrs") or []
    if not cidrs:
        causes.required("spec.cidrs", "at least one CIDR required")
    elif len(cidrs) > 2:
        causes.invalid("spec.cidrs", {"CIDRs": cidrs}, "may only hold up to 2 values")
    else:
        for index, cidr in enumerate(cidrs):
            causes.each(f"spec.cidrs[{index}]", cidr, formats.problems_of_canonical_cidr(cidr))
        _check_families(causes, cidrs)


def _check_families(causes: Causes, cidrs: list[str]) -> None:
    families = [network.version for cidr in cidrs if (network := formats.range_of(cidr)) is not None]
    if len(families) == 2 and len(set(families)) == 1:
        why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        causes.invalid("spec.cidrs", cidrs, why)


def check_ranges_change(causes: Causes, found: Object, before: Object, subresource: str) -> None:
    """Ranges stay; one of the other family may come to one."""
    if subresource == "status":
        return
    old, new = before["spec"]["cidrs"], found.get("spec", {}).get("cidrs") or []
    if len(old) == len(new) or (len(old), len(new)) == (1, 2):
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            check_immutable(causes, other, one, f"spec.cidrs[{index}]")
        if len(new) > len(old):
            check_ranges(causes, found)
    else:
        check_immutable(causes, new or None, old, "spec.cidrs")
