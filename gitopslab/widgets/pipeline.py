"""The pipeline widget: stages, needs, how jobs stand, the rules of a job for an event, its commands and its log.

``PipelineView`` shows what an event would make of a file and lets the reader choose another event; it follows nothing.
What a pipeline is, is left to ``views.pipeline``; how it looks in a browser, to ``static/pipeline*.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gitopslab.views.pipeline import STATUSES, Pipeline
from gitopslab.views.pipeline_svg import pipeline_svg
from gitopslab.views.pipeline_text import pipeline_text
from gitopslab.widgets.base import View, script, sheet

SCRIPT = ("kit.js", "frame.js", "pipeline_stages.js", "pipeline_job.js", "pipeline.js")
EVENTS = ("push", "tag", "merge_request", "schedule", "web", "api")


@dataclass(frozen=True, slots=True)
class Asked:
    """The event that a file is asked about: its kind, and a branch or tag; empty for the usual one."""

    kind: str = "push"
    ref: str = ""


class PipelineView(View):
    """What an event would make of a file.

    Args:
        plan: The pipeline of an event, and the event with what was left open filled in.
        asked: The event to begin with.
        name: What the header calls it, such as the file.
        still: Show a picture instead of a widget.
    """

    _esm = script(*SCRIPT)
    _css = sheet("pipeline")

    def __init__(
        self,
        plan: Callable[[Asked], tuple[Pipeline, Asked]],
        asked: Asked | None = None,
        *,
        name: str = ".gitlab-ci.yml",
        still: bool = False,
    ) -> None:
        super().__init__(cluster=(name, ""), still=still, options={"statuses": STATUSES, "events": EVENTS})
        self._plan = plan
        self._draw(asked or Asked())

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that is shown."""
        return self._pipeline

    def text(self) -> str:
        """The pipeline in words, a line a job."""
        return pipeline_text(self._pipeline)

    def svg(self) -> str:
        """The pipeline as a still picture."""
        return pipeline_svg(self._pipeline)

    def asked(self, wish: dict[str, Any]) -> None:
        """Show what another event would make."""
        if wish.get("do") == "event" and wish.get("kind") in EVENTS:
            self._draw(Asked(str(wish["kind"]), str(wish.get("ref") or "")))

    def _draw(self, asked: Asked) -> None:
        self._pipeline, shown = self._plan(asked)
        drawn = {"pipeline": self._pipeline.as_dict(), "event": {"kind": shown.kind, "ref": shown.ref}}
        self._snapshot = self.told(drawn, live="static")
