"""Rules of CSIDrivers and of what capacity they say there is. Upstream: ``pkg/apis/storage/validation``."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_selector
from gitopslab.controlplane.server.validation.numbers import NOT_NEGATIVE, amount
from gitopslab.machinery.objects import Object

_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_MODES = ("Persistent", "Ephemeral")
_SHORTEST, _LONGEST = 600, 1 << 32  # seconds that a token lasts
_SHORTEST_PERIOD = 10  # seconds


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
    check_capacity(causes, capacity)
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
