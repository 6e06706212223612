"""``lab.embedded``: what only the embedded cluster can do. Move its clock, stop its parts, look back.

The facade gives it on an embedded cluster and refuses it on any other. It prints what it did, as every command of the
lab does; what the cluster makes of it is seen through the Kubernetes API, like anything else. The requests are
``clusters.controls``', pictures of the past are drawn by ``views``.

A stopped part, a held or a faster clock are forgotten when the cluster is restarted (``gitopslab down`` and ``up``);
time that was moved forward stays so.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.controlplane.runtime.controls import Entry
from gitopslab.errors import LabError
from gitopslab.lab.answers import say
from gitopslab.lab.past import Log, Past, noteworthy
from gitopslab.lab.spans import ago_of, seconds_of, spoken_span
from gitopslab.machinery.language import _, drawn
from gitopslab.machinery.objects import Object
from gitopslab.views.components import without

_SAY_EVERY = 1.0  # seconds between lines of progress
_STEP_WAIT = 60.0


class Clock:
    """The clock of the cluster, which its controllers, kubelets and leases all follow.

    Args:
        controls: Of the cluster.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def __repr__(self) -> str:
        return _clock_words(self._controls.state())

    @property
    def now(self) -> datetime:
        """The time in the cluster."""
        return datetime.fromtimestamp(self._controls.state()["clock"]["now"], UTC)

    def pause(self) -> None:
        """Hold the clock: time stands still and no component acts, but the API answers as ever."""
        self._controls.run(0)
        say(_("the clock is held: nobody acts until you step, move or resume it"))

    def resume(self, speed: float = 1) -> None:
        """Let time pass again.

        Args:
            speed: Seconds in the cluster in one of yours, 0.1 to 600.

        Example:
            >>> lab.embedded.clock.resume(speed=10)
        """
        say(_clock_words(self._controls.run(speed)))

    def step(self, times: int = 1) -> Action:
        """Have one component do one thing, and say who did what. Best with a paused clock.

        Args:
            times: How many of them.
        """
        action = Action(self._controls.step(_STEP_WAIT)["action"])
        say(str(action))
        for _again in range(times - 1):
            if not action.component:
                break
            action = Action(self._controls.step(_STEP_WAIT)["action"])
            say(str(action))
        return action

    def jump(self, span: str | float) -> None:
        """Let time pass in a moment; whatever is due on the way happens in its order.

        Args:
            span: As kubectl writes it (``"1h"``, ``"10m30s"``), or seconds.

        Example:
            >>> lab.embedded.clock.jump("1h")
            1h passed: it is 14:03:12 UTC in the cluster
        """
        seconds = seconds_of(span)
        told, state = time.monotonic(), self._controls.state()
        for state in self._controls.advance(seconds):
            if time.monotonic() - told > _SAY_EVERY:
                say(f"… {_time(state['clock']['now'])}")
                told = time.monotonic()
        words = _("{span} passed: it is {time} in the cluster")
        say(words.format(span=spoken_span(seconds), time=_time(state["clock"]["now"])))


class Action:
    """What one step did; its words were printed already, so a cell shows nothing more.

    Attributes:
        component: Who acted; empty when there was nothing to do.
        about: Which object it looked at.
        entries: What it wrote.
        waited: Seconds by which the clock moved to get there.
    """

    def __init__(self, action: Object) -> None:
        self.component: str = action["component"]
        self.about: str = action["about"]
        self.entries = [Entry(**entry) for entry in action["entries"]]
        self.waited: float = action["waited"]

    def __str__(self) -> str:
        if not self.component:
            return _("nobody has anything to do for {span}").format(span=spoken_span(self.waited or _STEP_WAIT))
        wrote = "; ".join(dict.fromkeys(noteworthy(self.entries)))
        later = _("{span} later, ").format(span=spoken_span(self.waited)) if self.waited >= 0.05 else ""
        return f"{later}{self.component}: {wrote}"

    def _ipython_display_(self) -> None:
        """Nothing: the line is on screen."""


