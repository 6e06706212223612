"""The presenter on the facade: large type, one key for the next step, notes, and a way back to a section's start.

A part of ``Lab``, kept apart because it has a subject of its own. While a notebook is presented, a moment is remembered
before the first cell of each section runs; ``back`` returns to it within a second. The bar that a presenter sees is
``widgets.presenter``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.clusters.bookmarks import Bookmark, bookmark, return_to
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.course.sections import Section, sections
from gitopslab.errors import LabError
from gitopslab.lab.answers import say
from gitopslab.lab.part import Part
from gitopslab.machinery.language import _

if TYPE_CHECKING:
    from gitopslab.widgets.presenter import PresenterView

_NOTEBOOK = "JPY_SESSION_NAME"  # Jupyter's servers tell the kernel which file it serves


class Presenting(Part):
    """What a presenter does."""

    _stage: Stage | None = None

    def present(self, large: bool = True) -> PresenterView | None:
        """Present this notebook: large type, and a bar for the next step, notes and the way back.

        Page Down (a presenter's remote sends it) runs the next cell. *Notes* opens a window for the second screen.
        *Start of section* brings cluster, Git and notebook back to where the section began.

        Args:
            large: ``False`` ends it: the usual size again.

        Example:
            >>> lab.present()
        """
        from gitopslab.widgets.base import present
        from gitopslab.widgets.presenter import PresenterView

        present(large)
        if not large:
            self._end_presenting()
            return None
        if self._stage is None:
            self._stage = Stage(self.cluster, self.client, _sections(), _shell())
        else:  # its cell was run again: what is remembered stays
            self._stage.sections = _sections()
        return PresenterView([(each.id, each.title) for each in self._stage.sections], self.back)

    def _end_presenting(self) -> None:
        if self._stage is not None:
            self._stage.end()
            self._stage = None

    def back(self, section: str = "") -> None:
        """Back to the start of the section you are in, or of the one whose heading begins so.

        Example:
            >>> lab.back("Break it")
        """
        if self._stage is None:
            raise LabError(
                "nothing is being presented", "lab.present() remembers the start of each section from then on"
            )
        title = self._stage.back(section, say)
        self.client.discovery(fresh=True)
        say(_("as at the start of {title}").format(title=repr(title)))


class Stage:
    """What is presented, and the moments to come back to.

    Args:
        cluster: Only the embedded one remembers.
        client: Its API.
        sections: Of the notebook.
        shell: IPython's, which tells each cell before it runs; None where there is none.
    """

    def __init__(self, cluster: Any, client: Any, sections: list[Section], shell: Any) -> None:
        self.sections = sections
        self._cluster = cluster
        self._client = client
        self._shell = shell
        self._moments: dict[str, Bookmark] = {}
        self._here = ""
        if shell is not None:
            shell.events.register("pre_run_cell", self._cell_runs)

    def end(self) -> None:
        """Remember no more."""
        if self._shell is not None:
            self._shell.events.unregister("pre_run_cell", self._cell_runs)

    def enter(self, cell: str) -> None:
        """A cell is about to run: when it is the first one of its section, remember this moment."""
        section = next((each for each in self.sections if cell in each.cells), None)
        if section is None or not isinstance(self._cluster, EmbeddedCluster):
            return
        self._here = section.id
        if section.id not in self._moments:
            self._moments[section.id] = bookmark(self._cluster, self._client, Path.cwd())

    def back(self, word: str, progress: Callable[[str], None]) -> str:
        """Return to the start of a section; its title.

        Raises:
            LabError: There is no such section, or nothing of it has run.
        """
        if not isinstance(self._cluster, EmbeddedCluster):
            raise LabError("only the embedded cluster remembers how it was", "lab.reset() gives a clean one")
        section = self._meant(word)
        moment = self._moments.get(section.id)
        if moment is None:
            raise LabError(
                f"no cell of {section.title!r} has run yet", "run its first cell; from then on there is a way back"
            )
        return_to(moment, self._cluster, Path.cwd(), progress)
        later = self.sections[self.sections.index(section) + 1 :]
        for each in later:
            self._moments.pop(each.id, None)
        self._here = section.id
        return section.title

    def _meant(self, word: str) -> Section:
        if not word:
            found = [each for each in self.sections if each.id == self._here]
        else:
            found = [each for each in self.sections if each.id == word or each.title.lower().startswith(word.lower())]
        if not found:
            known = ", ".join(each.title for each in self.sections)
            raise LabError(f"there is no section {word!r}" if word else "no section has begun", f"choose one: {known}")
        return found[0]

    def _cell_runs(self, info: Any) -> None:
        cell = getattr(info, "cell_id", None)
        if cell:
            self.enter(str(cell))


def _sections() -> list[Section]:
    name = os.environ.get(_NOTEBOOK, "")
    return sections(Path(name)) if name.endswith(".ipynb") else []


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()
