"""Rules of what a cluster is made of: Namespace, Node, Lease."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes, Struct
from gitopslab.controlplane.server.validation.resources import check_quantity
from gitopslab.controlplane.server.validation.scheduling import check_taints
from gitopslab.machinery.objects import Object, is_terminating

_CIDR_FIXED = 'node updates may not change podCIDR except from "" to valid'
_PROVIDER_FIXED = 'node updates may not change providerID except from "" to valid'


def check_namespace(causes: Causes, namespace: Object) -> None:
    """A new Namespace."""
    for finalizer in namespace.get("spec", {}).get("finalizers") or ():
        _check_finalizer(causes, finalizer, "spec.finalizers")


def check_namespace_change(causes: Causes, namespace: Object, before: Object, subresource: str) -> None:
    """Its phase says whether it is being deleted."""
    if subresource == "finalize":
        for index, finalizer in enumerate(namespace.get("spec", {}).get("finalizers") or ()):
            _check_finalizer(causes, finalizer, f"spec.finalizers[{index}]")
    if subresource != "status":
        return
    phase = namespace.get("status", {}).get("phase") or ""
    if is_terminating(namespace) and phase != "Terminating":
        text = "may only be 'Terminating' if `deletionTimestamp` is not empty"
        causes.invalid("status.Phase", phase, text)
    elif not is_terminating(namespace) and phase != "Active":
        causes.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")


def check_node(causes: Causes, node: Object) -> None:
    """A new Node."""
    # Upstream names taints below metadata.
    check_taints(causes, node.get("spec", {}).get("taints") or [], "metadata.taints")
    _check_resources(causes, node.get("status") or {})
    ranges = node.get("spec", {}).get("podCIDRs") or []
    for index, value in enumerate(ranges):
        causes.each(f"spec.podCIDRs[{index}]", value, formats.problems_of_cidr(value))
    if len(ranges) > len({":" in value for value in ranges}):
        causes.invalid("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family")


def check_node_change(causes: Causes, node: Object, before: Object, subresource: str) -> None:
    """Addresses of its pods are given once."""
    new, old, status = node.get("spec") or {}, before.get("spec") or {}, node.get("status") or {}
    if subresource == "status" or status is not before.get("status"):
        _check_resources(causes, status)
        addresses = status.get("addresses") or []
        for index, address in enumerate(addresses):
            if address in addresses[:index]:
                shown = Struct(Type=address.get("type", ""), Address=address.get("address", ""))
                causes.duplicate(f"status.addresses[{index}]", shown)
    if old.get("podCIDRs") and new.get("podCIDRs") != old["podCIDRs"]:
        causes.forbidden("spec.podCIDRs", _CIDR_FIXED)
    if old.get("providerID") and new.get("providerID") != old["providerID"]:
        causes.forbidden("spec.providerID", _PROVIDER_FIXED)
    if new is not old:
        check_taints(causes, new.get("taints") or [], "metadata.taints")
    if (new.get("externalID") or "") != (old.get("externalID") or ""):
        causes.forbidden("spec.externalID", "may not be updated")


def check_lease(causes: Causes, lease: Object) -> None:
    """A new or changed Lease."""
    spec = lease.get("spec") or {}
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        causes.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if transitions is not None and transitions < 0:
        causes.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")


def check_lease_change(causes: Causes, lease: Object, before: Object, subresource: str) -> None:
    """As a new one."""
    check_lease(causes, lease)


def _check_finalizer(causes: Causes, finalizer: str, path: str) -> None:
    causes.each(path, finalizer, formats.problems_of_qualified_name(finalizer))
    if "/" not in finalizer and finalizer != "kubernetes":
        causes.invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified")


def _check_resources(causes: Causes, status: Object) -> None:
    for field in ("capacity", "allocatable"):
        for name, value in (status.get(field) or {}).items():
            check_quantity(causes, name, value, f"status.{field}.{name}")
