"""LimitRanger: a LimitRange fills in what containers leave open, and refuses what goes beyond it.

Filling in happens before validation, refusing after it. Only new pods are looked at; claims also when they grow.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object

_ANNOTATION = "kubernetes.io/limit-ranger"
_CONTAINERS = (("containers", "container"), ("initContainers", "init container"))


def set_pod_defaults(attributes: Attributes, reader: Reader) -> None:
    """Give containers the default requests and limits of their namespace, and note it in an annotation."""
    if attributes.operation != "CREATE":
        return
    pod = attributes.wished()
    for item in _items(attributes, reader, "Container"):
        notes = [
            note
            for field, called in _CONTAINERS
            for container in pod["spec"].get(field) or ()
            for note in _fill(container, item, called)
        ]
        if notes:
            text = f"LimitRanger plugin set: {'; '.join(notes)}"
            pod["metadata"].setdefault("annotations", {})[_ANNOTATION] = text


def check_pod(attributes: Attributes, reader: Reader) -> None:
    """Refuse a new pod whose containers, or which as a whole, is outside the limits of its namespace."""
    if attributes.operation != "CREATE":
        return
    spec = attributes.wished()["spec"]
    errors: list[str] = []
    for item in _items(attributes, reader, "Container"):
        for field, _ in _CONTAINERS:
            for container in spec.get(field) or ():
                resources = container.get("resources") or {}
                errors.extend(_violations(item, resources.get("requests"), resources.get("limits")))
    for item in _items(attributes, reader, "Pod"):
        errors.extend(_violations(item, usage.effective(spec, "requests"), usage.effective(spec, "limits")))
    _refuse(attributes, errors)


def check_claim(attributes: Attributes, reader: Reader) -> None:
    """Refuse a claim that is smaller or larger than its namespace allows."""
    requests = attributes.wished()["spec"].get("resources", {}).get("requests")
    errors: list[str] = []
    for item in _items(attributes, reader, "PersistentVolumeClaim"):
        for name, low in (item.get("min") or {}).items():
            errors.extend(_outside("minimum", name, item, low, requests, "request"))
        for name, high in (item.get("max") or {}).items():
            errors.extend(_outside("maximum", name, item, high, requests, "request"))
    _refuse(attributes, errors)


def _items(attributes: Attributes, reader: Reader, kind: str) -> Iterator[Object]:
    for limit_range in reader.all("limitranges", attributes.namespace):
        for item in limit_range.get("spec", {}).get("limits") or ():
            if item.get("type") == kind:
                yield item


def _refuse(attributes: Attributes, errors: list[str]) -> None:
    unique = list(dict.fromkeys(errors))
    if unique:
        raise attributes.refusal(unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]")


def _fill(container: Object, item: Object, called: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for field, source in (("requests", "defaultRequest"), ("limits", "default")):
        missing = [name for name in item.get(source) or () if name not in (resources.get(field) or {})]
        if missing:
            resources[field] = {**(resources.get(field) or {}), **{name: item[source][name] for name in missing}}
            yield f"{', '.join(sorted(missing))} {field[:-1]} for {called} {container.get('name', '')}"


def _violations(item: Object, requests: Any, limits: Any) -> Iterator[str]:
    requests, limits = requests or {}, limits or {}
    for name, low in (item.get("min") or {}).items():
        yield from _outside("minimum", name, item, low, requests, "request", limits, "limit")
    for name, high in (item.get("max") or {}).items():
        yield from _outside("maximum", name, item, high, limits, "limit", requests, "request")
    for name, ratio in (item.get("maxLimitRequestRatio") or {}).items():
        yield from _stretched(name, item, ratio, requests, limits)


def _outside(
    bound: str, name: str, item: Object, value: str, first: Any, called: str, second: Any = None, also: str = ""
) -> Iterator[str]:
    """The first that goes beyond the bound; that the leading one is missing counts too."""
    text = f"{bound} {name} usage per {item['type']} is {value}"
    edge = usage.amounts({name: value})[name]
    given = usage.amounts({name: first[name]})[name] if name in (first or {}) else None
    other = usage.amounts({name: second[name]})[name] if name in (second or {}) else None

    def is_beyond(amount: Decimal | None) -> bool:
        return amount is not None and (amount < edge if bound == "minimum" else amount > edge)

    if given is None:
        yield f"{text}.  No {called} is specified"
    elif is_beyond(given):
        yield f"{text}, but {called} is {usage.spelled(given)}"
    elif is_beyond(other) and other is not None:
        yield f"{text}, but {also} is {usage.spelled(other)}"


def _stretched(name: str, item: Object, ratio: str, requests: Any, limits: Any) -> Iterator[str]:
    text = f"{name} max limit to request ratio per {item['type']} is {ratio}"
    request, limit = (usage.amounts({name: part.get(name, 0)})[name] for part in (requests, limits))
    if not request:
        yield f"{text}, but no request is specified or request is 0"
    elif not limit:
        yield f"{text}, but no limit is specified or limit is 0"
    elif limit / request > usage.amounts({name: ratio})[name]:
        yield f"{text}, but provided ratio is {limit / request:f}"
