"""ResourceQuota: a write that would use more of a namespace than its quotas allow is refused.

What is used is counted from the objects themselves, so no count can drift. ``status.used`` is the ResourceQuota
controller's, which counts with the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.errors import ApiError
from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object, name_of

_MUST_BE_SET = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def check(attributes: Attributes, reader: Reader) -> None:
    """Refuse a create, or a growth, beyond a quota of the namespace."""
    if not attributes.namespace:
        return
    obj, key = attributes.wished(), attributes.resource.key
    for quota in reader.all("resourcequotas", attributes.namespace):
        spec = quota.get("spec", {})
        hard = usage.amounts(spec.get("hard"))
        if not _covers(spec, key, obj):
            continue
        if key == "pods" and attributes.operation == "CREATE":
            _check_set(attributes, quota, hard, obj["spec"])
        before = usage.usage(key, attributes.before) if attributes.before is not None else {}
        wanted = {name: value - before.get(name, Decimal(0)) for name, value in usage.usage(key, obj).items()}
        wanted = {name: value for name, value in wanted.items() if name in hard and value > 0}
        if wanted:
            _check_room(attributes, quota, hard, wanted, reader)


def _covers(spec: Object, key: str, obj: Object) -> bool:
    scopes = list(spec.get("scopes") or ())
    scopes += [item.get("scopeName", "") for item in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()]
    return not scopes or (key == "pods" and all(usage.in_scope(scope, obj) for scope in scopes))


def _check_set(attributes: Attributes, quota: Object, hard: usage.Amounts, spec: Object) -> None:
    """A quota on CPU or memory makes every container say how much it wants."""
    if spec.get("resources"):
        return
    missing = []
    for name in sorted(set(hard) & set(_MUST_BE_SET)):
        field, _, resource = name.rpartition(".")
        silent = [
            item.get("name", "")
            for part in ("containers", "initContainers")
            for item in spec.get(part) or ()
            if resource not in ((item.get("resources") or {}).get(field or "requests") or {})
        ]
        if silent:
            missing.append(f"{name} for: {','.join(sorted(silent))}")
    if missing:
        raise attributes.refusal(f"failed quota: {name_of(quota)}: must specify {'; '.join(missing)}")


def _check_room(
    attributes: Attributes, quota: Object, hard: usage.Amounts, wanted: usage.Amounts, reader: Reader
) -> None:
    used = _used(attributes, quota, wanted, reader)
    exceeded = sorted(name for name, value in wanted.items() if used[name] + value > hard[name])
    if exceeded:
        raise _refusal(attributes, quota, exceeded, wanted, used, hard)


def _used(attributes: Attributes, quota: Object, names: Iterable[str], reader: Reader) -> usage.Amounts:
    key = attributes.resource.key
    total = usage.added(
        usage.usage(key, obj)
        for obj in reader.all(key, attributes.namespace)
        if usage.is_counted(key, obj) and _covers(quota["spec"], key, obj)
    )
    return {name: total.get(name, Decimal(0)) for name in names}


def _refusal(
    attributes: Attributes,
    quota: Object,
    exceeded: list[str],
    *parts: usage.Amounts,
) -> ApiError:
    wanted, used, hard = (",".join(f"{name}={usage.spelled(part[name])}" for name in exceeded) for part in parts)
    return attributes.refusal(f"exceeded quota: {name_of(quota)}, requested: {wanted}, used: {used}, limited: {hard}")
