"""``status.history`` of a Kustomization: what was built, with what result, when first and last, and how often.

At most five, newest first; the same build with the same result is one entry. Source: ``apis/meta/history.go``.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.gitops.flux.durations import spoken
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

_MOST = 5


@dataclass(frozen=True, slots=True)
class Ended:
    """A reconcile that ended.

    Attributes:
        digest: Of what was built.
        revision: Of the source.
        origin: The commit it was made from; empty when it does not say.
        status: The reason of ``Ready``.
        started: Seconds since the epoch.
        ended: Seconds since the epoch.
    """

    digest: str
    revision: str
    origin: str
    status: str
    started: float
    ended: float


def with_entry(history: list[Object], ended: Ended) -> list[Object]:
    """The history with one more reconcile in it."""
    same = [h for h in history if (h["digest"], h["lastReconciledStatus"]) == (ended.digest, ended.status)]
    known = same[0] if same else None
    entry = {
        "digest": ended.digest,
        "firstReconciled": known["firstReconciled"] if known else timestamp(ended.ended),
        "lastReconciled": timestamp(ended.ended),
        "lastReconciledDuration": spoken(ended.ended - ended.started),
        "lastReconciledStatus": ended.status,
        "metadata": {"revision": ended.revision, **({"originRevision": ended.origin} if ended.origin else {})},
        "totalReconciliations": known["totalReconciliations"] + 1 if known else 1,
    }
    return [entry, *(each for each in history if each is not known)][:_MOST]
