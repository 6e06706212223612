"""Rules of compute resources: their names, amounts, and requests against limits.

Called for containers, pods, nodes, quotas and limit ranges.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import NOT_NEGATIVE, amount
from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object
from gitopslab.machinery.quantity import canonical

_STANDARD_CONTAINER = ("cpu", "memory", "ephemeral-storage")
_QUOTA_COUNTS = (
    "pods", "resourcequotas", "services", "services.nodeports", "services.loadbalancers", "replicationcontrollers",
    "secrets", "configmaps", "persistentvolumeclaims",
)  # fmt: skip
_QUOTA_AMOUNTS = (
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
)  # fmt: skip
_STANDARD = frozenset((*_QUOTA_COUNTS, *_QUOTA_AMOUNTS, "storage"))
_INTEGER = frozenset(_QUOTA_COUNTS)
_POD_LEVEL = ("cpu", "memory")
_HUGE_PAGES = "hugepages-"


def check_requirements(causes: Causes, resources: Object | None, path: str, *, of_pod: bool = False) -> None:
    """``resources`` of a container, or of a pod as a whole."""
    if not resources:
        return
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, value in limits.items():
        _check_amount(causes, name, value, f"{path}.limits[{name}]", of_pod=of_pod)
    for name, value in requests.items():
        _check_amount(causes, name, value, f"{path}.requests[{name}]", of_pod=of_pod)
        _check_against_limit(causes, name, str(value), limits, path)
    names = (*limits, *requests)
    if any(name.startswith(_HUGE_PAGES) for name in names) and not any(name in ("cpu", "memory") for name in names):
        causes.forbidden(path, "HugePages require cpu or memory")


def check_whole(causes: Causes, spec: Object, path: str) -> None:
    """What a pod asks for as a whole: neither less than its containers do together, nor than one may have."""
    whole = spec["resources"]
    if (spec.get("os") or {}).get("name") == "windows":
        causes.forbidden(path, "may not be set for a windows pod")
        return
    if whole.get("claims") is not None:
        causes.forbidden(f"{path}.claims", "claims may not be set for Resources at pod-level")
    check_requirements(causes, whole, path, of_pod=True)
    for field in ("requests", "limits"):
        mine = usage.amounts(whole.get(field))
        for name, together in usage.effective({**spec, "resources": None}, field, overhead=False).items():
            counts = field == "requests" or name.startswith(_HUGE_PAGES)
            if counts and name in mine and together.value > mine[name].value:
                text = f"must be greater than or equal to aggregate container {field} of {together}"
                causes.invalid(f"{path}.{field}[{name}]", str(mine[name]), text)
    limits = usage.amounts(whole.get("limits"))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in usage.amounts((container.get("resources") or {}).get("limits")).items():
            if name in limits and limit.value > limits[name].value:
                text = f"must be less than or equal to pod limits of {limits[name]}"
                causes.invalid(f"{path}.containers[{index}][{name}].limits", str(limit), text)


def check_quantity(causes: Causes, name: str, value: str, path: str) -> None:
    """An amount of a resource is not negative, and whole where only whole ones make sense."""
    if amount(value) < 0:
        causes.invalid(path, str(value), NOT_NEGATIVE)
    if (name in _INTEGER or _is_extended(name)) and amount(value) % 1 != 0:
        causes.invalid(path, str(value), "must be an integer")


def check_name(causes: Causes, name: str, path: str) -> bool:
    """A resource name is standard, or qualified by a domain. Returns whether it is."""
    problems = formats.problems_of_qualified_name(name)
    causes.each(path, name, problems)
    if not problems and "/" not in name and not _is_standard(name):
        causes.invalid(path, name, "must be a standard resource type or fully qualified")
        return False
    return not problems


def check_container_name(causes: Causes, name: str, path: str) -> None:
    """A resource that a container may ask for."""
    if name in _STANDARD_CONTAINER:
        return
    check_name(causes, name, path)
    if "/" not in name:
        if not name.startswith(_HUGE_PAGES):
            causes.invalid(path, name, "must be a standard resource for containers")
    elif not _is_native(name) and not _is_extended(name):
        causes.invalid(path, name, "doesn't follow extended resource name standard")


def check_quota_name(causes: Causes, name: str, path: str) -> None:
    """A resource that a quota may limit: amounts, or ``count/deployments.apps``."""
    check_name(causes, name, path)
    if "/" not in name and name not in (*_QUOTA_COUNTS, *_QUOTA_AMOUNTS) and not _is_quota_prefix(name):
        causes.invalid(path, name, "must be a standard resource for quota")


def _check_amount(causes: Causes, name: str, value: str, path: str, *, of_pod: bool) -> None:
    if not of_pod:
        check_container_name(causes, name, path)
    elif check_name(causes, name, path) and name not in _POD_LEVEL and not name.startswith(_HUGE_PAGES):
        causes.unsupported(path, name, sorted((*_POD_LEVEL, _HUGE_PAGES)))
    check_quantity(causes, name, value, path)
    if name.startswith(_HUGE_PAGES) and not _is_whole_pages(name, value):
        causes.invalid(path, str(value), f"{value} is not positive integer multiple of {name}")


def _is_whole_pages(name: str, value: str) -> bool:
    """Pages are given out whole; their size is in the name (``IsHugePageResourceValueDivisible``)."""
    try:
        size = amount(canonical(name.removeprefix(_HUGE_PAGES)))
    except (ValueError, ArithmeticError):
        return False
    return size > 0 and size % 1 == 0 and amount(value) % size == 0


def _check_against_limit(causes: Causes, name: str, value: str, limits: dict[str, str], path: str) -> None:
    limit = limits.get(name)
    overcommits = may_overcommit(name)
    if limit is None:
        if not overcommits:
            causes.required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    elif not overcommits and amount(value) != amount(limit):
        causes.invalid(f"{path}.requests", value, f"must be equal to {name} limit of {limit}")
    elif amount(value) > amount(limit):
        causes.invalid(f"{path}.requests", value, f"must be less than or equal to {name} limit of {limit}")


def may_overcommit(name: str) -> bool:
    """Whether more of a resource may be used than was asked for."""
    return _is_native(name) and not name.startswith(_HUGE_PAGES)


def _is_native(name: str) -> bool:
    return "/" not in name or ".kubernetes.io/" in f".{name}"


def _is_extended(name: str) -> bool:
    if _is_native(name) or name.startswith("requests."):
        return False
    return not formats.problems_of_qualified_name(f"requests.{name}")


def _is_standard(name: str) -> bool:
    return name in _STANDARD or _is_quota_prefix(name)


def _is_quota_prefix(name: str) -> bool:
    return name.startswith((_HUGE_PAGES, f"requests.{_HUGE_PAGES}", f"limits.{_HUGE_PAGES}"))
