"""FlowSchemas and PriorityLevelConfigurations in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, condition_of, name_of

_QUEUING = ("queues", "handSize", "queueLengthLimit")


def _schema(obj: Object, now: float) -> Cells:
    spec, dangling = obj.get("spec", {}), condition_of(obj, "Dangling") or {}
    return [
        name_of(obj),
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        (spec.get("distinguisherMethod") or {}).get("type") or NONE,
        age(obj, now),
        dangling.get("status", "?"),
    ]


def _precedence(obj: Object) -> tuple[int, str]:
    """The order in which a request tries them."""
    return obj["spec"].get("matchingPrecedence", 0), name_of(obj)


def _level(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    limited = spec.get("limited")
    queuing = ((limited or {}).get("limitResponse") or {}).get("queuing")
    return [
        name_of(obj),
        spec.get("type", ""),
        NONE if limited is None else limited.get("nominalConcurrencyShares", 0),
        *(NONE if queuing is None else queuing.get(field, 0) for field in _QUEUING),
        age(obj, now),
    ]


PRINTERS = {
    "flowschemas.flowcontrol.apiserver.k8s.io": Printer(
        (
            NAME,
            Column("PriorityLevel", "Which level its requests are of."),
            Column("MatchingPrecedence", "The lower, the earlier it is tried."),
            Column("DistinguisherMethod", "What tells its flows apart."),
            AGE,
            Column("MissingPL", "Whether its level is not there."),
        ),
        _schema,
        order=_precedence,
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Printer(
        (
            NAME,
            Column("Type", "Limited, or Exempt from limits."),
            Column("NominalConcurrencyShares", "Its part of the requests that run at once."),
            Column("Queues", "How many queues it has."),
            Column("HandSize", "Of how many queues a flow uses the shortest."),
            Column("QueueLengthLimit", "How many requests wait in a queue."),
            AGE,
        ),
        _level,
    ),
}
