"""Rules of CSIDrivers, where they run, and what capacity they say there is.

Upstream: ``pkg/apis/storage/validation``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct, volumes
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_selector
from gitopslab.controlplane.server.validation.numbers import NOT_NEGATIVE, amount
from gitopslab.machinery.objects import Object

_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_SHORTEST, _LONGEST = 600, 1 << 32  # seconds that a token lasts
_SHORTEST_PERIOD = 10  # seconds
_LONGEST_NODE_ID = 256


def check_driver(causes: Causes, driver: Object) -> None:
    """A new or changed CSIDriver."""
    spec = driver["spec"]
    policy, tokens = spec.get("fsGroupPolicy"), spec.get("tokenRequests") or []
    if policy is not None and policy not in _GROUP_POLICIES:
        causes.unsupported("spec.fsGroupPolicy", policy, _GROUP_POLICIES)
    _check_tokens(causes, tokens)
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in _MODES:
            causes.unsupported("spec.volumeLifecycleModes", mode, _MODES)
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < _SHORTEST_PERIOD:
        path = "spec.nodeAllocatableUpdatePeriodSeconds"
        causes.invalid(path, period, f"must be greater than or equal to {_SHORTEST_PERIOD} seconds")
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not tokens:
        text = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        causes.invalid("spec.serviceAccountTokenInSecrets", in_secrets, text)


def check_driver_change(causes: Causes, driver: Object, before: Object, subresource: str) -> None:
    """How volumes are attached, and how long they live, stays."""
    check_driver(causes, driver)
    new, old = driver["spec"], before["spec"]
    check_immutable(causes, new.get("attachRequired"), old.get("attachRequired"), "spec.attachedRequired")
    modes = "volumeLifecycleModes"
    check_immutable(causes, new.get(modes), old.get(modes), f"spec.{modes}")


def check_node(causes: Causes, node: Object) -> None:
    """A new or changed CSINode."""
    names: set[str] = set()
    for index, driver in enumerate(node["spec"].get("drivers") or ()):
        path, name = f"spec.drivers[{index}]", driver.get("name") or ""
        volumes.check_driver(causes, name, f"{path}.name")
        _check_node_id(causes, driver.get("nodeID") or "", f"{path}.nodeID")
        count = (driver.get("allocatable") or {}).get("count")
        if count is not None and count < 0:
            causes.invalid(f"{path}.allocatable.count", count, NOT_NEGATIVE)
        if name in names:
            causes.duplicate(f"{path}.name", name)
        names.add(name)
        _check_topology_keys(causes, driver.get("topologyKeys") or [], path)


def check_node_change(causes: Causes, node: Object, before: Object, subresource: str) -> None:
    """What a driver says of the node stays, but for how many volumes it takes."""
    check_node(causes, node)
    drivers: dict[str, list[Object]] = {}
    for driver in node["spec"].get("drivers") or ():
        drivers.setdefault(driver.get("name", ""), []).append(driver)
    for old in before["spec"].get("drivers") or ():
        for new in drivers.get(old.get("name", ""), ()):
            told, had = ({**driver, "allocatable": None} for driver in (new, old))
            if not same(told, had):
                causes.invalid("spec.drivers", gostruct.printed("CSINodeDriver", told), "field is immutable")


def _check_node_id(causes: Causes, node_id: str, path: str) -> None:
    if not node_id:
        causes.required(path)
    if len(node_id) > _LONGEST_NODE_ID:
        causes.invalid(path, node_id, f"must be {_LONGEST_NODE_ID} characters or less")


def _check_topology_keys(causes: Causes, keys: list[str], path: str) -> None:
    seen = set()
    for key in keys:
        if not key:
            causes.required(path)
        if key in seen:
            causes.duplicate(path, key)
        seen.add(key)
        causes.each(path, key, formats.problems_of_qualified_name(key))


def check_capacity(causes: Causes, capacity: Object) -> None:
    """A new or changed CSIStorageCapacity."""
    check_selector(causes, capacity.get("nodeTopology"), "nodeTopology")
    name = capacity.get("storageClassName") or ""
    causes.each("storageClassName", name, formats.problems_of_subdomain(name))
    size = capacity.get("capacity")
    if size is not None and amount(size) < 0:
        causes.invalid("capacity", str(size), NOT_NEGATIVE)


def check_capacity_change(causes: Causes, capacity: Object, before: Object, subresource: str) -> None:
    """Whose capacity it is stays."""
    for field in ("nodeTopology", "storageClassName"):
        check_immutable(causes, capacity.get(field), before.get(field), field)


def _check_tokens(causes: Causes, tokens: list[Object]) -> None:
    audiences: set[str] = set()
    for index, token in enumerate(tokens):
        path, audience = f"spec.tokenRequests[{index}]", token.get("audience") or ""
        if audience in audiences:
            causes.duplicate(f"{path}.audience", audience)
            continue
        audiences.add(audience)
        seconds = token.get("expirationSeconds")
        if seconds is not None and seconds < _SHORTEST:
            causes.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        if seconds is not None and seconds > _LONGEST:
            text = "may not specify a duration larger than 2^32 seconds"
            causes.invalid(f"{path}.expirationSeconds", seconds, text)
