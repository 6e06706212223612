"""What every widget shares: one snapshot the browser draws, twins for still readers, and a thread that renews it.

``lab`` shows the widgets of this room. A ``View`` draws what it was given; a ``LiveView`` follows a cluster: each
subclass says which kinds, and how objects become its snapshot, its text and its picture. The data flow::

    Mirror (a thread a kind) ──> Publisher (one thread) ──> publish() ──> _snapshot ──> static/NAME.js
                                                       browser ──> {do: "resume"} ──> resume()

The snapshot is one immutable dictionary, replaced whole and only when it differs. Registering views under a name, so
that a cell run twice shows the same widget with the same threads, is done by ``live`` below.
"""

from __future__ import annotations

import atexit
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any, TypeVar, cast

import anywidget
import traitlets

from gitopslab.clusters.attended import LAB
from gitopslab.errors import LabError
from gitopslab.machinery.language import words
from gitopslab.machinery.objects import Object
from gitopslab.views.palette import STATES
from gitopslab.views.running import now_in
from gitopslab.widgets.picture import Picture
from gitopslab.widgets.publisher import IDLE_SECONDS, Publisher, Source

_SYNC_SECONDS = 5.0
_JUMP_SECONDS = 1.5  # less is how far two machines' clocks are apart, not a clock that was moved
_active: dict[tuple[str, ...], LiveView] = {}
_shown: weakref.WeakSet[View] = weakref.WeakSet()
_presents = False


Shown = TypeVar("Shown", bound="LiveView")


def script(*names: str) -> str:
    """The text of files in ``static``, one after the other.

    A notebook loads a widget's module from memory, where it cannot import another: shared parts are put before it.
    """
    folder = resources.files("gitopslab.widgets") / "static"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def sheet(*names: str) -> str:
    """The style sheets of a widget, after what all widgets share."""
    return script("kit.css", *(f"{name}.css" for name in names))


def _spoken() -> dict[str, Any]:
    """The words of another language, for the browser; none in English."""
    known = words("widgets")
    return {"words": dict(known)} if known else {}


