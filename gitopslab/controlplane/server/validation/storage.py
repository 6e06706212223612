"""Rules of StorageClass and VolumeAttributesClass; volumes and claims have modules of their own."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.machinery.objects import Object

_CLASS_RECLAIM = ("Delete", "Retain")
_BINDING = ("Immediate", "WaitForFirstConsumer")
_MOST_PARAMETERS, _LONGEST_PARAMETERS = 512, 256 * 1024


def check_class(causes: Causes, storage_class: Object) -> None:
    """A new or changed StorageClass."""
    _check_driver(causes, storage_class.get("provisioner") or "", "provisioner")
    _check_parameters(causes, storage_class.get("parameters") or {})
    policy, mode = storage_class.get("reclaimPolicy"), storage_class.get("volumeBindingMode")
    if policy and policy not in _CLASS_RECLAIM:
        causes.unsupported("reclaimPolicy", policy, _CLASS_RECLAIM)
    if mode is None:
        causes.required("volumeBindingMode")
    elif mode not in _BINDING:
        causes.unsupported("volumeBindingMode", mode, _BINDING)
    for index, term in enumerate(storage_class.get("allowedTopologies") or ()):
        here = f"allowedTopologies[{index}].matchLabelExpressions"
        _check_topology(causes, term, here)
        if not term.get("matchLabelExpressions") or term in storage_class["allowedTopologies"][:index]:
            causes.duplicate(here, "")


def check_attributes_class(causes: Causes, attributes_class: Object) -> None:
    """A new VolumeAttributesClass."""
    _check_driver(causes, attributes_class.get("driverName") or "", "driverName")
    _check_parameters(causes, attributes_class.get("parameters") or {}, may_be_empty=False)


def check_attributes_class_change(causes: Causes, attributes_class: Object, before: Object, subresource: str) -> None:
    """Volumes were changed by what it says, so it goes on saying so."""
    for field in ("driverName", "parameters"):
        if not same(attributes_class.get(field), before.get(field)):
            causes.forbidden(field, f"updates to {field} are forbidden.")


def _check_driver(causes: Causes, driver: str, path: str) -> None:
    if not driver:
        causes.required(path)
    else:
        driver = driver.lower()  # and so it is told
        causes.each(path, driver, formats.problems_of_qualified_name(driver))


def _check_parameters(causes: Causes, parameters: dict[str, str], *, may_be_empty: bool = True) -> None:
    if len(parameters) > _MOST_PARAMETERS:
        causes.too_long("parameters", _MOST_PARAMETERS)
        return
    if "" in parameters:
        causes.invalid("parameters", "", "field can not be empty.")
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > _LONGEST_PARAMETERS:
        causes.too_long("parameters", _LONGEST_PARAMETERS)
    if not parameters and not may_be_empty:
        causes.required("parameters", "must contain at least one key/value pair")


def _check_topology(causes: Causes, term: Object, path: str) -> None:
    keys: set[str] = set()
    for index, requirement in enumerate(term.get("matchLabelExpressions") or ()):
        here, key, values = f"{path}[{index}]", requirement.get("key") or "", requirement.get("values") or []
        if not values:
            causes.required(f"{here}.values")
        for at, value in enumerate(values):
            if value in values[:at]:
                causes.duplicate(f"{here}.values[{at}]", value)
        causes.each(f"{here}.key", key, formats.problems_of_qualified_name(key))
        if key in keys:
            causes.duplicate(f"{here}.key", key)
        keys.add(key)


def check_class_change(causes: Causes, storage_class: Object, before: Object, subresource: str) -> None:
    """Volumes were made by the old rules, so the rules stay."""
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        check_immutable(causes, storage_class.get(field), before.get(field), field)
