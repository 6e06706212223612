"""The pipeline widget: stages, needs, how jobs stand, the rules of a job for an event, its commands and its log.

``PipelineView`` shows what an event would make of a file and lets the reader choose another event; it follows nothing.
``PipelineRunView`` follows one of the forge. What a pipeline is, is left to ``views.pipeline``; how it looks in a
browser, to ``static/pipeline*.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from gitopslab.views.pipeline import STATUSES, Pipeline, recorded
from gitopslab.views.pipeline_log import plain_log
from gitopslab.views.pipeline_svg import pipeline_svg
from gitopslab.views.pipeline_text import pipeline_text
from gitopslab.widgets.base import LiveView, View, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SCRIPT = ("kit.js", "frame.js", "view.js", "pipeline_stages.js", "pipeline_job.js", "pipeline.js")
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


class Followed(Source, Protocol):
    """A pipeline that is followed: ``clusters.pipeline_watch.PipelineWatch``, or a fake in tests."""

    def choose(self, job: int) -> None:
        """Tell the log of this job from now on."""
        ...


class PipelineRunView(LiveView):
    """A pipeline of the forge, live.

    Args:
        open_source: Gives a fresh source of the pipeline.
        change: Plays, cancels or retries a job: its id, and the verb.
        name: What the header calls it, such as the project.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("pipeline")

    def __init__(
        self,
        open_source: Callable[[], Followed],
        change: Callable[[int, str], object],
        *,
        name: str = "",
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._change = change
        self._job = 0
        self._followed: Followed | None = None
        self._pipeline: Pipeline | None = None
        self._open = open_source
        options = {"statuses": STATUSES, "events": ()}
        super().__init__(self._opened, cluster=(name, ""), still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """The pipeline as it is now, with the log of the chosen job."""
        told = objects.get("pipeline", [])
        if not told:
            return {}
        self._pipeline = recorded(told[0], next(iter(objects.get("decisions", [])), None))
        log = next(iter(objects.get("log", [])), None)
        return {
            "pipeline": self._pipeline.as_dict(),
            "log": {"id": log["id"], "text": plain_log(log["text"])} if log else None,
        }

    def text(self) -> str:
        """The pipeline in words, a line a job."""
        return pipeline_text(self._pipeline) if self._pipeline else ""

    def svg(self) -> str:
        """The pipeline as a still picture."""
        return pipeline_svg(self._pipeline) if self._pipeline else ""

    def asked(self, wish: dict[str, Any]) -> None:
        """Read a job's log; play, cancel or retry a job."""
        super().asked(wish)
        match wish:
            case {"do": "log", "job": int(job)} if self._followed:
                self._job = job
                self._followed.choose(job)
            case {"do": "play" | "cancel" | "retry" as verb, "job": int(job)}:
                self._change(job, verb)

    def _opened(self) -> Source:
        self._followed = self._open()
        if self._job:
            self._followed.choose(self._job)
        return self._followed
