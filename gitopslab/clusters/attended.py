"""A mirror that also tells which parts of an embedded cluster run.

Widgets with switches in them open one instead of a ``Mirror``. Beside the kinds of the API it has one more, ``lab``,
with the cluster's own word on its clock and components as its only object; elsewhere that is empty. One thread waits
for the next word; nothing polls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.clusters.mirror import Mirror
from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object

LAB = "lab"
"""The kind that is none: what the cluster says of itself."""

_RETRY_SECONDS = 2.0


class Attended(Mirror):
    """The objects of some kinds, and the cluster's own state.

    Args:
        client: The cluster.
        kinds: Which kinds of the API to follow.
        controls: Of an embedded cluster; None on any other.
        namespace: Only what is in this one, and what is cluster-wide; empty for all.
    """

    def __init__(self, client: Client, kinds: Sequence[str], controls: Controls | None, namespace: str = "") -> None:
        super().__init__(client, kinds, namespace)
        self._controls = controls
        self._lab: Object | None = None

    def start(self) -> None:
        """Begin to follow; returns at once."""
        super().start()
        if self._controls is not None:
            threading.Thread(
                target=self._listen, args=(self._controls,), name="gitopslab-watch-lab", daemon=True
            ).start()

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        """The state's number, and the objects by kind."""
        with self._changed:
            number, objects = super().state()
            return number, {**objects, LAB: [] if self._lab is None else [self._lab]}

    def wait_synced(self, timeout: float) -> bool:
        """Wait until everything there is known."""
        synced = super().wait_synced(timeout)
        with self._changed:
            self._changed.wait_for(lambda: self._controls is None or self._lab is not None, timeout)
        return synced

    def tell(self, state: Object) -> None:
        """Take in a newer word, such as the answer to a switch."""
        with self._changed:
            if self._lab is None or state["version"] >= self._lab["version"]:
                self._lab = {**state, "received": time.time()}
                self._version += 1
                self._changed.notify_all()

    def _listen(self, controls: Controls) -> None:
        while not self._stop.is_set():
            try:
                known = self._lab
                self.tell(controls.state() if known is None else controls.next_state(known["version"]))
            except LabError:
                self._stop.wait(_RETRY_SECONDS)
