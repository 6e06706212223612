"""The IP families of Services: which there are to choose from, and what the server infers.

``services`` calls it before it gives out addresses. Upstream: ``initIPFamilyFields`` in
``registry/core/service/storage/alloc.go``.

Simplified: the cluster has one family, IPv4, as most do; the real server can be given a second range.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.services import check_families
from gitopslab.errors import invalid
from gitopslab.machinery.objects import Object, name_of

FAMILY = "IPv4"
_OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}
_SINGLE, _PREFER, _REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"


def set_families(service: Object, before: Object | None) -> None:
    """Fill in ``ipFamilyPolicy`` and ``ipFamilies`` where the user left them open.

    Raises:
        InvalidError: They contradict each other, the addresses, or what the cluster has.
    """
    spec, old = service["spec"], before["spec"] if before is not None else None
    if spec.get("type") == "ExternalName" or _stays_as_it_is(spec, old):
        return
    if not spec.get("ipFamilyPolicy"):
        inherited = (old or {}).get("ipFamilyPolicy")
        spec["ipFamilyPolicy"] = inherited or (_REQUIRE if _is_headless_without_selector(spec) else _SINGLE)
    causes = Causes()
    check_families(causes, spec, old)
    _refuse(service, causes)
    if old is not None:
        _shrink(causes, spec, old)
    _check_policy(causes, spec)
    _infer_families(causes, spec)
    _refuse(service, causes)
    if _is_headless_without_selector(spec):
        _fill(spec)
        return
    _check_configured(causes, spec)
    _refuse(service, causes)
    spec["ipFamilies"] = spec.get("ipFamilies") or [FAMILY]


def _stays_as_it_is(spec: Object, old: Object | None) -> bool:
    """A Service that only prefers two families is not changed because the cluster has more or fewer of them."""
    return (
        old is not None
        and old.get("type") == spec.get("type")
        and old.get("ipFamilyPolicy", _PREFER) == spec.get("ipFamilyPolicy") == _PREFER
        and (old.get("clusterIPs") or []) == (spec.get("clusterIPs") or [])
        and (old.get("ipFamilies") or []) == (spec.get("ipFamilies") or [])
    )


def _is_headless_without_selector(spec: Object) -> bool:
    return spec.get("clusterIP") == "None" and not spec.get("selector")


def _shrink(causes: Causes, spec: Object, old: Object) -> None:
    """Going back to one family drops the second one; any other way of dropping it is a mistake."""
    for field, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        wished, had = spec.get(field) or [], old.get(field) or []
        if spec["ipFamilyPolicy"] == _SINGLE:
            if wished == had and len(wished) > 1:
                spec[field] = wished[:1]
        elif len(had) > len(wished) > 0 and had[: len(wished)] == wished:
            text = f"must be 'SingleStack' to release the secondary {what}"
            causes.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], text)


def _check_policy(causes: Causes, spec: Object) -> None:
    for field, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
        if spec["ipFamilyPolicy"] == _SINGLE and len(spec.get(field) or ()) == 2:
            text = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            causes.invalid("spec.ipFamilyPolicy", _SINGLE, text)


def _infer_families(causes: Causes, spec: Object) -> None:
    """The families of the addresses the user wrote."""
    addresses, families = spec.get("clusterIPs") or [], list(spec.get("ipFamilies") or ())
    for index, address in enumerate(addresses):
        if address == "None":
            break
        family = "IPv6" if ":" in address else "IPv4"
        if index < len(families):
            continue
        if family != FAMILY:
            causes.invalid(f"spec.clusterIPs[{index}]", addresses, f"{family} is not configured on this cluster")
        else:
            families.append(family)
    if families:
        spec["ipFamilies"] = families


def _fill(spec: Object) -> None:
    families = spec.get("ipFamilies") or [FAMILY]
    if len(families) < 2 and spec["ipFamilyPolicy"] != _SINGLE:
        families = [families[0], _OTHER[families[0]]]
    spec["ipFamilies"] = families


def _check_configured(causes: Causes, spec: Object) -> None:
    if spec["ipFamilyPolicy"] == _REQUIRE:
        causes.invalid("spec.ipFamilyPolicy", _REQUIRE, "this cluster is not configured for dual-stack services")
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family != FAMILY:
            causes.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")


def _refuse(service: Object, causes: Causes) -> None:
    if causes:
        raise invalid("Service", "", name_of(service), causes.found)
