"""Rules of ResourceSlices: what drivers tell of devices. Upstream: ``pkg/apis/resource/validation``.

Simplified: counters, the policies of capacities and binding conditions of devices are kept as they are.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.server.validation import devices, formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.gostruct import printed
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.machinery.objects import Object

_MOST_DEVICES = 128
_PLACES = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
_ONE_PLACE = f"exactly one of {', '.join(f'`{place}`' for place in _PLACES)} is required"
_OWN_PLACES = ("nodeName", "nodeSelector", "allNodes")
_NOT_PLACED = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)
_PLACED = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)
_WHOLE = r"(?:0|[1-9]\d*)"
_TAG = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = re.compile(
    rf"{_WHOLE}\.{_WHOLE}\.{_WHOLE}(?:-{_TAG}(?:\.{_TAG})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?", re.ASCII
)


def check_slice(causes: Causes, obj: Object) -> None:
    """A new slice."""
    _check_origin(causes, obj["spec"])
    _check_slice_contents(causes, obj["spec"])


def _check_origin(causes: Causes, spec: Object) -> None:
    devices.check_driver(causes, spec.get("driver") or "", "spec.driver")
    _check_pool(causes, spec.get("pool") or {}, "spec.pool")


def _check_slice_contents(causes: Causes, spec: Object) -> None:
    given = [place for place in _PLACES if spec.get(place)]
    if not given:
        causes.required("spec", _ONE_PLACE)
    elif len(given) > 1:
        shown = f"{{{', '.join(f'`{place}`' for place in given)}}}"
        causes.invalid("spec", shown, f"{_ONE_PLACE}, but multiple fields are set")
    found = spec.get("devices") or []
    if len(found) > _MOST_DEVICES:
        causes.too_many("spec.devices", len(found), _MOST_DEVICES)
    for index, device in enumerate(found):
        _check_device(causes, device, f"spec.devices[{index}]", is_placed=bool(spec.get("perDeviceNodeSelection")))
    devices.check_repeated(causes, found, "spec.devices")


def _check_device(causes: Causes, device: Object, path: str, *, is_placed: bool) -> None:
    devices.check_name(causes, device, path)
    for name, attribute in sorted((device.get("attributes") or {}).items()):
        devices.check_qualified(causes, name, f"{path}.attributes")
        _check_attribute(causes, attribute, f"{path}.attributes[{name}]")
    for name in sorted(device.get("capacity") or ()):
        devices.check_qualified(causes, name, f"{path}.capacity")
    for index, taint in enumerate(device.get("taints") or ()):
        _check_taint(causes, taint, f"{path}.taints[{index}]")
    given = [place for place in _OWN_PLACES if device.get(place)]
    if not is_placed and given:
        causes.invalid(path, None, _NOT_PLACED)
    elif is_placed and not given:
        causes.required(path, _PLACED)
    elif len(given) > 1:
        causes.invalid(path, f"{{{', '.join(f'`{place}`' for place in given)}}}", _PLACED)


def _check_attribute(causes: Causes, attribute: Object, path: str) -> None:
    if (version := attribute.get("version")) is not None and not _SEMVER.fullmatch(version):
        causes.invalid(f"{path}.version", version, "must be a string compatible with semver.org spec 2.0.0")
    if not attribute:
        causes.invalid(path, "", "exactly one value must be specified")
    elif len(attribute) > 1:
        values = {_go_name(field): value for field, value in attribute.items()}
        causes.invalid(path, printed("DeviceAttribute", values), "exactly one value must be specified")


def _go_name(field: str) -> str:
    """What Go calls a field of an attribute: ``ints`` is ``intValues``."""
    single = field.removesuffix("s")
    return f"{single}Value{field.removeprefix(single)}"


def _check_taint(causes: Causes, taint: Object, path: str) -> None:
    key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
    causes.each(f"{path}.key", key, formats.problems_of_qualified_name(key))
    if value:
        causes.each(f"{path}.value", value, formats.problems_of_label_value(value))
    if not effect:
        causes.required(f"{path}.effect")
    elif effect not in devices.EFFECTS:
        causes.unsupported(f"{path}.effect", effect, devices.EFFECTS)


def check_slice_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Whose slice it is stays."""
    new, old = obj["spec"], before["spec"]
    _check_origin(causes, new)
    check_immutable(causes, (new.get("pool") or {}).get("name"), (old.get("pool") or {}).get("name"), "spec.pool.name")
    for field in ("driver", "nodeName"):
        check_immutable(causes, new.get(field), old.get(field), f"spec.{field}")
    _check_slice_contents(causes, new)


def _check_pool(causes: Causes, pool: Object, path: str) -> None:
    name = pool.get("name") or ""
    if not name:
        causes.required(f"{path}.name")
    for part in name.split("/") if name else ():
        causes.each(f"{path}.name", part, formats.problems_of_subdomain(part))
    if (pool.get("resourceSliceCount") or 0) <= 0:
        causes.invalid(f"{path}.resourceSliceCount", pool.get("resourceSliceCount") or 0, "must be greater than zero")
    if (pool.get("generation") or 0) < 0:
        causes.invalid(f"{path}.generation", pool["generation"], "must be greater than or equal to zero")
