"""NodeMetrics and PodMetrics in a table, as metrics-server prints them (``pkg/api/table.go``)."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import Cells, Column, Printer
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.usage import Amount, added, amounts


def _node(obj: Object, now: float) -> Cells:
    return _row(obj, [obj["usage"]])


def _pod(obj: Object, now: float) -> Cells:
    return _row(obj, [container["usage"] for container in obj["containers"]])


def _row(obj: Object, usages: list[Object]) -> Cells:
    total = added(amounts(usage) for usage in usages)
    return [name_of(obj), *(str(total.get(name, Amount.of(0))) for name in ("cpu", "memory")), obj["window"]]


_COLUMNS = (
    Column("Name", "Of the pod or node.", format="name"),
    Column("cpu", format="quantity"),
    Column("memory", format="quantity"),
    Column("Window", format="duration"),
)

PRINTERS = {
    "nodes.metrics.k8s.io": Printer(_COLUMNS, _node),
    "pods.metrics.k8s.io": Printer(_COLUMNS, _pod),
}
