"""The past of an embedded cluster: what was written, and how everything was at a moment.

Made by ``embedded``. The log comes from the store through the cluster's own door; objects as they were come through the
Kubernetes API (a list at an exact resourceVersion), so reading them changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gitopslab.clusters.client import Client
from gitopslab.controlplane.runtime.controls import Entry
from gitopslab.errors import NotFoundError
from gitopslab.machinery.messages import told
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.views.board import board
from gitopslab.views.board_svg import board_svg
from gitopslab.views.board_text import board_text
from gitopslab.views.grid import Grid
from gitopslab.widgets.picture import Picture

_WORDS = {"ADDED": "made", "MODIFIED": "changed", "DELETED": "deleted"}
_MOST_SHOWN = 200


def noteworthy(entries: Iterable[Entry]) -> Iterator[str]:
    """What was written, in words; an event only as what it is."""
    for entry in entries:
        kind = entry.resource.partition(".")[0]
        if kind == "events":
            yield f"said so in an event about {entry.name.rpartition('.')[0]}"
        else:
            yield f"{_WORDS[entry.type]} {kind}/{entry.name}"


class Log(list[Entry]):
    """Writes, oldest first; shows the newest of them as a table."""

    @property
    def grid(self) -> Grid:
        """The newest, as rows."""
        rows = [
            (
                datetime.fromtimestamp(one.time, UTC).strftime("%H:%M:%S"),
                str(one.revision),
                _WORDS[one.type],
                f"{one.resource.partition('.')[0]}/{one.name}",
                one.namespace,
            )
            for one in self[-_MOST_SHOWN:]
        ]
        return Grid(("time", "revision", "what", "object", "namespace"), tuple(rows))

    def __repr__(self) -> str:
        return self.grid.text() if self else told("nothing was written")

    def _repr_html_(self) -> str:
        more = len(self) - _MOST_SHOWN
        note = f"<p>{more} older ones are not shown</p>" if more > 0 else ""
        return note + self.grid.html() if self else f"<p>{told('nothing was written')}</p>"


class Past:
    """A cluster as it was at one revision; nothing in it can be changed.

    Args:
        client: The cluster.
        revision: When.
        when: The moment in words.
    """

    def __init__(self, client: Client, revision: int, when: str) -> None:
        self._client = client
        self.revision = revision
        self._when = when

    def __repr__(self) -> str:
        return told(f"the cluster {self._when} (revision {self.revision})")

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """All objects of a kind, of one namespace or (empty) of all.

        Raises:
            GoneError: The cluster no longer knows.
        """
        return self._client.list_at(kind, self.revision, namespace)

    def get(self, what: str, namespace: str = "default") -> Object:
        """One object, as ``"pod/web"``.

        Raises:
            NotFoundError: There was none.
        """
        kind, _, name = what.partition("/")
        resource = self._client.resource(kind)
        where = namespace if resource.namespaced else ""
        for obj in self._client.list_at(resource.key, self.revision, where):
            if name_of(obj) == name and namespace_of(obj) == where:
                return obj
        raise NotFoundError(404, "NotFound", f'{resource.key} "{name}" not found {self._when}')

    def board(self, namespace: str = "") -> Picture:
        """The board as it was, as a still picture."""
        shown = board(
            self.list("nodes"), self.list("pods"), self.list("events"), cluster=self._when, namespace=namespace
        )
        return Picture(board_svg(shown), board_text(shown))
