"""Ingresses, IngressClasses, NetworkPolicies, IPAddresses and ServiceCIDRs in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, Cells, Column, Printer, age
from gitopslab.controlplane.http.tables.services import load_balancer_addresses
from gitopslab.machinery.objects import Object, annotations_of, name_of
from gitopslab.machinery.selectors import label_selector_text

_MOST_HOSTS = 3
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _ingress(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    return [
        name_of(obj),
        spec.get("ingressClassName") or NONE,
        _hosts(spec.get("rules") or []),
        load_balancer_addresses(obj),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def _hosts(rules: list[Object]) -> str:
    """Up to three host names; how many more counts rules, those without a host too, as the real printer does."""
    hosts = [rule["host"] for rule in rules if rule.get("host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:_MOST_HOSTS])
    nth = [at for at, rule in enumerate(rules) if rule.get("host")]
    has_more = len(hosts) >= _MOST_HOSTS and len(rules) > nth[_MOST_HOSTS - 1] + 1
    return f"{shown} + {len(rules) - _MOST_HOSTS} more..." if has_more else shown


def _ingress_class(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    parameters, text = spec.get("parameters"), NONE
    if parameters:
        group = parameters.get("apiGroup")
        kind = f"{parameters.get('kind', '')}.{group}" if group is not None else parameters.get("kind", "")
        text = f"{kind}/{parameters.get('name', '')}"
    name = name_of(obj)
    if annotations_of(obj).get(_DEFAULT_CLASS) == "true":
        name += " (default)"
    return [name, spec.get("controller", ""), text, age(obj, now)]


def _network_policy(obj: Object, now: float) -> Cells:
    return [name_of(obj), label_selector_text(obj.get("spec", {}).get("podSelector")) or NONE, age(obj, now)]


def _address(obj: Object, now: float) -> Cells:
    return [name_of(obj), _parent(obj.get("spec", {}).get("parentRef"))]


def _parent(reference: Object | None) -> str:
    """Whose an address is: ``services/default/web``."""
    if not reference:
        return NONE
    group = reference.get("group")
    kind = f"{reference.get('resource', '')}.{group}" if group else reference.get("resource", "")
    return "/".join(filter(None, (kind.lower(), reference.get("namespace"), reference.get("name"))))


def _ranges(obj: Object, now: float) -> Cells:
    return [name_of(obj), ",".join(obj.get("spec", {}).get("cidrs") or ()), age(obj, now)]


PRINTERS = {
    "ipaddresses.networking.k8s.io": Printer((NAME, Column("ParentRef", "Whose address it is.")), _address),
    "servicecidrs.networking.k8s.io": Printer((NAME, Column("CIDRs", "The ranges of addresses."), AGE), _ranges),
    "ingresses.networking.k8s.io": Printer(
        (
            NAME,
            Column("Class", "Which controller serves it."),
            Column("Hosts", "The host names it answers for."),
            Column("Address", "Where its load balancer is reached."),
            Column("Ports", "443 too when it has TLS."),
            AGE,
        ),
        _ingress,
    ),
    "ingressclasses.networking.k8s.io": Printer(
        (
            NAME,
            Column("Controller", "Who serves ingresses of this class."),
            Column("Parameters", "Where its settings are."),
            AGE,
        ),
        _ingress_class,
    ),
    "networkpolicies.networking.k8s.io": Printer(
        (NAME, Column("Pod-Selector", "Which pods it is about."), AGE), _network_policy
    ),
}