class View(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget that draws one snapshot.

    Subclasses define ``text`` and ``svg``, and ``asked`` when the browser may ask something.

    Args:
        cluster: The cluster's name, and what kind it is, for the header.
        still: Show a picture instead of a widget, for exports.
        options: What the browser begins with, such as a namespace; it may change its own copy.
    """

    _snapshot = traitlets.Dict().tag(sync=True)
    _looks = traitlets.Dict().tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    _answer = traitlets.Dict().tag(sync=True)

    def __init__(
        self, *, cluster: tuple[str, str] = ("", ""), still: bool = False, options: Mapping[str, Any] | None = None
    ) -> None:
        looks = {state: asdict(look) for state, look in STATES.items()}
        super().__init__(_looks=looks, _options={**(options or {}), "presenter": _presents, **_spoken()})
        self._cluster = cluster
        self._still = still
        self.on_msg(self._received)
        _shown.add(self)

    # ---- what a subclass says ----

    def text(self) -> str:
        """The view in words, for plain viewers and screen readers."""
        raise NotImplementedError

    def svg(self) -> str:
        """The view as a still picture."""
        raise NotImplementedError

    def asked(self, wish: dict[str, Any]) -> None:
        """Do what the browser asks for; quickly, because a cell may be waiting. A ``LabError`` is shown."""

    # ---- what a subclass uses ----

    def told(self, drawn: Mapping[str, Any], *, live: str, note: str = "", error: str = "") -> dict[str, Any]:
        """A snapshot: what was drawn, with what every frame shows."""
        name, kind = self._cluster
        now = self.now
        return {**drawn, "cluster": name, "kind": kind, "live": live, "note": note, "error": error, "seconds": now}

    @property
    def now(self) -> float:
        """The time that ages are told against, in seconds since the epoch."""
        return time.time()

    def option(self, **changes: Any) -> None:
        """Change what the browser is told beside the snapshot."""
        self._options = {**self._options, **changes}

    # ---- twins ----

    def static(self) -> Picture:
        """The view as it is now, as a picture with words that needs no kernel."""
        return Picture(self.svg(), self.text())

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self._still:
            return self.static()._repr_mimebundle_()
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/plain": self.text(), "image/svg+xml": self.svg()}, metadata

    def _received(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        try:
            self.asked(content)
        except LabError as error:
            self._snapshot = {**self._snapshot, "error": str(error)}


class LiveView(View):
    """A widget that follows a cluster.

    Subclasses define ``draw``, ``text`` and ``svg``.

    Args:
        open_source: Gives a fresh source; called again when a paused view resumes.
        cluster: The cluster's name, and what kind it is, for the header.
        still: Take one picture and start no thread, for exports.
        idle_seconds: How long without a change until it pauses.
        options: What the browser begins with.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(cluster=cluster, still=still, options=options)
        self._open_source = open_source
        self._idle_seconds = idle_seconds
        self._publisher: Publisher | None = None
        self._drawn: dict[str, Any] = {}
        self._ahead = 0.0
        self.resume()

    # ---- what a subclass says ----

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The part of the snapshot that shows these objects; also remembers what ``text`` and ``svg`` need."""
        raise NotImplementedError

    def asked(self, wish: dict[str, Any]) -> None:
        """Go on when it was paused."""
        if wish.get("do") == "resume":
            self.resume()

    @property
    def now(self) -> float:
        """The cluster's own time: the clock of an embedded one may have been moved."""
        return time.time() + self._ahead

    # ---- life ----

    @property
    def is_live(self) -> bool:
        """Whether it follows the cluster now."""
        return self._publisher is not None and self._publisher.is_alive

    def resume(self) -> None:
        """Follow the cluster, again if it was paused; a still view takes a new picture."""
        if self.is_live or self.comm is None:
            return
        source = self._open_source()
        source.start()
        synced = source.wait_synced(_SYNC_SECONDS)
        self.publish(source.state()[1], source.error or ("" if synced else "the cluster is slow to answer"))
        if self._still:
            source.close()
            return
        self._publisher = Publisher(self, source, self._idle_seconds)
        self._publisher.start()

    def stop(self, live: str = "closed", note: str = "") -> None:
        """End following; the last picture stays on screen."""
        if self._publisher is not None:
            self._publisher.stop()
            self._publisher = None
        if self.comm is not None and self._snapshot:
            self._snapshot = {**self._snapshot, "live": live, "note": note, "error": ""}

    def close(self) -> None:
        """End following and take the widget off the screen."""
        self.stop()
        super().close()

    def publish(
        self, objects: dict[str, list[Object]], error: str = "", ended: Callable[[], bool] = lambda: False
    ) -> bool:
        """Show this state; called by the publisher's thread. True when it differs from what was shown.

        A thread that was told to end while it drew must not lay its picture over that of the next one: ``ended``.
        """
        lab, machine, before = objects.get(LAB, []), time.time(), self._ahead
        self._ahead = now_in(lab, machine) - machine
        speed = lab[0]["clock"]["speed"] if lab else 1
        try:
            drawn = {**self.draw(objects), "speed": speed}
        # Whatever goes wrong in a thread must be seen, and only the widget can show it.
        except Exception as problem:
            drawn, error = self._drawn, f"{type(problem).__name__}: {problem}"
        if ended():
            return False
        live = "static" if self._still else ("lost" if error else "live")
        jumped = abs(self._ahead - before) > _JUMP_SECONDS
        if (
            drawn == self._drawn
            and not jumped
            and (self._snapshot.get("error"), self._snapshot.get("live")) == (error, live)
        ):
            return False
        self._drawn = drawn
        self._snapshot = self.told(drawn, live=live, error=error)
        return True

    def pause(self) -> None:
        """Say that following has ended because nothing changed; called by the publisher's thread."""
        minutes = round(self._idle_seconds / 60)
        self._snapshot = {**self._snapshot, "live": "paused", "note": f"nothing changed for {minutes} minutes"}


def live(key: tuple[str, ...], make: Callable[[], Shown]) -> Shown:
    """The view registered under a name, made if there is none, resumed if it was paused.

    A cell that is run again shows the same widget, so there is always one set of threads a name.
    """
    view = _active.get(key)
    if view is None or view.comm is None:
        view = _active[key] = make()
    else:
        view.resume()
    return cast("Shown", view)  # whoever registers a name always makes the same kind


def close_all(owner: str = "") -> None:
    """End every registered view whose key begins with this owner, or simply every one; last pictures stay on screen."""
    for key in [key for key in _active if owner in ("", key[0])]:
        _active.pop(key).stop()


def present(large: bool) -> None:
    """Large type in every widget there is and in those to come, for a room; or the usual size again."""
    global _presents
    _presents = large
    for view in list(_shown):
        if view.comm is not None:
            view.option(presenter=large)


atexit.register(close_all)
