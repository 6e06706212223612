"""Rules of a container's environment: variables, where their values come from, and whole sources.

Called by ``containers``; the references to fields of the pod are also used by volumes.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import amount
from gitopslab.machinery.objects import Object

VARIABLE_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
FILE_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_CONVERTIBLE = frozenset((*VARIABLE_FIELDS, *FILE_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"))
_RESOURCE_FIELDS = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_SUBSCRIPT = re.compile(r"(metadata\.annotations|metadata\.labels|[a-zA-Z.]+)\['(.*)'\]")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def check_variables(causes: Causes, variables: list[Object], path: str) -> None:
    """``env``."""
    for index, variable in enumerate(variables):
        name = variable.get("name") or ""
        if not name:
            causes.required(f"{path}[{index}].name")
        else:
            causes.each(f"{path}[{index}].name", name, formats.problems_of_variable(name))
        if variable.get("valueFrom") is not None:
            _check_value_from(causes, variable, f"{path}[{index}].valueFrom")


def check_sources(causes: Causes, sources: list[Object], path: str) -> None:
    """``envFrom``."""
    for index, source in enumerate(sources):
        if source.get("prefix"):
            problems = formats.problems_of_variable(source["prefix"])
            causes.each(f"{path}[{index}].prefix", source["prefix"], problems)
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in given:
            target = source[name].get("name") or ""
            if not target:
                causes.required(f"{path}[{index}].{name}.name")
            else:
                problems = formats.problems_of_subdomain(formats.masked(target))
                causes.each(f"{path}[{index}].{name}.name", target, problems)
        if not given:
            causes.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            causes.invalid(path, "", "may not have more than one field specified at a time")


def check_files(causes: Causes, container: Object, volumes: list[Object], path: str) -> None:
    """A variable's value may come from a file of a volume that lives with the pod."""
    known = {volume.get("name"): volume for volume in volumes}
    for index, variable in enumerate(container.get("env") or ()):
        reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
        if reference is None:
            continue
        here, name = f"{path}[{index}].valueFrom.fileKeyRef.volumeName", reference.get("volumeName") or ""
        if name not in known:
            causes.not_found(here, name)
        elif known[name].get("emptyDir") is None:
            causes.invalid(here, name, "referenced volume must be of type emptyDir")


def check_field_reference(causes: Causes, reference: Object, path: str, allowed: tuple[str, ...]) -> None:
    """A field of the pod, such as ``metadata.labels['app']``."""
    field = reference.get("fieldPath") or ""
    if not reference.get("apiVersion"):
        causes.required(f"{path}.apiVersion")
    elif not field:
        causes.required(f"{path}.fieldPath")
    elif reference["apiVersion"] != "v1":
        text = f"error converting fieldPath: unsupported pod version: {reference['apiVersion']}"
        causes.invalid(f"{path}.fieldPath", field, text)
    elif match := _SUBSCRIPT.fullmatch(field):
        parent, key = match.groups()
        if parent == "metadata.annotations":
            causes.each(path, key, formats.problems_of_qualified_name(key.lower()))
        elif parent == "metadata.labels":
            causes.each(path, key, formats.problems_of_qualified_name(key))
        else:
            _refuse_conversion(causes, field, path)
    elif field not in _CONVERTIBLE:
        _refuse_conversion(causes, field, path)
    elif field not in allowed:
        causes.unsupported(f"{path}.fieldPath", field, allowed)


def _refuse_conversion(causes: Causes, field: str, path: str) -> None:
    text = f"error converting fieldPath: field label not supported: {field}"
    causes.invalid(f"{path}.fieldPath", field, text)


def check_resource_reference(causes: Causes, reference: Object, path: str, *, needs_container: bool) -> None:
    """An amount of the container's resources, such as ``limits.memory``."""
    resource = reference.get("resource") or ""
    if needs_container and not reference.get("containerName"):
        causes.required(f"{path}.containerName")
    elif not resource:
        causes.required(f"{path}.resource")
    elif resource not in _RESOURCE_FIELDS and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        causes.unsupported(f"{path}.resource", resource, _RESOURCE_FIELDS)
    divisor = str(reference.get("divisor") or "0")
    if amount(divisor) == 0:
        return
    kind = resource.partition(".")[2]
    if kind == "cpu" and divisor not in ("1m", "1"):
        text = "only divisor's values 1m and 1 are supported with the cpu resource"
        causes.invalid(f"{path}.divisor", resource, text)
    elif kind and kind != "cpu" and divisor not in _BYTE_DIVISORS:
        what = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(kind, "hugepages")
        listed = ", ".join(_BYTE_DIVISORS)
        text = f"only divisor's values {listed} are supported with the {what} resource"
        causes.invalid(f"{path}.divisor", resource, text)


def _check_value_from(causes: Causes, variable: Object, path: str) -> None:
    origin = variable["valueFrom"]
    given = [name for name in _SOURCES if origin.get(name) is not None]
    for name in given:
        _check_origin(causes, name, origin[name], f"{path}.{name}")
    if not given:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        causes.invalid(path, "", text)
    elif variable.get("value"):
        causes.invalid(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        causes.invalid(path, "", "may not have more than one field specified at a time")


def _check_origin(causes: Causes, name: str, reference: Object, path: str) -> None:
    if name == "fieldRef":
        check_field_reference(causes, reference, path, VARIABLE_FIELDS)
    elif name == "resourceFieldRef":
        check_resource_reference(causes, reference, path, needs_container=False)
    elif name in ("configMapKeyRef", "secretKeyRef"):
        target, key = reference.get("name") or "", reference.get("key") or ""
        causes.each(f"{path}.name", target, formats.problems_of_subdomain(target))
        if not key:
            causes.required(f"{path}.key")
        else:
            causes.each(f"{path}.key", key, formats.problems_of_config_key(key))