class Embedded:
    """The hand on an embedded cluster; ``lab.embedded`` gives it.

    Args:
        client: Its API.

    Attributes:
        clock: Time in the cluster.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._controls = Controls(client)
        self.clock = Clock(self._controls)

    def __repr__(self) -> str:
        state = self._controls.state()
        stopped = _stopped(state)
        return f"{_clock_words(state)}\n" + (
            _("stopped: {parts}").format(parts=", ".join(stopped)) if stopped else _("everything runs")
        )

    def stop(self, what: str, node: str = "") -> None:
        """Stop a part of the cluster, until ``start``.

        Args:
            what: ``scheduler``, ``controllers`` (all), ``deployment`` or any other single controller, ``apiserver``,
                ``etcd``, or ``kubelet`` with a node.
            node: Whose kubelet.

        Raises:
            NotFoundError: There is no such part.

        Example:
            >>> lab.embedded.stop("scheduler")
            kube-scheduler is stopped. New pods stay Pending without a node. …
        """
        name = self._switch(what, node, running=False)
        say(_("{part} is stopped.").format(part=_part(name, node)) + f" {drawn(without(name))}")

    def start(self, what: str = "", node: str = "") -> None:
        """Start a part again; without an argument everything that was stopped.

        Example:
            >>> lab.embedded.start("scheduler")
            kube-scheduler runs again
        """
        if not what:
            self._start_all()
            return
        name = self._switch(what, node, running=True)
        say(_("{part} runs again").format(part=_part(name, node)))

    def power_off(self, node: str) -> None:
        """Take a node's power away: its containers are gone, and it goes silent. The cluster has to find out."""
        self._controls.switch_node(node, power=False)
        say(
            _(
                "{node} is without power. Its lease runs out after 40 s, then it is NotReady and tainted; "
                "after 5 minutes more its pods are made elsewhere"
            ).format(node=node)
        )

    def power_on(self, node: str) -> None:
        """Give a node its power back: it reports, and what should run on it is started."""
        self._controls.switch_node(node, power=True)
        say(_("{node} has power again").format(node=node))

    def history(self, span: str | float = "10m", *, kind: str = "", name: str = "") -> Log:
        """What was written in the last while, oldest first, as the store's own log tells it.

        Args:
            span: How far back.
            kind: Only this kind, in any spelling; leases are left out unless asked for.
            name: Only objects whose name begins so.
        """
        since = self._controls.state()["clock"]["now"] - seconds_of(span)
        wanted = self._client.resource(kind).key if kind else ""
        entries = self._controls.history(self._controls.revision_at(since))
        return Log([one for one in entries if _is_wanted(one, wanted) and one.name.startswith(name)])

    def at(self, moment: str | float = "", *, revision: int = 0) -> Past:
        """The cluster as it was, to read.

        Args:
            moment: How long ago (``"2m"``, seconds), or the time of day in the cluster (``"14:03:12"``).
            revision: A resourceVersion, as ``history`` shows them.

        Raises:
            LabError: Nothing says when.

        Example:
            >>> lab.embedded.at("2m").board()
        """
        now = self._controls.state()["clock"]["now"]
        if revision:
            return Past(self._client, revision, f"at revision {revision}")
        if moment == "":
            raise LabError("when is meant?", 'lab.embedded.at("2m") is two minutes ago, at(revision=812) a revision')
        then = now - ago_of(moment, now)
        return Past(self._client, self._controls.revision_at(then), f"at {_time(then)}")

    def _switch(self, what: str, node: str, *, running: bool) -> str:
        """Stop or start, and tell the part's full name."""
        if what == "kubelet":
            if not node:
                raise LabError("which node's kubelet?", 'lab.embedded.stop("kubelet", "lab-worker")')
            self._controls.switch_node(node, kubelet=running)
            return what
        before = _running(self._controls.state())
        after = _running(self._controls.switch(what, running))
        changed = [name for name in after if after[name] != before.get(name)]
        return changed[0] if changed else what

    def _start_all(self) -> None:
        state = self._controls.state()
        for name, runs in _running(state).items():
            if not runs:
                self._controls.switch(name, True)
        for node in state["nodes"]:
            self._controls.switch_node(node["name"], power=True, kubelet=True)
        say(_("everything runs"))


def _running(state: Object) -> dict[str, bool]:
    """Every component and controller, and whether it runs; the whole before its parts."""
    found = {}
    for component in state["components"]:
        found[component["name"]] = component["running"]
        found.update({part["name"]: part["running"] for part in component["parts"]})
    return found


def _stopped(state: Object) -> list[str]:
    names = [name for name, runs in _running(state).items() if not runs]
    for node in state["nodes"]:
        if not node["power"]:
            names.append(f"{node['name']} (without power)")
        elif not node["kubelet"]:
            names.append(f"kubelet of {node['name']}")
    return names


def _is_wanted(entry: Entry, resource: str) -> bool:
    return entry.resource == resource if resource else not entry.resource.startswith("leases.")


def _part(name: str, node: str) -> str:
    return _("{name} of {node}").format(name=name, node=node) if node else name


def _clock_words(state: Object) -> str:
    clock = state["clock"]
    ahead = clock["now"] - time.time()
    pace = _("the clock is held") if clock["held"] else _("the clock is running")
    fast = "" if clock["speed"] in (0, 1) else _(" {speed} times as fast").format(speed=f"{clock['speed']:g}")
    moved = _(", {span} ahead of this machine").format(span=spoken_span(ahead)) if ahead > 60 else ""
    return f"{pace}{fast}: {_('it is {time} in the cluster').format(time=_time(clock['now']))}{moved}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S UTC")
