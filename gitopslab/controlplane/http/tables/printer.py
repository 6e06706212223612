"""What a table of one kind is made of, and the cells that many kinds share.

Used by the modules of this package. Times are told as ages, in Go's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object

Cells = list[Any]
UNKNOWN = "<unknown>"
NONE = "<none>"
UNSET = "<unset>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``priority`` 0 is shown always, 1 only with ``-o wide``."""

    name: str
    description: str = ""
    type: str = "string"
    format: str = ""
    priority: int = 0

    @property
    def definition(self) -> Object:
        """The ``TableColumnDefinition``."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def no_conditions(obj: Object) -> list[Object]:
    """Most rows have no conditions."""
    return []


@dataclass(frozen=True, slots=True)
class Printer:
    """How one kind is printed.

    Attributes:
        columns: Their definitions.
        cells: The cells of an object, at a time in epoch seconds; as many as there are columns.
        conditions: ``TableRowCondition`` of a row, such as Completed.
        order: By what the rows of a list are sorted; None leaves them in the order of the list.
    """

    columns: tuple[Column, ...]
    cells: Callable[[Object, float], Cells]
    conditions: Callable[[Object], list[Object]] = no_conditions
    order: Callable[[Object], tuple[int, str]] | None = None


NAME = Column("Name", "Unique within a namespace; cannot be changed.", format="name")
AGE = Column("Age", "Time since the object was created.")
CONTAINERS = Column("Containers", "Names of the containers in the template.", priority=1)
IMAGES = Column("Images", "Images of the containers in the template.", priority=1)
SELECTOR = Column("Selector", "Which pods this looks after.", priority=1)


def age(obj: Object, now: float) -> str:
    """The time since an object was created."""
    return since(obj.get("metadata", {}).get("creationTimestamp"), now)


def since(timestamp: str | None, now: float) -> str:
    """The time since a timestamp; ``<unknown>`` when it is not set."""
    return duration(now - seconds_of(timestamp)) if timestamp else UNKNOWN


def duration(seconds: float) -> str:
    """A length of time in two units at most, ``2d3h``, exactly as Go's ``duration.HumanDuration``.

    The longer it is, the coarser: seconds to two minutes, then minutes with seconds to ten minutes, and so on to years.
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    if hours < 24 * 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def containers_and_images(template: Object) -> tuple[str, str]:
    """The names and images of a pod template's containers, joined by commas."""
    containers = template.get("spec", {}).get("containers") or []
    names = ",".join(container.get("name", "") for container in containers)
    return names, ",".join(container.get("image", "") for container in containers)


def labels_text(labels: Object | None) -> str:
    """A map of labels, sorted; ``<none>`` when empty (``labels.FormatLabels``)."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def up_to_three(texts: Sequence[str]) -> str:
    """The first three of many, and how many more there are."""
    shown = ",".join(texts[:3])
    return f"{shown} + {len(texts) - 3} more..." if len(texts) > 3 else shown


def _created_at(obj: Object, now: float) -> Cells:
    metadata = obj.get("metadata", {})
    created = metadata.get("creationTimestamp")
    text = datetime.fromtimestamp(seconds_of(created), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if created else None
    return [metadata.get("name", ""), text]


DEFAULT = Printer((NAME, Column("Created At", "When the object was created.", type="date")), _created_at)
"""For kinds that have no printer of their own (``rest.NewDefaultTableConvertor``)."""
