"""Rules of the claims of devices that a pod names, and of those that its containers ask for.

Called by ``podspec`` and ``containers``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.gostruct import printed
from gitopslab.machinery.objects import Object

_CONTAINERS, _MAPPED = ("initContainers", "containers"), ("containerName", "resourceName", "requestName")
_NOT_REQUESTED = (
    "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
    "spec.containers.resources.requests"
)
_SOURCES = ("resourceClaimName", "resourceClaimTemplateName")


def check_pod_claims(causes: Causes, claims: list[Object], path: str) -> frozenset[str]:
    """``spec.resourceClaims``; returns their names."""
    names: set[str] = set()
    for index, claim in enumerate(claims):
        here, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            causes.required(f"{here}.name")
        elif name in names:
            causes.duplicate(f"{here}.name", name)
        else:
            causes.each(f"{here}.name", name, formats.problems_of_label(name))
        names.add(name)
        _check_source(causes, claim, here)
    return frozenset(names)


def check_container_claims(causes: Causes, claims: list[Object], known: frozenset[str], path: str) -> None:
    """``resources.claims`` of a container: each is one of the pod's, or a request of one, and asked for once."""
    asked: set[tuple[str, str]] = set()
    for index, claim in enumerate(claims):
        here, name, request = f"{path}[{index}]", claim.get("name") or "", claim.get("request") or ""
        if not name:
            causes.required(here)
            continue
        if request and (name, "") not in asked:
            causes.each(f"{here}.request", request, formats.problems_of_label(request))
        if (name, "") in asked or (not request and any(each == name for each, _ in asked)):
            causes.duplicate(here, name)
        elif (name, request) in asked:
            causes.duplicate(here, f"{name}/{request}")
        asked.add((name, request))
        if name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            causes.not_found(here, name, f"must be one of the names in pod.spec.resourceClaims{listed}")


def _check_source(causes: Causes, claim: Object, path: str) -> None:
    given = [source for source in _SOURCES if claim.get(source) is not None]
    if len(given) != 1:
        one = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        none = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        causes.invalid(path, printed("PodResourceClaim", claim), one if given else none)
    for source in given:
        causes.each(f"{path}.{source}", claim[source], formats.problems_of_subdomain(claim[source]))


def check_extended_claim(causes: Causes, status: Object, spec: Object, path: str) -> None:
    """``status.extendedResourceClaimStatus``: the claim that was made for amounts which devices stand behind."""
    mappings = status.get("requestMappings") or []
    if not mappings:
        causes.required(f"{path}.requestMappings", "at least one request mapping is required")
    _check_mappings(causes, mappings, spec, path)
    if name := status.get("resourceClaimName") or "":
        causes.each(f"{path}.resourceClaimName", name, formats.problems_of_subdomain(name))
    else:
        causes.required(f"{path}.resourceClaimName")


def _check_mappings(causes: Causes, mappings: list[Object], spec: Object, path: str) -> None:
    containers = {one["name"]: one for field in _CONTAINERS for one in spec.get(field) or ()}
    seen: set[tuple[str, ...]] = set()
    for index, mapping in enumerate(mappings):
        here = f"{path}.requestMappings[{index}]"
        told = tuple(mapping.get(field) or "" for field in _MAPPED)
        _check_mapping(causes, mapping, containers, here)
        causes.each(f"{path}.requestName", told[-1], formats.problems_of_label(told[-1]))
        if told in seen:
            for field, value in zip(_MAPPED, told, strict=True):
                causes.duplicate(f"{here}.{field}", value)
        seen.add(told)


def _check_mapping(causes: Causes, mapping: Object, containers: dict[str, Object], path: str) -> None:
    name, resource = mapping.get("containerName") or "", mapping.get("resourceName") or ""
    if name not in containers:
        why = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
        causes.invalid(f"{path}.containerName", name, why)
    elif resource not in ((containers[name].get("resources") or {}).get("requests") or {}):
        causes.invalid(f"{path}.resourceName", resource, _NOT_REQUESTED)
