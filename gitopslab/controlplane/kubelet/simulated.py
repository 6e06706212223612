"""The runtime that only plays containers.

The kubelet's rooms reach it through the ``Runtime`` protocol. What a program does is worked out from data
(``programs``); what visitors do inside is kept in rooms (``inside``). Nothing of an image runs on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import h11

from gitopslab.controlplane.kubelet.images import Image, parse
from gitopslab.controlplane.kubelet.inside.room import Rooms
from gitopslab.controlplane.kubelet.inside.shelf import Shelf
from gitopslab.controlplane.kubelet.lines import Transcript
from gitopslab.controlplane.kubelet.probes import Check, check_of
from gitopslab.controlplane.kubelet.programs import Exit, Program, access_line, program_of
from gitopslab.controlplane.kubelet.runtime import Servers, Task
from gitopslab.controlplane.kubelet.session import Answer
from gitopslab.controlplane.kubelet.termination import message_of, path_of
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.controlplane.runtime.streams import Connection, Process
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, uid_of

_STOP_SECONDS = 0.2


class SimulatedRuntime:
    """Plays containers from data; nothing runs.

    Simplified: every program stops at once when told so, whereas a real one may ignore SIGTERM until the grace period
    is over and it is killed (exit code 137).

    Args:
        clock: The time.
        shelf: Keeps what is written in containers; default in memory.
    """

    def __init__(self, clock: Clock, shelf: Shelf | None = None) -> None:
        self._clock = clock
        self._rooms = Rooms(clock, shelf or Shelf(), self._volume_changed, self._ask)
        self._servers: Servers = lambda asking, host, port: ()
        self._programs: dict[str, dict[tuple[str, str, int], Program]] = {}
        self._known: dict[tuple[str, str, int], tuple[float, int]] = {}  # the state for which a program was worked out
        self._waiting: dict[tuple[str, str], Task] = {}

    def image(self, reference: str) -> Image | None:
        """The image that a reference names; None when it is malformed."""
        return parse(reference)

    def pull_seconds(self, pod: Object, image: Image) -> float | None:
        """Nothing is pulled, so it takes as long as the kubelet's pace says."""
        return None

    def begin(self, task: Task) -> None:
        """Work out what the program does, from what it finds now."""
        self._rooms.hook(task, self._begun(task))

    def exit(self, task: Task) -> Exit | None:
        """How the run ends; None when it runs for ever, or until somebody at its console ends it."""
        return self._begun(task).exit or self._rooms.exit(task)

    def message(self, task: Task, code: int) -> str:
        """What its program or a visitor wrote for it, else what it printed if that is asked for."""
        program = self._program(task)
        written = self._rooms.files(task, program).get(path_of(task.container), "")
        return message_of(task.container, code, written, lambda: self._printed(task, program))

    def _printed(self, task: Task, program: Program) -> str:
        """The end of its log.

        Simplified: of a loop that never ends no more than its first 10,000 commands have printed something.
        """
        seconds = self._clock.now() - task.started
        if program.playing is None:
            return ""
        if program.playing.at < seconds:
            self._played_on(program)
        return program.playing.printed(seconds)

    def again(self, task: Task) -> float:
        """When a program that is played goes on."""
        program = self._program(task)
        return float("inf") if program.again is None else program.place.began + program.again

    def check(self, task: Task, name: str, seconds: float) -> Check:
        """What a probe sees some seconds after the start."""
        return self._see(task, task.container[name], seconds)

    def _see(self, task: Task, probe: Object, seconds: float) -> Check:
        program = self._program(task)
        files = self._rooms.files(task, program) if self._rooms.was_entered(task) else None
        return check_of(probe, task.container, program, seconds, task.address, files)

    def stop(self, task: Task, grace: float) -> tuple[float, int]:
        """The ``preStop`` hook and a moment; servers end well, anything else dies of the signal."""
        image = parse(task.container.get("image", ""))
        seconds = _STOP_SECONDS + _pre_stop(task.container)
        self._rooms.stop(task, seconds)
        return seconds, 0 if image and image.server else 143

    def usage(self, pod: Object, container: str) -> None:
        """Nothing is measured."""

    def output(self, task: Task) -> Iterator[tuple[float, str | None]]:
        """What the program prints; a web server's log also shows the HTTP probes it answers."""
        program = self._program(task)
        yield from program.output(task.started)
        image = parse(task.container.get("image", ""))
        if image and image.server.get("access") and not program.words:
            yield from self._accesses(task)

    def said(self, task: Task) -> Transcript:
        """What visitors caused the run to write."""
        return self._rooms.transcript(task)

    async def start(self, task: Task, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        """Play a command in the tiny shell, in real time.

        Raises:
            StartError: The image has no such executable.
        """
        return self._rooms.start(task, self._program(task), list(command), stdin=stdin, tty=tty)

    async def attach(self, task: Task, *, stdin: bool) -> Process:
        """Join the program at its console, or listen to it."""
        program = self._program(task)
        if program.interactive:
            return self._rooms.join(task, program, stdin=stdin)
        return self._rooms.listen(task, self.output(task))

    async def connect(self, task: Task, port: int) -> Connection | None:
        """Connect to the simulated server; None when it does not listen there."""
        return self._rooms.connect(task, self._program(task), port)

    def reach(self, servers: Servers) -> None:
        """Have visitors' requests reach the servers of the cluster."""
        self._servers = servers

    def _ask(self, task: Task, host: str, port: int, target: str, agent: str) -> Answer | None:
        for server, number in self._servers(task.pod, host, port):
            answer = self._rooms.answering(server, self._program(server), number)
            if callable(answer):
                headers = [("host", host), ("user-agent", agent)]
                reply = answer(h11.Request(method="GET", target=target, headers=headers))
                return Answer(reply.code, reply.media_type, reply.body.decode("utf-8", "surrogateescape"))
        return None

    def on_visit(self, wake: Callable[[Object], None]) -> None:
        """Have ``wake`` called with a pod when somebody was inside."""
        self._rooms.on_visit(wake)

    def waiting(self) -> Iterable[Object]:
        """The pods of programs that have asked for what others can change, and found no end."""
        return [task.pod for task in self._waiting.values()]

    def cut(self, uid: str) -> None:
        """What is played rests with its kubelet, but writes nothing any more."""
        self._rooms.cut(uid)

    def forget(self, uid: str) -> None:
        """Drop what is kept of a pod."""
        self._programs.pop(uid, None)
        self._known = {run: state for run, state in self._known.items() if run[0] != uid}
        self._waiting = {one: task for one, task in self._waiting.items() if one[0] != uid}
        self._rooms.forget(uid)

    def _volume_changed(self, identity: str, path: str) -> None:
        for waiting in self._waiting.values():
            if any(one.volume == identity and one.holds(path) for one in waiting.volumes().values()):
                self._rooms.wake(waiting.pod)

    def _begun(self, task: Task) -> Program:
        """The program of a run that goes on: it writes what it writes, and what it asked for it may ask for again."""
        program = self._program(task)
        state = self._clock.now(), self._rooms.revision(task)
        if program.may_change and self._known.get(task.key) != state:
            program = program_of(task.pod, task.container, program.place, self._clock.now())
            self._known[task.key] = state
        elif program.again is not None and program.place.began + program.again <= self._clock.now():
            program = self._played_on(program)
            self._rooms.expect_more(task, program)
        self._programs[uid_of(task.pod)][task.key] = program
        self._rooms.expect(task, program)
        if program.may_change and program.exit is None:
            self._waiting[task.key[:2]] = task
        else:
            self._waiting.pop(task.key[:2], None)
        return program

    def _played_on(self, program: Program) -> Program:
        try:
            return program.further(self._clock.now())
        except NotUnderstoodError:  # it would go on, who knows how
            return replace(program, again=None)

    def _program(self, task: Task) -> Program:
        kept = self._programs.setdefault(uid_of(task.pod), {})
        if task.key not in kept:
            uid, name, attempt = task.key
            kept.pop((uid, name, attempt - 2), None)  # of each container the present run and the one before
            self._known.pop((uid, name, attempt - 2), None)
            kept[task.key] = program_of(task.pod, task.container, self._rooms.place(task), self._clock.now())
        return kept[task.key]

    def _accesses(self, task: Task) -> Iterator[tuple[float, str | None]]:
        probes = [task.container[name] for name in ("livenessProbe", "readinessProbe") if name in task.container]
        probes = [probe for probe in probes if "httpGet" in probe and self._see(task, probe, 0).answered]
        gateway = task.address.rpartition(".")[0] + ".1"
        due = [(task.started + max(probe.get("initialDelaySeconds", 0), 0.2), i) for i, probe in enumerate(probes)]
        while due:
            moment, i = min(due)
            path, status = probes[i]["httpGet"].get("path", "/"), 200 if self._see(task, probes[i], 0).passed else 404
            yield moment, access_line(gateway, "GET", path, status, "kube-probe/1.36", moment)
            due[due.index((moment, i))] = (moment + max(1, probes[i].get("periodSeconds", 10)), i)


def _pre_stop(container: Object) -> float:
    """How long a ``preStop`` hook takes: its own ``sleep``, or a ``sleep N`` command; anything else is quick."""
    hook = container.get("lifecycle", {}).get("preStop", {})
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds", 0))
    words = " ".join(hook.get("exec", {}).get("command", ())).split()
    numbers = [float(after) for word, after in pairwise(words) if word == "sleep" and after.isdigit()]
    return sum(numbers)
