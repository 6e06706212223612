"""How long a Job waits before it replaces a failed pod: ten seconds, doubling with each failure, at most ten minutes.

When the API refuses a pod, the Job tries again after a second, doubling up to a minute.

For most Jobs failures are counted since the last success, and remembered in memory as in the real controller: a restart
forgets them. Indexes with a limit of their own count theirs in an annotation of the pods.

Upstream: ``pkg/controller/job/backoff_utils.go``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, condition_of

_FIRST, _LONGEST = 10.0, 600.0  # seconds
_FIRST_TRY, _LONGEST_TRY = 1.0, 60.0  # seconds, ``DefaultJobApiBackOff`` and ``MaxJobApiBackOff``


def remaining(failures: int, last: float, now: float) -> float:
    """Seconds still to wait after this many failures in a row, the last of them at ``last``."""
    if not failures:
        return 0.0
    wait = min(_FIRST * 2.0 ** min(failures - 1, 16), _LONGEST)
    return max(0.0, wait - (now - last))


def finished_at(pod: Object) -> float:
    """When a pod ended, in epoch seconds.

    That is its last container's end, or else when it stopped being ready, when its deletion was asked for, or when it
    was created.
    """
    status, metadata = pod.get("status", {}), pod["metadata"]
    ended = [(each.get("state") or {}).get("terminated") or {} for each in _ending(pod)]
    if ended and all(each.get("finishedAt") for each in ended):
        return max(seconds_of(each["finishedAt"]) for each in ended)
    ready = condition_of({"status": status}, "Ready") or {}
    if ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return seconds_of(ready["lastTransitionTime"])
    if metadata.get("deletionTimestamp"):
        return seconds_of(metadata["deletionTimestamp"]) - (metadata.get("deletionGracePeriodSeconds") or 0)
    return seconds_of(metadata["creationTimestamp"])


def _ending(pod: Object) -> list[Object]:
    """The statuses of the containers whose end is the pod's: its own ones, and its sidecars."""
    status, spec = pod.get("status", {}), pod.get("spec", {})
    sidecars = {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}
    started = [each for each in status.get("initContainerStatuses") or () if each["name"] in sidecars]
    return [*(status.get("containerStatuses") or ()), *started]


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals of the API in a row, so far.

    Attributes:
        count: How many.
        until: When to try again, in epoch seconds.
    """

    count: int = 0
    until: float = 0.0

    def one_more(self, now: float) -> Refusals:
        """The refusals once the API has refused at ``now``."""
        return Refusals(self.count + 1, now + min(_FIRST_TRY * 2.0 ** min(self.count, 16), _LONGEST_TRY))


@dataclass(frozen=True, slots=True)
class Record:
    """The failures of a Job since its last success.

    Attributes:
        failures: How many.
        last: When the last of them was, in epoch seconds.
    """

    failures: int = 0
    last: float = 0.0

    def after(self, successes: list[Object], failures: list[Object]) -> Record:
        """The record once these pods have ended too."""
        if not successes and not failures:
            return self
        success = max(map(finished_at, successes), default=0.0)
        ends = [end for end in map(finished_at, failures) if end > success or not successes]
        before = 0 if successes else self.failures
        return Record(before + len(ends), max(ends, default=0.0))
