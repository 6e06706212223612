"""ResourceQuota: a write that would use more of a namespace than its quotas allow is refused.

What is used is counted from the objects themselves, so no count can drift; ``status.used`` is written by the
ResourceQuota controller, which counts with the same functions. Upstream:
``apiserver/pkg/admission/plugin/resourcequota``.

Simplified: the real plugin charges ``status.used`` of the quota while it admits, and leaves it to the controller to
give back; so its count can be too high for a while, and a quota is not kept before the controller has first counted.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.errors import ApiError
from gitopslab.machinery import usage
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_terminating, name_of, uid_of
from gitopslab.machinery.usage import NOTHING, Amounts

_MUST_BE_SET = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_CHANGING = ("services", "persistentvolumeclaims")
"""Whose use can grow while they exist; everything else is counted when it is made."""

_NEVER_COUNTED = ("events", "events.events.k8s.io")
_MOST_KEPT = 20_000


class Quotas:
    """Checks writes against the quotas of their namespace.

    Args:
        reader: The current objects.
        clock: The time.
    """

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._measured: dict[tuple[str, str], Amounts] = {}

    def check(self, attributes: Attributes) -> None:
        """Refuse a create, or a growth, beyond a quota.

        Raises:
            ApiError: 403, naming the quota and what is exceeded.
        """
        if not attributes.namespace or not _is_charged(attributes):
            return
        key, obj = attributes.resource.key, attributes.wished()
        for quota in self._reader.all("resourcequotas", attributes.namespace):
            hard = usage.amounts(quota.get("spec", {}).get("hard"))
            limited = [name for name in sorted(hard) if usage.counts(key, name)]
            if not limited or not usage.covers(quota, key, obj):
                continue
            if key == "pods":
                _check_set(attributes, quota, limited, obj["spec"])
            wanted = self._wanted(attributes, quota, limited)
            if wanted:
                self._check_room(attributes, quota, hard, wanted)

    def _wanted(self, attributes: Attributes, quota: Object, limited: list[str]) -> Amounts:
        """What the write takes beyond what the object had before."""
        key, now = attributes.resource.key, self._clock.now()
        asked = usage.usage(key, attributes.wished(), now)
        before = attributes.before
        had = usage.usage(key, before, now) if before is not None and usage.covers(quota, key, before) else {}
        found = {name: asked[name].less(had.get(name, NOTHING)) for name in limited if name in asked}
        return {name: amount for name, amount in found.items() if amount.value}

    def _check_room(self, attributes: Attributes, quota: Object, hard: Amounts, wanted: Amounts) -> None:
        used = self._used(attributes, quota)
        exceeded = [name for name in wanted if (used.get(name, NOTHING) + wanted[name]).value > hard[name].value]
        if exceeded:
            raise _refusal(attributes, quota, exceeded, wanted, used, hard)

    def _used(self, attributes: Attributes, quota: Object) -> Amounts:
        key = attributes.resource.key
        there = self._reader.all(key, attributes.namespace)
        return usage.added(self._usage(key, obj) for obj in there if usage.covers(quota, key, obj))

    def _usage(self, key: str, obj: Object) -> Amounts:
        """What an object uses, measured once for each of its states: a namespace may hold many, asked about often."""
        if is_terminating(obj):
            return usage.usage(key, obj, self._clock.now())
        state = (uid_of(obj), obj["metadata"].get("resourceVersion", ""))
        if state not in self._measured:
            if len(self._measured) >= _MOST_KEPT:
                self._measured.clear()
            self._measured[state] = usage.usage(key, obj, 0)
        return self._measured[state]


def _is_charged(attributes: Attributes) -> bool:
    """Whether this kind of write can use more of anything (``Evaluator.Handles``)."""
    key, operation, subresource = attributes.resource.key, attributes.operation, attributes.subresource
    if key in _NEVER_COUNTED:
        return False
    if subresource:
        return (key, subresource) in (("pods", "resize"), ("persistentvolumeclaims", "status"))
    if operation == "CREATE" or key in _CHANGING:
        return True
    return key == "pods" and _has_deadline(attributes.before) != _has_deadline(attributes.object)


def _has_deadline(pod: Object | None) -> bool:
    return pod is not None and pod.get("spec", {}).get("activeDeadlineSeconds") is not None


def _check_set(attributes: Attributes, quota: Object, limited: list[str], spec: Object) -> None:
    """A quota on CPU or memory makes every container say how much it wants."""
    if spec.get("resources"):
        return
    missing = []
    for name in limited:
        if name not in _MUST_BE_SET:
            continue
        field, _, resource = name.rpartition(".")
        silent = {
            item.get("name", "")
            for part in ("containers", "initContainers")
            for item in spec.get(part) or ()
            if resource not in ((item.get("resources") or {}).get(field or "requests") or {})
        }
        if silent:
            missing.append(f"{name} for: {','.join(sorted(silent))}")
    if missing:
        raise attributes.refusal(f"failed quota: {name_of(quota)}: must specify {'; '.join(missing)}")


def _refusal(attributes: Attributes, quota: Object, exceeded: list[str], *parts: Amounts) -> ApiError:
    wanted, used, hard = (",".join(f"{name}={part.get(name, NOTHING)}" for name in exceeded) for part in parts)
    return attributes.refusal(f"exceeded quota: {name_of(quota)}, requested: {wanted}, used: {used}, limited: {hard}")
