"""What Flux and Argo CD own, followed together with what Git says of it: the source of the lanes, the tree, the drift.

A mirror that grows: beside the kinds it was given it follows every kind of object that is owned, as soon as somebody
says so. Beside the kinds of the API it has one more, ``git``, with what a thread of its own asks of Git while somebody
sees it; that thread never touches the cluster. What Git is asked, and what an owner says, is left to whoever opens it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from gitopslab.clusters.attended import Attended
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object

GIT = "git"
"""The kind that is none: what Git says, as the only object."""

Objects = dict[str, list[Object]]
_PACE = 1.0  # seconds between two questions to Git
_PATIENCE = 10.0  # seconds until a kind that the cluster did not know is looked for again


class Delivery(Attended):
    """Some kinds, the kinds of what is owned, and Git.

    Args:
        client: The cluster.
        kinds: Which kinds to follow in any case.
        controls: Of an embedded cluster; None on any other.
        owned: Gives what is owned, of each object its ``apiVersion`` and ``kind``.
        git: Asks Git, given what is in the cluster; what it raises is the source's ``error``.
    """

    def __init__(
        self,
        client: Client,
        kinds: Sequence[str],
        controls: Controls | None,
        *,
        owned: Callable[[Objects], Iterable[Object]],
        git: Callable[[Objects], Object],
    ) -> None:
        super().__init__(client, [client.resource(kind).key for kind in kinds], controls)
        self._owned = owned
        self._ask = git
        self._git: Object | None = None
        self._unknown: dict[tuple[str, str], float] = {}
        self._seen = threading.Event()
        self._seen.set()

    def start(self) -> None:
        """Begin to follow; returns at once."""
        super().start()
        threading.Thread(target=self._ask_git, name="gitopslab-git", daemon=True).start()

    def see(self, seen: bool) -> None:
        """Whether somebody sees what it says: Git is asked at the start, and again only then."""
        if seen or self._stop.is_set():
            self._seen.set()
        else:
            self._seen.clear()

    def close(self) -> None:
        """Stop following; the threads end at once."""
        super().close()
        self._seen.set()

    def state(self) -> tuple[int, Objects]:
        """The state's number, and the objects by kind; kinds that are owned by now are followed from now on."""
        number, objects = super().state()
        self.follow(self._kinds(objects))
        return number, {**objects, GIT: [] if self._git is None else [self._git]}

    def wait_synced(self, timeout: float) -> bool:
        """Wait until everything there is known, and what Git says."""
        super().wait_synced(timeout)
        self.state()
        synced = super().wait_synced(timeout)
        with self._changed:
            self._changed.wait_for(lambda: self._git is not None, timeout)
        return synced

    def _kinds(self, objects: Objects) -> list[str]:
        found = set()
        for obj in self._owned(objects):
            kind = (str(obj.get("apiVersion")), str(obj.get("kind")))
            try:
                if time.monotonic() > self._unknown.get(kind, 0.0):
                    found.add(self._client.resource(obj).key)
            except LabError:  # its CustomResourceDefinition is not there yet; the owner tells that itself
                self._unknown[kind] = time.monotonic() + _PATIENCE
        return sorted(found)

    def _ask_git(self) -> None:
        super().wait_synced(_PACE)
        while not self._stop.is_set():
            try:
                self._tell_git(self._ask(super().state()[1]))
            # Whatever goes wrong in a thread must be seen, and only the widget can show it.
            except Exception as problem:
                self._report(GIT, f"Git cannot be asked: {type(problem).__name__}: {problem}")
            self._stop.wait(_PACE)
            self._seen.wait()

    def _tell_git(self, told: Object) -> None:
        with self._changed:
            if told != self._git or GIT in self._troubles:
                self._git = told
                self._troubles.pop(GIT, None)
                self._version += 1
                self._changed.notify_all()
