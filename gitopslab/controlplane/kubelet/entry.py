"""How a container's entry in ``containerStatuses`` goes from one state to the next; each changes the entry in place."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.kubelet.container import Container
from gitopslab.controlplane.kubelet.images import Image
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object


def count_restart(entry: Object) -> bool:
    """Before a start: what the run before ended with becomes ``lastState``; whether there was one."""
    last = entry["state"].get("terminated") or (entry.get("lastState") or {}).get("terminated")
    if last is not None:
        entry["lastState"] = {"terminated": last}
        entry["restartCount"] += 1
    return last is not None


def run(entry: Object, container: Container, image: Image, container_id: str, now: float) -> None:
    """It runs from now on."""
    resources = container.spec.get("resources") or {}
    started = "startupProbe" not in container.spec
    entry.update(
        state={"running": {"startedAt": timestamp(now)}},
        image=image.name,
        imageID=image.id,
        containerID=container_id,
        resources=resources,
        user={"linux": container.user},
        started=started,
        ready=started and "readinessProbe" not in container.spec and container.counts_as_ready,
    )
    if resources.get("requests"):
        entry["allocatedResources"] = resources["requests"]


def terminate(entry: Object, container: Container, end: Exit, started: float, now: float) -> None:
    """It has ended; ``started`` counts where the entry does not say when it began."""
    entry["state"] = {
        "terminated": {
            "exitCode": end.code,
            "reason": end.reason,
            **({"message": end.message} if end.message else {}),
            "startedAt": entry["state"].get("running", {}).get("startedAt") or timestamp(started),
            "finishedAt": timestamp(now),
            "containerID": entry.get("containerID", ""),
        }
    }
    entry["started"] = False
    entry["ready"] = container.is_init and end.code == 0 and container.spec.get("restartPolicy") != "Always"


def wait(entry: Object, container: Container, reason: str, message: str) -> None:
    """It waits, and for what."""
    if "terminated" in entry["state"]:
        entry["lastState"] = {"terminated": entry["state"]["terminated"]}
    shown: dict[str, Any] = {"reason": reason, **({"message": message} if message else {})}
    entry["state"] = {"waiting": shown}
    if reason != "CrashLoopBackOff":
        entry["image"] = container.image
