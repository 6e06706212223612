"""ResourceQuota: a write that would use more of a namespace than its quotas allow is refused, any other is charged.

What is used is ``status.used`` of the quota, and what it may be ``status.hard``: a quota is kept from the moment the
ResourceQuota controller has counted. A create that is refused after this, because its name is taken, stays charged
until the controller counts again, as on a real cluster. Upstream: ``apiserver/pkg/admission/plugin/resourcequota``.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader, oldest_first
from gitopslab.errors import ApiError
from gitopslab.machinery import usage
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, copy_of, name_of
from gitopslab.machinery.usage import NOTHING, Amounts

_MUST_BE_SET = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_CHANGING = ("services", "persistentvolumeclaims")
"""Whose use can grow while they exist; everything else is counted when it is made."""

_NEVER_COUNTED = ("events", "events.events.k8s.io")


class Quotas:
    """Checks writes against the quotas of their namespace.

    Args:
        reader: The current objects.
        clock: The time.
        charge: Stores the status of a quota.
    """

    def __init__(self, reader: Reader, clock: Clock, charge: Callable[[Object], None]) -> None:
        self._reader = reader
        self._clock = clock
        self._charge = charge

    def check(self, attributes: Attributes) -> None:
        """Refuse a create, or a growth, beyond a quota; charge it to the quotas that allow it.

        Raises:
            ApiError: 403, naming the quota and what is exceeded.
        """
        if not attributes.namespace or not _is_charged(attributes):
            return
        concerned = []
        for quota in oldest_first(self._reader.all("resourcequotas", attributes.namespace)):
            limited = _limited(attributes, quota)
            if limited:
                wanted = self._wanted(attributes, quota, limited)
                concerned += [(quota, wanted)] if wanted else []
        charged = [_charged(attributes, quota, wanted) for quota, wanted in concerned]
        for quota in () if attributes.dry_run else charged:
            self._charge(quota)

    def _wanted(self, attributes: Attributes, quota: Object, limited: list[str]) -> Amounts:
        """What the write takes beyond what the object had before."""
        key, now = attributes.resource.key, self._clock.now()
        asked = usage.usage(key, attributes.wished(), now)
        before = attributes.before
        had = usage.usage(key, before, now) if before is not None and usage.covers(quota, key, before) else {}
        found = {name: asked[name].less(had.get(name, NOTHING)) for name in limited if name in asked}
        return {name: amount for name, amount in found.items() if amount.value}


def _limited(attributes: Attributes, quota: Object) -> list[str]:
    """What a quota limits of an object, if it is about it.

    Raises:
        ApiError: 403, when the object does not say how much it wants, or nobody has counted that yet.
    """
    key, status = attributes.resource.key, quota.get("status") or {}
    limited = [name for name in sorted(status.get("hard") or ()) if usage.counts(key, name)]
    if not limited or not usage.covers(quota, key, attributes.wished()):
        return []
    if key == "pods":
        _check_set(attributes, quota, limited, attributes.wished()["spec"])
    if set(limited) - set(status.get("used") or ()):
        why = f"status unknown for quota: {name_of(quota)}, resources: {','.join(limited)}"
        raise attributes.refusal(why)
    return limited


def _charged(attributes: Attributes, quota: Object, wanted: Amounts) -> Object:
    """The quota with what is wanted added to what is used.

    Raises:
        ApiError: 403, when that is more than it allows.
    """
    status = quota["status"]
    hard, used = usage.amounts(status["hard"]), usage.amounts(status["used"])
    after = {name: used[name] + amount for name, amount in wanted.items()}
    exceeded = [name for name in wanted if after[name].value > hard[name].value]
    if exceeded:
        raise _refusal(attributes, quota, exceeded, wanted, used, hard)
    charged: Object = copy_of(quota)
    charged["status"]["used"].update({name: str(amount) for name, amount in after.items()})
    return charged


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
