"""``lab.explain``: why a pod is where it is, or why it waits, node by node; and what would change that.

An ``Explanation`` holds what was read from the cluster once; what-ifs (``whatif``) decide again on changed copies.
What is decided is the scheduler's, how it is told is ``views.decision``'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.lab.whatif import WhatIf
from gitopslab.views.decision import Explained, explained
from gitopslab.views.decision_text import decision_text
from gitopslab.widgets.picture import Picture


class Explanation(WhatIf):
    """What the scheduler decides about one pod, and why.

    Show it as the last line of a cell, print it, or read its ``rows``. Each what-if gives a new ``Explanation``, so
    they can be chained.

    Args:
        scene: What was read from the cluster.
        cluster: The cluster's name, and what kind it is.
        still: Show a picture instead of a widget.
        said: What the cluster's own scheduler last said of the pod.
        before: The explanation this one was made from by changing something in thought.
        changes: Everything that was changed, in words.

    Example:
        >>> why = lab.explain("pod/web-1")
        >>> why.message
        '0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. ...'
        >>> why.what_if(cpu="500m").node
        'lab-worker2'
    """

    def __init__(
        self,
        scene: Scene,
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        said: str = "",
        before: Explanation | None = None,
        changes: Sequence[str] = (),
    ) -> None:
        self.scene = scene
        self.changes = tuple(changes)
        self._cluster = cluster
        self._still = still
        self._said = said
        self._before = before

    # ---- what is decided ----

    @cached_property
    def picture(self) -> Explained:
        """The decision as the widget, the text and the plot draw it."""
        first = self._first
        before = first.picture if first is not self else None
        decision = self.scene.decide()
        said = self._said if before is None else ""
        return explained(self.scene.pod, self.scene.nodes, decision, changes=self.changes, before=before, said=said)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row a node: ``node``, ``state``, the first ``plugin`` that refused with ``detail``, or the ``scores``."""
        return [
            {**asdict(row), "scores": {score.plugin: score.total for score in row.scores}} for row in self.picture.rows
        ]

    def row(self, node: str) -> dict[str, Any]:
        """The row of one node."""
        self._nodes(node)
        return next(row for row in self.rows if row["node"] == node)

    @property
    def node(self) -> str | None:
        """The node that is chosen, None when there is none."""
        return self.picture.node or None

    @property
    def message(self) -> str:
        """Why there is no node, as the pod's event and condition say it; empty when there is one."""
        return self.picture.message

    @property
    def text(self) -> str:
        """The whole explanation in words."""
        return decision_text(self.picture)

    def static(self) -> Picture:
        """The explanation as a picture with words that needs no kernel."""
        from gitopslab.views.decision_svg import decision_svg

        return Picture(decision_svg(self.picture), self.text)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self._still:
            return self.static()._repr_mimebundle_()
        return self._view._repr_mimebundle_(**kwargs)

    @cached_property
    def _view(self) -> Any:
        # Imported here, because widgets are the slowest part of the lab to import.
        from gitopslab.widgets.decision import DecisionView

        return DecisionView(self.picture, rethink=self._rethought, cluster=self._cluster)

    # ---- parts ----

    @property
    def _first(self) -> Explanation:
        return self if self._before is None else self._before._first

    def _with(self, scene: Scene, told: str) -> Explanation:
        changes = (*self.changes, told)
        return Explanation(scene, cluster=self._cluster, still=self._still, before=self, changes=changes)

    def _rethought(self, wish: Mapping[str, Any]) -> Explained:
        """What the widget's own what-if asks for; see ``widgets.decision``."""
        changed = self.what_if(
            cpu=wish.get("cpu") or None, memory=wish.get("memory") or None, tolerates=list(wish.get("tolerates") or ())
        )
        return changed.picture
