"""The server's own table of a kind, kept up to date.

The table widget opens one and reads it as it would a ``Mirror``: a mirror of the kind tells when something changed, and
the table is then asked for again, so that its columns and words are the server's on every cluster.
What a row means is left to ``views.table``.
"""

from __future__ import annotations

import time

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.mirror import Mirror
from gitopslab.machinery.objects import Object

TABLE = "table"
"""The kind under which the table itself is found."""

_LEAST_SECONDS = 0.25  # between two requests for the table


class Rows(Mirror):
    """A kind, with the table the server makes of it.

    Args:
        client: The cluster.
        kind: Which, in any spelling.
        namespace: Of which namespace; empty for all.
        labels: Only those with these labels, as ``kubectl get -l`` takes them.
    """

    def __init__(self, client: Client, kind: str, namespace: str = "", labels: str = "") -> None:
        super().__init__(client, (kind,), namespace)
        self._kind = kind
        self._labels = labels
        self._table: Object = {}
        self._trouble = ""
        self._asked = 0.0

    @property
    def error(self) -> str:
        """Why the cluster cannot be followed right now; empty while it can."""
        return super().error or self._trouble

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        """The state's number, the objects, and the newest table; asks the server for it."""
        number, objects = super().state()
        try:
            self._table = self._client.table(self._kind, self._namespace, labels=self._labels, include="Metadata")
            self._trouble = ""
        except errors.LabError as error:
            self._trouble = error.message
        self._asked = time.monotonic()
        return number, {**objects, TABLE: [self._table]}

    def wait(self, seen: int, timeout: float) -> bool:
        """Wait for a change, and then until it is time to ask for the table again."""
        changed = super().wait(seen, timeout)
        if changed:
            self._stop.wait(max(0.0, self._asked + _LEAST_SECONDS - time.monotonic()))
        return changed
