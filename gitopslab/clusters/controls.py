"""The hand on an embedded cluster, over HTTPS: its clock, its components, its history.

Called by ``lab.embedded`` and by widgets whose picture has switches in it. It speaks the ``/lab`` paths with the
credentials of the cluster's kubeconfig; what they do, and who may use them, the cluster decides. On any other cluster
there are none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import quote

from gitopslab.clusters.client import Client
from gitopslab.controlplane.runtime.controls import Entry
from gitopslab.machinery.objects import Object

_PIECE = 300.0  # seconds of the cluster's time that one request moves; so that each is answered in a moment
_PAGE = 2_000
_POLL = 0.02  # seconds; a cluster that returns answers from its earlier life for a moment yet


class Controls:
    """The controls of one embedded cluster; every method raises ``ApiError`` in the cluster's own words.

    Args:
        client: Its API.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def state(self) -> Object:
        """How clock, components and nodes are."""
        return self._get("/lab")

    def next_state(self, seen: int) -> Object:
        """The state once its version is another than ``seen``, or the same after half a minute."""
        return self._get("/lab", seen=str(seen))

    def run(self, speed: float) -> Object:
        """Let time pass, this many seconds in a second; 0 holds the clock."""
        return self._post("/lab/clock", {"speed": speed})

    def advance(self, seconds: float) -> Iterator[Object]:
        """Let time pass at once, in pieces: the state after each."""
        left = seconds
        while True:
            yield self._post("/lab/clock", {"advance": min(left, _PIECE)})
            left -= _PIECE
            if left <= 0:
                return

    def step(self, within: float) -> Object:
        """Have one component do one thing; ``action`` in the answer tells which and what."""
        return self._post("/lab/clock", {"step": within})

    def switch(self, component: str, running: bool) -> Object:
        """Stop or start a component."""
        return self._post(f"/lab/components/{_segment(component)}", {"running": running})

    def switch_node(self, node: str, **wish: bool) -> Object:
        """Stop or start a node's ``kubelet``, or its ``power``."""
        return self._post(f"/lab/nodes/{_segment(node)}", wish)

    def history(self, after: int = 0) -> Iterator[Entry]:
        """What was written after a revision, oldest first, as far back as it is kept."""
        while True:
            page = self._get("/lab/history", after=str(after), limit=str(_PAGE))["entries"]
            yield from (Entry(**entry) for entry in page)
            if len(page) < _PAGE:
                return
            after = page[-1]["revision"]

    def revision_at(self, time: float) -> int:
        """The newest revision at a moment, in epoch seconds; the oldest there is when history begins later."""
        return int(self._get("/lab/history/at", time=repr(time))["revision"])

    def return_to(self, revision: int) -> None:
        """Have the cluster hold what it held at an earlier revision, as etcd does from a snapshot of then."""
        before = self._post("/lab/history", {"end": revision})["since"]
        while self.state()["since"] == before:
            time.sleep(_POLL)

    def _get(self, path: str, **query: str) -> Object:
        answer: Object = self._client.request("GET", path, query=query)
        return answer

    def _post(self, path: str, wishes: Object) -> Object:
        answer: Object = self._client.request("POST", path, wishes)
        return answer


class History:
    """The past of one embedded cluster, to read.

    Args:
        client: Its API.
        controls: Its controls, which know the revision of a moment.
    """

    def __init__(self, client: Client, controls: Controls) -> None:
        self._client = client
        self._controls = controls

    def at(self, seconds: float) -> tuple[int, dict[str, list[Object]]]:
        """The revision at a moment, and what a board needs as it was then."""
        revision = self._controls.revision_at(seconds)
        kinds = ("nodes", "pods", "events")
        return revision, {kind: self._client.list_at(kind, revision) for kind in kinds}


def _segment(name: str) -> str:
    return quote(name, safe="")
