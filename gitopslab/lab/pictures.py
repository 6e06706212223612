"""The facade's pictures of what a cluster holds: the board, a decision, the graph, the table, the manifest.

A part of ``Lab``, kept apart because it has a subject of its own. Drawing is ``widgets``', what is drawn ``views``'.
Widgets are imported where they are shown, because they are the slowest part of the lab to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab.clusters.attended import Attended
from gitopslab.clusters.rows import Rows
from gitopslab.lab import scenes
from gitopslab.lab.checking import checked_sheet, fields_of, text_of
from gitopslab.lab.explaining import Explanation
from gitopslab.lab.part import Part
from gitopslab.lab.targets import Source
from gitopslab.views.board_film import Film, film
from gitopslab.views.decision import explained

if TYPE_CHECKING:
    from gitopslab.lab.plots import Plots
    from gitopslab.widgets.board import BoardView
    from gitopslab.widgets.graph import GraphView
    from gitopslab.widgets.manifest import ManifestView
    from gitopslab.widgets.table import TableView


class Pictures(Part):
    """What a cluster holds, as pictures."""

    def board(self, *, namespace: str = "", system: bool = False, group: str = "") -> BoardView:
        """The nodes with their pods, live; show it as the last line of a cell.

        Args:
            namespace: Which one to begin with; the board itself can show others.
            system: Show the pods of the cluster itself as tiles too, not only as glyphs.
            group: A label by which to put the nodes together, such as ``topology.kubernetes.io/zone``.

        Example:
            >>> lab.board()
        """
        from gitopslab.widgets.board import KINDS, BoardView

        controls = self._controls

        def make() -> BoardView:
            return BoardView(
                lambda: Attended(self.client, KINDS, controls),
                cluster=self._cluster_name,
                namespace=namespace,
                system=system,
                group=group,
                why=self._film,
                still=self._still,
            )

        return self._live(("board", namespace, str(system), group), make)

    def _film(self, namespace: str, name: str) -> Film:
        """The decision about a pod, as the board plays it."""
        scene = scenes.read(self.client, "pod", name, namespace)
        decision = scene.decide()
        nomination = decision.nomination
        return film(explained(scene.pod, scene.nodes, decision), room=(nomination and nomination.node) or "")

    def graph(self, namespace: str | None = None, *, system: bool = False) -> GraphView:
        """The objects of a namespace with what they have to do with each other, live; its ``edges`` are data.

        Args:
            namespace: Which one; default ``current_namespace``, empty for all.
            system: Also what the cluster runs for itself, and what every namespace has.

        Example:
            >>> [str(edge.target) for edge in lab.graph("shop").edges if edge.kind == "selects"]
            ['Pod/web-7c5ddbdf54-x7k2p']
        """
        from gitopslab.widgets.graph import KINDS, GraphView

        where, controls = self._where(namespace), self._controls

        def make() -> GraphView:
            return GraphView(
                lambda: Attended(self.client, KINDS, controls, where),
                cluster=self._cluster_name,
                namespace=where,
                system=system,
                still=self._still,
            )

        return self._live(("graph", where, str(system)), make)

    def table(self, kind: str, *, namespace: str | None = None, labels: str = "", wide: bool = False) -> TableView:
        """The objects of a kind in kubectl's own columns, live; a row opens its YAML with every field explained.

        Args:
            kind: In any spelling kubectl takes.
            namespace: Of which one; default ``current_namespace``, empty for all.
            labels: A selector, as in ``kubectl get -l``.
            wide: Begin with the columns of ``-o wide`` too.

        Example:
            >>> lab.table("pods", labels="app=web")
        """
        from gitopslab.widgets.table import TableView

        resource = self.client.resource(kind)
        where = self._where(namespace)

        def make() -> TableView:
            return TableView(
                lambda: Rows(self.client, resource.key, where, labels),
                resource,
                lambda api_version, kind: fields_of(self.client, api_version, kind),
                cluster=self._cluster_name,
                namespace=where,
                wide=wide,
                still=self._still,
            )

        return self._live(("table", resource.key, where, labels, str(wide)), make)

    def manifest(self, source: Source, *, namespace: str | None = None, check: bool = True) -> ManifestView:
        """Manifests with every field explained and every mistake at its line; nothing is applied.

        Args:
            source: YAML text, a file, a folder, an object or several.
            namespace: For objects that name none.
            check: Ask the API server whether it would accept them (a dry run, with strict field validation).

        Example:
            >>> lab.manifest("deployment.yaml").problems
            (Problem(line=7, text='unknown field "spec.replica"', hint='did you mean replicas?'),)
        """
        from gitopslab.widgets.manifest import ManifestView

        text = text_of(source)
        where = self._where(namespace)
        return ManifestView(
            lambda: checked_sheet(self.client, text, where, check=check),
            cluster=self._cluster_name,
            still=self._still,
        )

    def explain(self, what: Source, name: str = "", *, namespace: str | None = None) -> Explanation:
        """Why a pod is where it is, or why it waits: what the scheduler makes of each node. Changes nothing.

        Args:
            what: ``"pod/web-1"``, a workload (its first pod that waits, else its first), or a manifest, applied or not.
            name: Of the object, where ``what`` is a kind alone.
            namespace: Where.

        Example:
            >>> lab.explain("pod/web-1").what_if(cpu="500m")
        """
        where = self._where(namespace)
        scene = scenes.read(self.client, what, name, where)
        return Explanation(scene, cluster=self._cluster_name, still=self._still, said=scenes.last_word(scene.pod))

    @property
    def plot(self) -> Plots:
        """The board and decisions as matplotlib figures, for papers and slides.

        Example:
            >>> lab.plot.decision("pod/web-1").save("decision.pdf")
        """
        from gitopslab.lab.plots import Plots

        return Plots(self.client, f"{self.cluster.name} ({self.cluster.kind})", self.explain)
