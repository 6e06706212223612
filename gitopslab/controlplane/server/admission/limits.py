"""LimitRanger: a LimitRange fills in what containers leave open, and refuses what goes beyond it.

Filling in happens before validation, refusing after it. Pods are looked at when they are made or resized, claims also
when they change. Upstream: ``plugin/pkg/admission/limitranger``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader, oldest_first
from gitopslab.errors import aggregated
from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object, is_terminating
from gitopslab.machinery.usage import Amount, Amounts

_ANNOTATION = "kubernetes.io/limit-ranger"
_CONTAINERS = (("containers", "container"), ("initContainers", "init container"))


def set_pod_defaults(attributes: Attributes, reader: Reader) -> None:
    """Give containers the default requests and limits of their namespace, and note it in an annotation."""
    if attributes.operation != "CREATE":
        return
    pod = attributes.wished()
    for limit_range in oldest_first(reader.all("limitranges", attributes.namespace)):
        defaults: Object = {"limits": {}, "requests": {}}
        for item in _items(limit_range, "Container"):
            defaults["limits"] |= item.get("default") or {}
            defaults["requests"] |= item.get("defaultRequest") or {}
        notes = [
            note
            for field, called in _CONTAINERS
            for container in pod["spec"].get(field) or ()
            for note in _fill(container, defaults, called)
        ]
        if notes:
            text = f"LimitRanger plugin set: {'; '.join(notes)}"
            pod["metadata"].setdefault("annotations", {})[_ANNOTATION] = text


def check_pod(attributes: Attributes, reader: Reader) -> None:
    """Refuse a pod whose containers, or which as a whole, is outside the limits of its namespace."""
    if attributes.operation != "CREATE" and attributes.subresource != "resize":
        return
    if _is_going(attributes):
        return
    spec = attributes.wished()["spec"]
    containers = [container for field, _ in _CONTAINERS for container in spec.get(field) or ()]
    for limit_range in oldest_first(reader.all("limitranges", attributes.namespace)):
        errors: list[str] = []
        for item in limit_range.get("spec", {}).get("limits") or ():
            if item.get("type") == "Container":
                for container in containers:
                    resources = container.get("resources") or {}
                    asked = (usage.amounts(resources.get(field)) for field in ("requests", "limits"))
                    errors.extend(_violations(item, *asked))
            elif item.get("type") == "Pod":
                asked = (usage.effective(spec, field, overhead=False) for field in ("requests", "limits"))
                errors.extend(_violations(item, *asked))
        _refuse(attributes, errors)


def check_claim(attributes: Attributes, reader: Reader) -> None:
    """Refuse a claim that is smaller or larger than its namespace allows."""
    if _is_going(attributes):
        return
    requests = usage.amounts(attributes.wished()["spec"].get("resources", {}).get("requests"))
    for limit_range in oldest_first(reader.all("limitranges", attributes.namespace)):
        errors: list[str] = []
        for item in _items(limit_range, "PersistentVolumeClaim"):
            for name, edge in sorted(usage.amounts(item.get("min")).items()):
                errors.extend(_outside("minimum", name, item, edge, (("request", requests),)))
            for name, edge in sorted(usage.amounts(item.get("max")).items()):
                errors.extend(_outside("maximum", name, item, edge, (("request", requests),)))
        _refuse(attributes, errors)


def _items(limit_range: Object, kind: str) -> Iterator[Object]:
    return (item for item in limit_range.get("spec", {}).get("limits") or () if item.get("type") == kind)


def _is_going(attributes: Attributes) -> bool:
    return attributes.before is not None and is_terminating(attributes.before)


def _refuse(attributes: Attributes, errors: list[str]) -> None:
    unique = list(dict.fromkeys(errors))
    if unique:
        raise attributes.refusal(aggregated(unique))


def _fill(container: Object, defaults: Object, called: str) -> Iterator[str]:
    for field in ("requests", "limits"):
        given = (container.get("resources") or {}).get(field) or {}
        missing = {name: value for name, value in defaults[field].items() if name not in given}
        if missing:
            container["resources"] = {**(container.get("resources") or {}), field: {**given, **missing}}
            yield f"{', '.join(sorted(missing))} {field[:-1]} for {called} {container.get('name', '')}"


def _violations(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, edge in sorted(usage.amounts(item.get("min")).items()):
        yield from _outside("minimum", name, item, edge, (("request", requests), ("limit", limits)))
    for name, edge in sorted(usage.amounts(item.get("max")).items()):
        yield from _outside("maximum", name, item, edge, (("limit", limits), ("request", requests)))
    for name, edge in sorted(usage.amounts(item.get("maxLimitRequestRatio")).items()):
        yield from _stretched(name, item, edge, requests, limits)


def _outside(
    bound: str, name: str, item: Object, edge: Amount, given: tuple[tuple[str, Amounts], ...]
) -> Iterator[str]:
    """The first that goes beyond the bound; that the leading one is missing counts too."""
    text = f"{bound} {name} usage per {item['type']} is {edge}"
    for at, (called, resources) in enumerate(given):
        amount = resources.get(name)
        if amount is None:
            if at == 0:
                yield f"{text}.  No {called} is specified"
                return
        elif amount.value < edge.value if bound == "minimum" else amount.value > edge.value:
            yield f"{text}, but {called} is {amount}"
            return


def _stretched(name: str, item: Object, edge: Amount, requests: Amounts, limits: Amounts) -> Iterator[str]:
    text = f"{name} max limit to request ratio per {item['type']} is {edge}"
    request, limit = requests.get(name), limits.get(name)
    if request is None or not request.value:
        yield f"{text}, but no request is specified or request is 0"
    elif limit is None or not limit.value:
        yield f"{text}, but no limit is specified or limit is 0"
    elif limit.value / request.value > edge.value:
        yield f"{text}, but provided ratio is {float(limit.value / request.value):f}"
