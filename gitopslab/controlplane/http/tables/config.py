"""ConfigMaps, Secrets, ServiceAccounts, Namespaces, ResourceQuotas, Leases and APIServices in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, condition_of, name_of


def _config_map(obj: Object, now: float) -> Cells:
    return [name_of(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def _secret(obj: Object, now: float) -> Cells:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def _service_account(obj: Object, now: float) -> Cells:
    return [name_of(obj), age(obj, now)]


def _namespace(obj: Object, now: float) -> Cells:
    return [name_of(obj), obj.get("status", {}).get("phase", ""), age(obj, now)]


def _resource_quota(obj: Object, now: float) -> Cells:
    status = obj.get("status", {})
    used = status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource, hard in sorted((status.get("hard") or {}).items()):
        column = limits if resource.startswith("limits.") else requests
        column.append(f"{resource}: {used.get(resource, '0')}/{hard}")
    return [name_of(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def _lease(obj: Object, now: float) -> Cells:
    return [name_of(obj), obj.get("spec", {}).get("holderIdentity") or "", age(obj, now)]


_DATA = Column("Data", "How many entries it holds.")


def _api_service(obj: Object, now: float) -> Cells:
    server, available = obj.get("spec", {}).get("service"), condition_of(obj, "Available") or {}
    status, reason = available.get("status", "Unknown"), available.get("reason")
    return [
        name_of(obj),
        f"{server.get('namespace', '')}/{server.get('name', '')}" if server else "Local",
        f"{status} ({reason})" if reason and status != "True" else status,
        age(obj, now),
    ]


PRINTERS = {
    "apiservices.apiregistration.k8s.io": Printer(
        (
            NAME,
            Column("Service", "Who serves it: this API server, or a Service."),
            Column("Available", "Whether it answers."),
            AGE,
        ),
        _api_service,
    ),
    "configmaps": Printer((NAME, _DATA, AGE), _config_map),
    "secrets": Printer((NAME, Column("Type", "What it is for."), _DATA, AGE), _secret),
    "serviceaccounts": Printer((NAME, AGE), _service_account),
    "namespaces": Printer((NAME, Column("Status", "Active, or Terminating while it is emptied."), AGE), _namespace),
    "resourcequotas": Printer(
        (NAME, Column("Request", "Used out of allowed."), Column("Limit", "Used out of allowed, for limits."), AGE),
        _resource_quota,
    ),
    "leases.coordination.k8s.io": Printer((NAME, Column("Holder", "Who holds it now."), AGE), _lease),
}
