"""The verbs of the course on the facade: start, check, hint, solution, progress, save, load, finish.

A part of ``Lab``, kept apart because it has a subject of its own. What an exercise is and how it is checked is
``course``'s; here its answers are shown as a cell shows things.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitopslab.clusters.forge import Forge
from gitopslab.clusters.images import REAL_NODES, Images
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.course import report
from gitopslab.course.desk import Desk, progress_in
from gitopslab.course.progress import working_folder
from gitopslab.course.report import Checked, Report
from gitopslab.course.voice import Cell
from gitopslab.errors import SharedClusterError
from gitopslab.lab.answers import say
from gitopslab.lab.equipping import tools_for
from gitopslab.lab.part import Part

if TYPE_CHECKING:
    from gitopslab.widgets.idle import IdleView


_WORK = "my-work.zip"


class Learning(Part):
    """What a learner does with exercises; an exercise is named by its number, as in ``"06-2"``."""

    def start(self, exercise: str, *, again: bool = False) -> Report:
        """Begin an exercise, and send commands to its namespace; one that has begun goes on.

        Args:
            exercise: Its number.
            again: Take away what was done for it and begin anew.

        Returns:
            Its task; on a cluster that others use, too, the word that it cannot be done there.

        Example:
            >>> lab.start("06-2")
        """
        try:
            begun = self._desk.start(exercise, again=again)
        except SharedClusterError as refusal:
            return Report(str(refusal))
        self.current_namespace = begun.namespace
        return Report(begun.task)

    def check(self, exercise: str = "") -> Checked:
        """Look whether an exercise is done, the one begun last if none is named; never raises because of what is there.

        Example:
            >>> lab.check("06-2")
        """
        return self._desk.check(exercise)

    def hint(self, exercise: str = "", which: int | None = None) -> Report:
        """The next of three hints about what is wrong now, or the one asked for.

        Example:
            >>> lab.hint("06-2")
        """
        return self._desk.hint(exercise, which)

    def solution(self, exercise: str = "") -> Report:
        """One right way, and how the cluster differs from it now.

        Example:
            >>> lab.solution("06-2")
        """
        return self._desk.solution(exercise)

    def progress(self) -> Report:
        """Every exercise and how it stands, as your working folder remembers it.

        Example:
            >>> lab.progress()
        """
        return progress_in(working_folder(), say)

    def save(self, path: str | Path = _WORK) -> Report:
        """Put your work into one file and show a link to download it: notebooks as saved, ticks, cluster, Git, images.

        Args:
            path: The file, here or anywhere. Keep it to yourself: the cluster's Secrets are in it.

        Example:
            >>> lab.save()
        """
        from gitopslab.course.exporting import export

        return report.of_export(export(working_folder(), self.cluster, Path(path), say), Path(path))

    def warn_when_idle(self, minutes: float) -> IdleView:
        """Warn before a session ends in which nothing happens, as Binder's do, with a button that saves your work.

        Args:
            minutes: After which the session ends; ``gitopslab.open()`` knows them on Binder.
        """
        from gitopslab.course.exporting import export
        from gitopslab.widgets.idle import IdleView

        def save() -> str:
            export(working_folder(), self.cluster, Path(_WORK), say)
            return _WORK

        return IdleView(minutes, save)

    def load(self, path: str | Path = _WORK) -> Report:
        """Bring back what ``save`` put into a file; of two versions of a file both are kept.

        Example:
            >>> lab.load("my-work.zip")
        """
        from gitopslab.course.importing import import_

        done = import_(Path(path), working_folder(), self.cluster, say)
        self.client.discovery(fresh=True)
        self.current_namespace = "default"
        return report.of_import(done)

    def finish(self, exercise: str = "") -> None:
        """Take away what exercises made on the cluster, all of them if none is named; commands go to default again.

        Without a name it is the end of the notebook: pictures stay as they are, whatever is deleted after it.

        Example:
            >>> lab.finish()
        """
        if not exercise:
            self._end_live()
        done = self._desk.finish(exercise)
        if self.current_namespace in {each.namespace for each in done}:
            self.current_namespace = "default"

    @cached_property
    def _desk(self) -> Desk:
        kubectl, is_own = Kubectl(self.cluster.kubeconfig), self.cluster.kind != "context"
        images = Images(Forge.of(self.cluster), say, real_nodes=self.cluster.kind in REAL_NODES)
        install = tools_for(self.client, self.cluster)
        return Desk(self.client, kubectl, working_folder(), images, Cell(), say, install=install, is_own=is_own)
