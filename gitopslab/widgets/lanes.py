"""The lanes widget: one commit, what Flux did with it above and what Argo CD did below, live.

``lab.lanes("waal/shop")`` shows it. Its buttons act through Git or kubectl, as the lab says. What lanes are is left to
``views.lanes``; how they look in a browser, to ``static/lanes*.js`` and ``static/lanes.css``.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Known
from gitopslab.views.drift.delivered import drift_of, git_of
from gitopslab.views.lanes import Lanes, lanes, lanes_svg, lanes_text
from gitopslab.views.lanes.model import OUTCOMES
from gitopslab.views.reconciler import Target, reconciler
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS
from gitopslab.widgets.reconciled import Delivers, DeliveryView

SCRIPT = ("kit.js", "frame.js", "sight.js", "view.js", "lanes_lane.js", "lanes_commits.js", "lanes.js")


class LanesView(DeliveryView):
    """The newest commits of a project in two lanes.

    Args:
        open_source: Gives a fresh ``clusters.delivery.Delivery``.
        project: As in ``waal/shop``.
        targets: The Kustomization, the Application, or both.
        actions: What the buttons do, by their word; each gives a sentence that says what it did.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("lanes")

    def __init__(
        self,
        open_source: Callable[[], Delivers],
        project: str,
        targets: Sequence[Target],
        *,
        actions: Mapping[str, Callable[[], str]] | None = None,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._project = project
        self._targets = tuple(targets)
        self._actions = dict(actions or {})
        self._known = Known()
        self._lanes: Lanes | None = None
        options = {"outcomes": OUTCOMES, "actions": list(self._actions)}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The lanes as they are now."""
        found = [one for target in self._targets if (one := reconciler(objects, *target)) is not None]
        drifts = {one.tool: told for one in found if (told := drift_of(objects, one, self._known)) is not None}
        git = git_of(objects)
        self._lanes = lanes(
            self._project,
            git.get("commits", ()),
            found,
            events=objects.get("events", ()),
            drifts=drifts,
            before=self._lanes,
            trouble=git.get("trouble", ""),
        )
        return {"lanes": self._lanes.as_dict()}

    def text(self) -> str:
        """The lanes in words."""
        return lanes_text(self._lanes) if self._lanes else ""

    def svg(self) -> str:
        """The lanes as a still picture."""
        return lanes_svg(self._lanes) if self._lanes else ""

    def act(self, name: str) -> str:
        """Do what a button does; gives a sentence that says what was done.

        Args:
            name: ``drift``, ``prune`` or ``revert``.

        Raises:
            LabError: There is no such button, or nothing that it could do.
        """
        if name not in self._actions:
            raise LabError(f"The lanes have no button {name!r}", f"There is: {', '.join(self._actions) or 'none'}")
        return self._actions[name]()

    def asked(self, wish: dict[str, Any]) -> None:
        """Do what a button says; beside the kernel's own thread, because a push takes a moment."""
        super().asked(wish)
        match wish:
            case {"do": "act", "what": str(what)}:
                run = contextvars.copy_context().run
                threading.Thread(target=run, args=(self._answer_to, what), name="gitopslab-act", daemon=True).start()

    def _answer_to(self, what: str) -> None:
        said, error = "", ""
        try:
            said = self.act(what)
        except LabError as problem:
            error = str(problem)
        # Whatever goes wrong in a thread must be seen, and only the widget can show it.
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        self._answer = {"what": what, "said": said, "error": error, "number": self._answer.get("number", 0) + 1}
