"""Rules of PersistentVolume, StorageClass and VolumeAttributesClass; claims have a module of their own."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.claims import VOLUME_MODES, check_access_modes
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.controlplane.server.validation.numbers import POSITIVE, amount, check_basic
from gitopslab.controlplane.server.validation.scheduling import check_node_selector
from gitopslab.controlplane.server.validation.volumes import check_driver, check_source
from gitopslab.machinery.objects import Object

SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
_RECLAIM = ("Delete", "Recycle", "Retain")
_CLASS_RECLAIM = ("Delete", "Retain")
_BINDING = ("Immediate", "WaitForFirstConsumer")
_MOST_PARAMETERS, _LONGEST_PARAMETERS = 512, 256 * 1024


def check_volume(causes: Causes, volume: Object) -> None:
    """A new or changed PersistentVolume."""
    spec = volume["spec"]
    check_access_modes(causes, spec.get("accessModes") or [], "spec.accessModes")
    _check_capacity(causes, spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM:
        causes.unsupported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM)
    _check_node_affinity(causes, spec.get("nodeAffinity"))
    _check_sources(causes, spec)
    if (spec.get("hostPath") or {}).get("path") == "/" and policy == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        causes.forbidden("spec.persistentVolumeReclaimPolicy", text)
    if spec.get("volumeAttributesClassName") and spec.get("csi") is None:
        causes.required("spec.csi", "has to be specified when using volumeAttributesClassName")
    for field in ("storageClassName", "volumeAttributesClassName"):
        if spec.get(field):
            causes.each(f"spec.{field}", spec[field], formats.problems_of_subdomain(spec[field]))
    if spec.get("volumeMode") is not None and spec["volumeMode"] not in VOLUME_MODES:
        causes.unsupported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES)


def check_volume_change(causes: Causes, volume: Object, before: Object, subresource: str) -> None:
    """Where the data is stays."""
    if subresource == "status":
        return
    check_volume(causes, volume)
    new, old = volume["spec"], before["spec"]
    if not same(_source(new), _source(old)):
        difference = gostruct.difference("PersistentVolumeSource", _source(old), _source(new))
        text = "spec.persistentvolumesource is immutable after creation"
        causes.forbidden("spec.persistentvolumesource", f"{text}\n{difference}")
    check_immutable(causes, new.get("volumeMode"), old.get("volumeMode"), "volumeMode")
    if old.get("nodeAffinity") is not None and not same(new.get("nodeAffinity"), old["nodeAffinity"]):
        text = "field is immutable, except for updating from beta label to GA"
        causes.invalid("nodeAffinity", new.get("nodeAffinity"), text)


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
    check_attributes_class(causes, attributes_class)


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
    check_class(causes, storage_class)
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        check_immutable(causes, storage_class.get(field), before.get(field), field)


def _source(spec: Object) -> dict[str, Any]:
    return {name: spec[name] for name in SOURCES if name in spec}


def _check_capacity(causes: Causes, capacity: dict[str, str]) -> None:
    if not capacity:
        causes.required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        causes.unsupported("spec.capacity", capacity or None, ("storage",))
    for name, value in capacity.items():
        check_basic(causes, value, f"spec.capacity[{name}]")
        if amount(value) <= 0:
            causes.invalid(f"spec.capacity[{name}]", str(value), POSITIVE)


def _check_node_affinity(causes: Causes, affinity: Object | None) -> None:
    if affinity is None:
        return
    if affinity.get("required") is None:
        causes.required("spec.nodeAffinity.required", "must specify required node constraints")
    else:
        check_node_selector(causes, affinity["required"], "spec.nodeAffinity.required")


def _check_sources(causes: Causes, spec: Object) -> None:
    given = [name for name in SOURCES if spec.get(name) is not None]
    if not given:
        causes.required("spec", "must specify a volume type")
        return
    first, *others = given
    if first == "local":
        _check_local(causes, spec)
    elif first == "csi":
        check_driver(causes, spec["csi"].get("driver") or "", "spec.csi.driver")
        if not spec["csi"].get("volumeHandle"):
            causes.required("spec.csi.volumeHandle")
    else:
        check_source(causes, first, spec[first], f"spec.{first}")
    for name in others:
        causes.forbidden(f"spec.{name}", "may not specify more than 1 volume type")


def _check_local(causes: Causes, spec: Object) -> None:
    path = spec["local"].get("path") or ""
    if not path:
        causes.required("spec.local.path")
    else:
        causes.each("spec.local.path", path, formats.problems_of_steps_back(path))
    if spec.get("nodeAffinity") is None:
        causes.required("spec.nodeAffinity", "Local volume requires node affinity")
