"""Bucket: a source in an object storage, which says that it cannot be read.

Simplified: no object storage is read, wherever ``spec.endpoint`` leads; the condition is that of one without an answer.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.gitops.flux.artifacts import Artifacts
from gitopslab.gitops.flux.kinds import BUCKETS
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.surroundings import Surroundings


class BucketController:
    """Reconciles Buckets.

    Args:
        given: What every controller works with.
    """

    name = "bucket-controller"
    kind = BUCKETS

    def __init__(self, given: Surroundings) -> None:
        self._artifacts = Artifacts(given, BUCKETS, "bucket", {"ignore": "observedIgnore"})
        self.sources: tuple[Source, ...] = (Source(BUCKETS),)

    def reconcile(self, request: Request) -> Result:
        """Say that nothing comes of it, and later and later once more."""
        return self._artifacts.reconcile(request, self._refuse)

    def _refuse(self, turn: Turn) -> Result:
        why = "the lab's source-controller reads no object storage: take a GitRepository or an OCIRepository"
        message = f"failed to confirm existence of '{turn.obj['spec']['bucketName']}' bucket: {why}"
        return self._artifacts.failed(turn, "BucketOperationFailed", message)
