"""One container's life, a stage at a time.

``play`` calls ``ContainerTurn.step`` for every container whose turn it is. It finds the facts, asks the table for the
row, keeps the wait, and puts the container's status entry into the row's next state. Leaves to others: which
containers may run at all, what the spec says of one (``container``), the words of its status (``entry``), and the
status of the pod.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitopslab.controlplane.kubelet import entry as states
from gitopslab.controlplane.kubelet.backoff import delay, duration
from gitopslab.controlplane.kubelet.config import ConfigError
from gitopslab.controlplane.kubelet.container import Container
from gitopslab.controlplane.kubelet.images import Image, same
from gitopslab.controlplane.kubelet.life import NEVER, Happening, Life, Progress, Scene, Unit
from gitopslab.controlplane.kubelet.prober import Prober
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.controlplane.kubelet.runtime import Settings, Task
from gitopslab.controlplane.kubelet.stages import INTERNAL, Said, Stage, choose, filled
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of

_BROKEN = Exit(1.0, 1, "Error")  # what a program does whose flags it does not know
_CALM = 600.0  # a run this long forgets earlier crashes
_REPLACE_SECONDS = 0.3  # from the end of a container whose image was changed to the next one


class ContainerTurn:
    """One container of one pod at one moment.

    Args:
        pod: The pod; read only.
        container: Its entry in the spec; read only.
        entry: Its entry in the status; changed in place.
        life: What is remembered of the pod.
        scene: The node and the moment.
        say: Takes events.
    """

    def __init__(
        self,
        pod: Object,
        container: Object,
        entry: Object,
        *,
        life: Life,
        scene: Scene,
        say: Callable[[Happening], None],
    ) -> None:
        self._container = Container(pod, container)
        self._entry = entry
        self._life = life
        self._unit: Unit = life.unit(container["name"])
        self._scene = scene
        self._say = say
        self._image: Image | None = None
        self._problem = ""
        self.changed = False

    def step(self) -> float:
        """Play all stages that are due; when there is something to do again.

        Sets ``changed`` when the status entry is not what it was.
        """
        while True:
            if self.running:
                self._probe()
            stage = choose(self._scene.stages, self.state, self._facts())
            if stage is None:
                self._unit.progress = None
                return self._next_try()
            due = self._wait(stage)
            if due > self._scene.now:
                return min(due, self._next_try())
            self._finish(stage)

    @property
    def state(self) -> str:
        """The state in the words of the table."""
        if self._unit.inner:
            return self._unit.inner
        state = self._entry["state"]
        if "running" in state:
            return "Running"
        if "terminated" in state:
            return "Terminated"
        reason: str = state.get("waiting", {}).get("reason", "")
        fresh = reason in ("", "PodInitializing") or self._entry.get("image") != self._container.image
        return "ContainerCreating" if fresh and reason != "CrashLoopBackOff" else reason

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return "running" in self._entry["state"] and not self._unit.inner

    def restarts(self) -> bool:
        """Whether a container that has ended is started again."""
        ended = self._entry["state"].get("terminated")
        return self._container.restarts(0 if ended is None else ended["exitCode"])

    def end(self, code: int, reason: str) -> None:
        """Put a running container into Terminated."""
        self._terminate(Exit(0.0, code, reason))

    def task(self) -> Task:
        """The present or next run."""
        one, scene = self._container, self._scene
        return Task(
            one.pod,
            one.spec,
            self._entry["restartCount"],
            self.started,
            self._settings,
            self._life.address,
            lambda: one.volumes(scene, lambda: self._settings()[0]),
            lambda: one.tokens(scene),
            scene.lookup,
        )

    @property
    def started(self) -> float:
        """When the present run began."""
        if self._unit.started is None:
            running = self._entry["state"].get("running") or {}
            self._unit.started = seconds_of(running["startedAt"]) if "startedAt" in running else self._scene.now
        return self._unit.started

    @property
    def field(self) -> str:
        """``spec.containers{web}``, as events name a container."""
        return self._container.field

    # The facts that the table asks for, found only for the states in which a row needs them.

    def _facts(self) -> dict[str, str]:
        state = self.state
        if state in ("ContainerCreating", "ImagePullBackOff"):
            return {"image": self._image_fact()}
        if state == "Pulled":
            return {"config": self._config_fact()}
        if state == "Running":
            return {"end": self._end_fact()}
        if state == "Terminated":
            return {"restart": self._restart_fact()}
        return {}

    def _image_fact(self) -> str:
        image = self._image = self._scene.runtime.image(self._container.image)
        if image is None:
            return "malformed"
        policy = self._container.spec.get("imagePullPolicy") or "IfNotPresent"
        present = self._scene.present(image)
        if image.is_held and self.state == "ImagePullBackOff":
            return "wanted"  # who knows whether it has been pushed since
        if policy == "Never":
            return "here" if present else "forbidden"
        if policy == "IfNotPresent" and present and not self._is_pulling:
            return "here"
        return "wanted" if image.exists else "missing"

    @property
    def _is_pulling(self) -> bool:
        """A pull that has begun goes on, also when another pod's pull of the same image ends first."""
        return self._unit.progress is not None and self._unit.progress.stage.wait == "pull"

    def _config_fact(self) -> str:
        try:
            self._container.settings(self._scene, self._life.address, self._scene.now)
        except ConfigError as error:
            self._problem = str(error)
            return "incomplete"
        return "complete"

    def _settings(self) -> Settings:
        try:
            return self._container.settings(self._scene, self._life.address, self.started)
        except ConfigError:  # taken away since the start
            return {}, {}

    def _end_fact(self) -> str:
        if self._unit.killed:
            return self._unit.killed
        if not same(self._entry.get("image", ""), self._container.image):
            return "changed"
        return "program" if self._exit() is not None else ""

    def _exit(self) -> Exit | None:
        return _BROKEN if self._scene.broken else self._scene.runtime.exit(self.task())

    def _restart_fact(self) -> str:
        if not self.restarts():
            return "no"
        return "later" if self._crashes() else "now"

    def _crashes(self) -> int:
        if self._unit.crashes is None:
            self._unit.crashes = self._entry["restartCount"]
        return self._unit.crashes

    # Waiting.

    def _wait(self, stage: Stage) -> float:
        """When the stage ends; begins it if it is not under way."""
        progress = self._unit.progress
        if progress is None or progress.stage is not stage:
            now = self._scene.now
            due = now + stage.wait if isinstance(stage.wait, float) else self._due(stage.wait)
            if progress is None or progress.stage.first != stage.first:  # else a pull that failed, and was announced
                self._tell(stage.first)
            progress = self._unit.progress = Progress(stage, due, now)
        elif progress.due == NEVER and isinstance(stage.wait, str):
            progress = self._unit.progress = replace(progress, due=self._due(stage.wait))
        return progress.due

    def _due(self, wait: str) -> float:
        now = self._scene.now
        if wait == "pull":
            assert self._image is not None, "only a well-formed image is pulled"
            seconds, pace = self._scene.runtime.pull_seconds(self._container.pod, self._image), self._scene.pace
            played = pace.check if self._scene.present(self._image) else pace.pull
            return now + (played if seconds is None else seconds)
        if wait == "image-back-off":
            return now + delay(max(1, self._unit.pulls))
        if wait == "crash-back-off":
            return self._finished() + delay(self._crashes())
        if wait == "stop":
            seconds, _ = self._scene.runtime.stop(self.task(), self._container.grace(self._unit.killed))
            return NEVER if seconds == NEVER else now if self._unit.killed else now + _REPLACE_SECONDS
        end = self._exit()
        return now if end is None else max(now, self.started + end.after)

    def _finished(self) -> float:
        if self._unit.finished is None:
            ended = (self._entry.get("lastState") or {}).get("terminated") or self._entry["state"].get("terminated")
            self._unit.finished = seconds_of(ended["finishedAt"]) if ended else self._scene.now
        return self._unit.finished

    # What a stage leads to.

    def _finish(self, stage: Stage) -> None:
        began = self._unit.progress.began if self._unit.progress else self._scene.now
        self._unit.progress = None
        self._tell(stage.events, took=self._scene.now - began)
        if stage.next in INTERNAL:
            self._unit.inner = stage.next
            if stage.next == "Pulled" and self._image is not None:
                self._scene.keep(self._image)
                self._unit.pulls = 0
            return
        message = filled(stage.message, self._blanks()) if stage.message else ""
        if stage.next == "Running":
            self._start()
        elif stage.next == "Terminated":
            self._terminate(self._killed_exit() if stage.wait != "run" else self._exit())
        else:
            self._show_waiting(stage.next, message)

    def _start(self) -> None:
        entry, unit, now = self._entry, self._unit, self._scene.now
        image = self._scene.runtime.image(self._container.image)
        assert image is not None, "a container is started only after its image was found"
        if states.count_restart(entry):
            unit.crashes = self._crashes_before() + 1
        unit.inner, unit.started, unit.killed, unit.tries = "", now, "", {}
        states.run(entry, self._container, image, self.task().id, now)
        self.changed = True
        self._scene.runtime.begin(self.task())

    def _crashes_before(self) -> int:
        """The crashes in a row before this restart, when the status was read after ``restartCount`` went up."""
        return self._entry["restartCount"] - 1 if self._unit.crashes is None else self._unit.crashes

    def _killed_exit(self) -> Exit:
        """Killed for a probe or a changed image: it was told to stop, and stopped as its program does."""
        _, code = self._scene.runtime.stop(self.task(), self._container.grace(self._unit.killed))
        return Exit(0.0, code, "Error" if code else "Completed")

    def _terminate(self, end: Exit | None) -> None:
        assert end is not None, "only a run with a known end ends"
        entry, unit, now = self._entry, self._unit, self._scene.now
        if now - self.started >= _CALM or end.reason == "Unknown":
            unit.crashes = 0  # it ran well, or went with its node: no fault of its own
        if end.reason == "StartError":
            self._say(Happening("Warning", "Failed", f"Error: {end.message}", self.field))
        if end.hook_failed:
            self._say(Happening("Warning", "FailedPostStartHook", "PostStartHook failed", self.field))
            self._say(Happening("Normal", "Killing", "FailedPostStartHook", self.field))
        message = ": ".join(filter(None, (end.message, self._message(end))))
        states.terminate(entry, self._container, replace(end, message=message), self.started, now)
        unit.finished, unit.inner, unit.progress, unit.killed = now, "", None, ""
        self.changed = True

    def _message(self, end: Exit) -> str:
        """What the run itself has to say; one that never began, or went with its node, says nothing."""
        silent = end.reason in ("StartError", "Unknown") or self._scene.broken
        return "" if silent else self._scene.runtime.message(self.task(), end.code)

    def _show_waiting(self, reason: str, message: str) -> None:
        if reason == "ErrImagePull":
            self._unit.pulls += 1
        states.wait(self._entry, self._container, reason, message)
        self._unit.inner = ""
        self.changed = True

    def _probe(self) -> None:
        prober = Prober(self._container.spec, self._unit, self._scene.runtime, self.task, self._seconds)
        started, ready = prober.advance(bool(self._entry.get("started")), bool(self._entry.get("ready")))
        ready = ready and self._container.counts_as_ready
        if (started, ready) != (self._entry.get("started"), self._entry.get("ready")):
            self._entry.update(started=started, ready=ready)
            self.changed = True
        for message in prober.messages:
            self._say(Happening("Warning", "Unhealthy", message, self.field))

    @property
    def _seconds(self) -> float:
        return self._scene.now - self.started

    def _next_try(self) -> float:
        if not self.running:
            return NEVER
        tries = [one.next for one in self._unit.tries.values() if one.next is not None and not one.waits]
        return min([self._scene.runtime.again(self.task()), *(self.started + one for one in tries)])

    # Words.

    def _tell(self, said: tuple[Said, ...], took: float = 0.0) -> None:
        if not said:
            return
        blanks = self._blanks(took)
        for one in said:
            self._say(Happening(one.type, one.reason, filled(one.message, blanks), self.field))

    def _blanks(self, took: float = 0.0) -> dict[str, str]:
        image = self._image or self._scene.runtime.image(self._container.image)
        name = image.name if image else ""
        failed = f'failed to pull and unpack image "{name}"'
        return {
            "container": self._container.name,
            "image": self._container.image,
            "pod": name_of(self._container.pod),
            "namespace": namespace_of(self._container.pod),
            "uid": uid_of(self._container.pod),
            "problem": self._problem,
            "took": duration(took),
            "size": str(image.size) if image else "",
            "back-off": duration(delay(max(1, self._unit.crashes or 0))),
            "pull-error": f'{failed}: failed to resolve reference "{name}": {image.problem if image else ""}',
        }
