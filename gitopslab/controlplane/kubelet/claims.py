"""Claims and persistent volumes that are gone: what lay there goes with them.

The manager calls it for each that was deleted; the runtime throws the files away. Leaves to others: when a volume is
deleted (its controllers), and the volumes of pods (``agent``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.objects import uid_of


class Claims:
    """Has the files of deleted volumes thrown away; a request's name is a uid.

    Args:
        forget: Told the uid.
    """

    name = "kubelet-volumes"

    def __init__(self, forget: Callable[[str], None]) -> None:
        self._forget = forget
        self.sources: tuple[Source, ...] = (
            Source("persistentvolumeclaims", _deleted),
            Source("persistentvolumes", _deleted),
        )

    def reconcile(self, request: Request) -> Result:
        """Forget one of them."""
        self._forget(request.name)
        return DONE


def _deleted(event: WatchEvent) -> Iterable[Request]:
    return (Request("", uid_of(event.object)),) if event.type == "DELETED" else ()
