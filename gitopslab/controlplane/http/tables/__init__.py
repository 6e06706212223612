"""Server-side printing: what ``kubectl get`` shows, as ``meta/v1`` Tables.

``render`` is the door, called by ``rendering``. Each module beside this one prints a few kinds: pure functions from
an object and the time to cells, gathered in the ``PRINTERS`` of that module. What kubectl makes of a table (padding,
``--no-headers``, ``-o wide`` by column priority) is kubectl's. Upstream:
``pkg/printers/internalversion/printers.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import orjson

from gitopslab.controlplane.http.tables import (
    access,
    admission,
    apps,
    autoscaling,
    batch,
    certificates,
    config,
    custom,
    devices,
    events,
    flowcontrol,
    metrics,
    networking,
    nodes,
    pods,
    policy,
    services,
    storage,
)
from gitopslab.controlplane.http.tables.printer import DEFAULT, Printer
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.records import Record
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

_PRINTERS: dict[str, Printer] = {
    **access.PRINTERS,
    **admission.PRINTERS,
    **apps.PRINTERS,
    **autoscaling.PRINTERS,
    **batch.PRINTERS,
    **certificates.PRINTERS,
    **config.PRINTERS,
    **devices.PRINTERS,
    **events.PRINTERS,
    **flowcontrol.PRINTERS,
    **metrics.PRINTERS,
    **networking.PRINTERS,
    **nodes.PRINTERS,
    **pods.PRINTERS,
    **policy.PRINTERS,
    **services.PRINTERS,
    **storage.PRINTERS,
}


def printer_of(resource: Resource) -> Printer:
    """The printer of a resource type; name and creation time for those without one of their own."""
    if isinstance(resource, CustomResource):
        return custom.printer_of(resource)
    return _PRINTERS.get(resource.key, DEFAULT)


def render(
    resource: Resource,
    records: Sequence[Record],
    metadata: Object,
    *,
    version: str,
    include: str,
    now: float,
    columns: bool = True,
) -> bytes:
    """A Table as JSON.

    Args:
        resource: What kind of objects.
        records: The objects, one row each.
        metadata: Of the list or object shown: its resourceVersion and continue token.
        version: Of ``meta.k8s.io``.
        include: What a row carries of its object: ``None``, ``Metadata`` or ``Object``.
        now: The time ages are told against.
        columns: False leaves the column definitions out, as in a watch after its first event.
    """
    printer = printer_of(resource)
    definitions = _definitions(printer) if columns else b"null"
    head = f'{{"kind":"Table","apiVersion":"meta.k8s.io/{version}","metadata":'.encode()
    pieces = [head, orjson.dumps(metadata), b',"columnDefinitions":', definitions, b',"rows":[']
    if (order := printer.order) is not None:
        records = sorted(records, key=lambda record: order(record.object))
    comma = b""
    for record in records:
        pieces += (comma, *_row(printer, record, version, include, now))
        comma = b","
    return b"".join((*pieces, b"]}"))


def partial(obj: Object, version: str) -> bytes:
    """``PartialObjectMetadata``: only the metadata of an object."""
    head = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":' % version.encode()
    return head + orjson.dumps(obj["metadata"]) + b"}"


def _row(printer: Printer, record: Record, version: str, include: str, now: float) -> tuple[bytes, ...]:
    obj = record.object
    conditions = printer.conditions(obj)
    shown = b',"conditions":' + orjson.dumps(conditions) if conditions else b""
    carried = b"null" if include == "None" else record.body if include == "Object" else partial(obj, version)
    return (b'{"cells":', orjson.dumps(printer.cells(obj, now)), shown, b',"object":', carried, b"}")


@lru_cache(maxsize=256)
def _definitions(printer: Printer) -> bytes:
    return orjson.dumps([column.definition for column in printer.columns])
