"""How much a simulated container uses: pure, and the same for the same pod at the same moment.

``metrics`` asks here for every running container. In this order: an annotation of the pod says it, the program is one
that burns CPU or fills memory, ``images.yaml`` knows the image, or a share of the request; then comes what requests to
its Service cost. Leaves to others: which containers run, and how much load there is (``load``).

Simplified: a real kubelet measures. Here a figure is made up, wanders a little, and never exceeds the limits.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from functools import cache
from typing import Any

from gitopslab.controlplane.kubelet.images import parse, table
from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of

CPU = "gitopslab.dev/cpu-usage"
"""Annotation of a pod: every container uses this much; with ``.NAME`` behind it only that container."""
MEMORY = "gitopslab.dev/memory-usage"
"""Annotation of a pod: the same for memory."""

_NANO = 10**9
_PAGE = 4096
_WANDER_SECONDS = 15  # how long a figure stays


def usage_of(pod: Object, container: Object, load: int, at: float) -> Usage:
    """What a running container uses.

    Args:
        pod: Its pod.
        container: Its entry in the pod's spec.
        load: Nanocores that requests from outside cost it.
        at: When, in epoch seconds.
    """
    resources = container.get("resources") or {}
    cpu = _cpu(pod, container, resources, at) + load
    memory = _memory(pod, container, resources)
    limits = resources.get("limits") or {}
    if "cpu" in limits:
        cpu = min(cpu, nanocores(limits["cpu"]))
    if "memory" in limits:
        memory = min(memory, quantity.whole(limits["memory"]))
    return Usage(cpu, memory // _PAGE * _PAGE)


def nanocores(amount: str | int | float | Decimal) -> int:
    """An amount of CPU in billionths of a core."""
    return int(quantity.parse(str(amount)) * _NANO)


def node_share(role: str) -> Usage:
    """What a node uses for itself: its system and its kubelet.

    Args:
        role: ``control`` or ``worker``.
    """
    return _row(role, _facts()["nodes"])


def _cpu(pod: Object, container: Object, resources: Object, at: float) -> int:
    said = _annotated(pod, container, CPU)
    if said is not None:
        return int(said * _NANO)
    busy = _busy_cores(container)
    if busy is not None:
        return int(busy * _NANO * _wander(pod, container, at, Decimal("0.02")))
    idle = _of_image(container).cpu
    if "cpu" in (resources.get("requests") or {}):
        share = Decimal(str(_facts()["share"]["cpu"])) * _taste(pod, container)
        idle = max(idle, int(nanocores(resources["requests"]["cpu"]) * share))
    return int(idle * _wander(pod, container, at, Decimal("0.1")))


def _memory(pod: Object, container: Object, resources: Object) -> int:
    said = _annotated(pod, container, MEMORY)
    if said is not None:
        return int(said)
    filled = _filled_bytes(container)
    idle = _of_image(container).memory
    if filled is not None:
        return filled + idle
    if "memory" in (resources.get("requests") or {}):
        share = Decimal(str(_facts()["share"]["memory"]))
        idle = max(idle, int(quantity.whole(resources["requests"]["memory"]) * share))
    return int(idle * _taste(pod, container))


def _annotated(pod: Object, container: Object, key: str) -> Decimal | None:
    annotations = annotations_of(pod)
    text = annotations.get(f"{key}.{container['name']}") or annotations.get(key)
    try:
        return max(quantity.parse(text), Decimal(0)) if text else None
    except ValueError:
        return None


def _of_image(container: Object) -> Usage:
    image = parse(container.get("image", ""))
    rows = _facts()["images"]
    return _row(image.short if image and image.short in rows else "other", rows)


@cache
def _row_of(cpu: str, memory: str) -> Usage:
    return Usage(nanocores(cpu), quantity.whole(memory))


def _row(name: str, rows: dict[str, Any]) -> Usage:
    return _row_of(str(rows[name]["cpu"]), str(rows[name]["memory"]))


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = table()["usage"]
    return facts


def _taste(pod: Object, container: Object) -> Decimal:
    """Between 0.8 and 1.2, for ever the same for one container: equal pods are never quite equal."""
    return Decimal("0.8") + _hash(pod, container, "") * Decimal("0.4")


def _wander(pod: Object, container: Object, at: float, width: Decimal) -> Decimal:
    moment = str(int(at // _WANDER_SECONDS))
    return 1 - width + _hash(pod, container, moment) * width * 2


def _hash(pod: Object, container: Object, salt: str) -> Decimal:
    """A number from 0 up to 1."""
    text = "/".join((namespace_of(pod), name_of(pod), container["name"], salt))
    return Decimal(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=2).digest(), "big")) / 65536


def command_of(container: Object) -> str:
    """Command and arguments as one line."""
    return " ".join(str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ())))


_BUSY_LOOP = re.compile(r"while\s+(?:true|:|\[\s*1\s*\])\s*;?\s*do\s*(?::|true)?\s*;?\s*done")
_WASTE = re.compile(
    r"(?:\byes\b[^|]*|\bdd\s+if=/dev/(?:zero|urandom)\s+of=/dev/null\b.*|\bcat\s+/dev/(?:zero|urandom)\s*)"
    r"(?:>\s*/dev/null|$)"
)
_STRESS_CPU = re.compile(r"--?(?:cpus?|c)[ =]\"?(\d{1,3})\b")
_STRESS_BYTES = re.compile(r"--?(?:vm-bytes|mem-total)[ =]\"?(\d{1,12})([kKmMgG]?)[iI]?[bB]?\b")


def _is_stress(container: Object) -> bool:
    image = parse(container.get("image", ""))
    programs = table()["memory"]["programs"]
    words = (word.rpartition("/")[2] for word in command_of(container).split())
    return (image is not None and image.short in programs) or any(word in programs for word in words)


def _busy_cores(container: Object) -> int | None:
    """The cores that a program is there to burn; None for any other program."""
    command = command_of(container)
    if _is_stress(container) and (found := _STRESS_CPU.search(command)):
        return int(found[1])
    return 1 if _BUSY_LOOP.search(command) or _WASTE.search(command) else None


def _filled_bytes(container: Object) -> int | None:
    """The memory that ``stress --vm-bytes`` takes."""
    found = _STRESS_BYTES.search(command_of(container)) if _is_stress(container) else None
    return int(found[1]) * 1024 ** " kmg".index(found[2].lower() or " ") if found else None
