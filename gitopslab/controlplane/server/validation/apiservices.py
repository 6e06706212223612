"""Rules of APIService. Upstream: ``kube-aggregator/pkg/apis/apiregistration/validation``."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, name_of

_STATUSES = ("True", "False", "Unknown")
_HIGHEST_GROUP, _HIGHEST_VERSION = 20_000, 1000
_PORT = 443


def check_service(causes: Causes, obj: Object) -> None:
    """A new or changed APIService."""
    spec = obj.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""
    required = f"{version}.{group}"
    if name_of(obj) != required:
        causes.invalid("metadata.name", name_of(obj), f'must be `spec.version+"."+spec.group`: "{required}"')
    if not group and version != "v1":
        causes.required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    if group:
        causes.each("spec.group", group, formats.problems_of_subdomain(group))
    causes.each("spec.version", version, formats.problems_of_1035_label(version))
    for field, highest in (("groupPriorityMinimum", _HIGHEST_GROUP), ("versionPriority", _HIGHEST_VERSION)):
        value = spec.get(field) or 0
        if not 0 < value <= highest:
            causes.invalid(f"spec.{field}", value, f"must be positive and less than {highest}")
    _check_server(causes, spec)


def _check_server(causes: Causes, spec: Object) -> None:
    """Who serves the group: this API server, or a Service."""
    service, bundle, is_insecure = spec.get("service"), spec.get("caBundle"), bool(spec.get("insecureSkipTLSVerify"))
    path = "spec.insecureSkipTLSVerify"
    if service is None:
        if bundle:
            causes.invalid("spec.caBundle", _size(bundle), "local APIServices may not have a caBundle")
        if is_insecure:
            causes.invalid(path, is_insecure, "local APIServices may not have insecureSkipTLSVerify")
        return
    for field in ("namespace", "name"):
        if not service.get(field):
            causes.required(f"spec.service.{field}")
    port = service.get("port", _PORT)
    if problems := formats.problems_of_port(port):
        causes.invalid("spec.service.port", port, f"port is not valid: {', '.join(problems)}")
    if is_insecure and bundle:
        causes.invalid(path, is_insecure, "may not be true if caBundle is present")


def _size(bundle: str) -> str:
    return f"{len(bundle) * 3 // 4 - bundle.count('=')} bytes"


def check_service_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """The status tells what it may; the rest is as for a new one."""
    if subresource != "status":
        check_service(causes, obj)
        return
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        if (status := condition.get("status")) not in _STATUSES:
            causes.unsupported(f"status.conditions[{index}].status", status, _STATUSES)
