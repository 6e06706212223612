"""One container's life, a stage at a time.

``play`` calls ``ContainerTurn.step`` for every container whose turn it is. It finds the facts, asks the table for the
row, keeps the wait, and puts the container's status entry into the row's next state. Leaves to others: which
containers may run at all, and the status of the pod.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gitopslab.controlplane.kubelet.backoff import delay, duration
from gitopslab.controlplane.kubelet.config import ConfigError, environment, mounted, writable
from gitopslab.controlplane.kubelet.images import Image, same
from gitopslab.controlplane.kubelet.life import NEVER, Happening, Life, Progress, Scene, Unit
from gitopslab.controlplane.kubelet.prober import Prober
from gitopslab.controlplane.kubelet.programs import Exit
from gitopslab.controlplane.kubelet.runtime import Settings, Task
from gitopslab.controlplane.kubelet.stages import INTERNAL, Said, Stage, choose, filled
from gitopslab.machinery.clock import seconds_of, timestamp
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
        self._pod = pod
        self._container = container
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
        fresh = reason in ("", "PodInitializing") or self._entry.get("image") != self._container.get("image")
        return "ContainerCreating" if fresh and reason != "CrashLoopBackOff" else reason

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return "running" in self._entry["state"] and not self._unit.inner

    def restarts(self) -> bool:
        """Whether a container that has ended is started again, by its own or its pod's policy."""
        ended = self._entry["state"].get("terminated")
        if self._is_guest:
            return False
        code = 0 if ended is None else ended["exitCode"]
        for rule in self._container.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes", {})
            if (code in codes.get("values", ())) == (codes.get("operator") == "In"):
                return bool(rule.get("action") == "Restart")
        policy = self._container.get("restartPolicy") or self._pod["spec"].get("restartPolicy", "Always")
        if policy == "Always" and self._is_init and not self._container.get("restartPolicy"):
            return bool(code != 0)  # an init container runs until it has succeeded once
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    def end(self, code: int, reason: str) -> None:
        """Put a running container into Terminated."""
        self._terminate(Exit(0.0, code, reason))

    def task(self) -> Task:
        """The present or next run."""
        attempt = self._entry["restartCount"]
        address = self._life.address
        return Task(
            self._pod, self._container, attempt, self.started, self._settings, address, self._volumes, self._tokens
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
        kind = "initContainers" if self._is_init else "ephemeralContainers" if self._is_guest else "containers"
        return f"spec.{kind}{{{self._container['name']}}}"

    @property
    def _is_init(self) -> bool:
        return self._is_among("initContainers")

    @property
    def _is_guest(self) -> bool:
        return self._is_among("ephemeralContainers")

    def _is_among(self, field: str) -> bool:
        return any(one is self._container for one in self._pod["spec"].get(field) or ())

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
        image = self._image = self._scene.runtime.image(self._container.get("image", ""))
        if image is None:
            return "malformed"
        policy = self._container.get("imagePullPolicy") or "IfNotPresent"
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
            self._configuration()
        except ConfigError as error:
            self._problem = str(error)
            return "incomplete"
        return "complete"

    def _volumes(self) -> dict[str, str]:
        return writable(self._pod, self._container, self._scene.lookup)

    def _tokens(self) -> dict[str, str]:
        return self._scene.tokens.of(self._pod, self._container)

    def _settings(self) -> Settings:
        try:
            return self._configuration()
        except ConfigError:  # taken away since the start
            return {}, {}

    def _configuration(self) -> Settings:
        variables = environment(
            self._pod, self._container, self._scene.lookup, pod_ip=self._life.address, host_ip=self._scene.host
        )
        return variables, mounted(self._pod, self._container, self._scene.lookup)

    def _end_fact(self) -> str:
        if self._unit.killed:
            return self._unit.killed
        if not same(self._entry.get("image", ""), self._container.get("image", "")):
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
            seconds, pace = self._scene.runtime.pull_seconds(self._pod, self._image), self._scene.pace
            played = pace.check if self._scene.present(self._image) else pace.pull
            return now + (played if seconds is None else seconds)
        if wait == "image-back-off":
            return now + delay(max(1, self._unit.pulls))
        if wait == "crash-back-off":
            return self._finished() + delay(self._crashes())
        if wait == "stop":
            seconds, _ = self._scene.runtime.stop(self.task(), self._grace())
            return NEVER if seconds == NEVER else now if self._unit.killed else now + _REPLACE_SECONDS
        end = self._exit()
        return now if end is None else max(now, self.started + end.after)

    def _grace(self) -> float:
        """How long a container may take to stop; a probe that kills it may have its own say."""
        own = self._container.get(f"{self._unit.killed}Probe", {}).get("terminationGracePeriodSeconds")
        return float(self._pod["spec"].get("terminationGracePeriodSeconds", 30) if own is None else own)

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
        image = self._scene.runtime.image(self._container.get("image", ""))
        assert image is not None, "a container is started only after its image was found"
        last = entry["state"].get("terminated") or (entry.get("lastState") or {}).get("terminated")
        if last is not None:
            entry["lastState"] = {"terminated": last}
            entry["restartCount"] += 1
            unit.crashes = self._crashes_before() + 1
        unit.inner, unit.started, unit.killed, unit.tries = "", now, "", {}
        entry["state"] = {"running": {"startedAt": timestamp(now)}}
        entry.update(image=image.name, imageID=image.id, containerID=self.task().id)
        resources = self._container.get("resources") or {}
        entry["resources"] = resources
        if resources.get("requests"):
            entry["allocatedResources"] = resources["requests"]
        entry["user"] = {"linux": self._user()}
        entry["started"] = "startupProbe" not in self._container
        entry["ready"] = entry["started"] and "readinessProbe" not in self._container and self._counts_as_ready
        self.changed = True
        self._scene.runtime.begin(self.task())

    def _crashes_before(self) -> int:
        """The crashes in a row before this restart, when the status was read after ``restartCount`` went up."""
        return self._entry["restartCount"] - 1 if self._unit.crashes is None else self._unit.crashes

    @property
    def _counts_as_ready(self) -> bool:
        """An ordinary init container is ready only when it has succeeded, an ephemeral one never."""
        if self._is_guest:
            return False
        return not self._is_init or self._container.get("restartPolicy") == "Always"

    def _user(self) -> Object:
        """Simplified: a container without ``runAsUser`` is shown as root; the real user comes from the image."""
        context = {**(self._pod["spec"].get("securityContext") or {}), **(self._container.get("securityContext") or {})}
        group = context.get("runAsGroup", 0)
        groups = sorted({group, *([context["fsGroup"]] if "fsGroup" in context else [])})
        return {"uid": context.get("runAsUser", 0), "gid": group, "supplementalGroups": groups}

    def _killed_exit(self) -> Exit:
        """Killed for a probe or a changed image: it was told to stop, and stopped as its program does."""
        _, code = self._scene.runtime.stop(self.task(), self._grace())
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
        started = entry["state"].get("running", {}).get("startedAt") or timestamp(self.started)
        entry["state"] = {
            "terminated": {
                "exitCode": end.code,
                "reason": end.reason,
                **({"message": end.message} if end.message else {}),
                "startedAt": started,
                "finishedAt": timestamp(now),
                "containerID": entry.get("containerID", ""),
            }
        }
        entry["started"] = False
        entry["ready"] = self._is_init and end.code == 0 and self._container.get("restartPolicy") != "Always"
        unit.finished, unit.inner, unit.progress, unit.killed = now, "", None, ""
        self.changed = True

    def _show_waiting(self, reason: str, message: str) -> None:
        entry = self._entry
        if "terminated" in entry["state"]:
            entry["lastState"] = {"terminated": entry["state"]["terminated"]}
        if reason == "ErrImagePull":
            self._unit.pulls += 1
        shown: dict[str, Any] = {"reason": reason, **({"message": message} if message else {})}
        entry["state"] = {"waiting": shown}
        if reason != "CrashLoopBackOff":
            entry["image"] = self._container.get("image", "")
        self._unit.inner = ""
        self.changed = True

    def _probe(self) -> None:
        prober = Prober(self._container, self._unit, self._scene.runtime, self.task, self._seconds)
        started, ready = prober.advance(bool(self._entry.get("started")), bool(self._entry.get("ready")))
        ready = ready and self._counts_as_ready
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
        return min(
            (
                self.started + tries.next
                for tries in self._unit.tries.values()
                if tries.next is not None and not tries.waits
            ),
            default=NEVER,
        )

    # Words.

    def _tell(self, said: tuple[Said, ...], took: float = 0.0) -> None:
        if not said:
            return
        blanks = self._blanks(took)
        for one in said:
            self._say(Happening(one.type, one.reason, filled(one.message, blanks), self.field))

    def _blanks(self, took: float = 0.0) -> dict[str, str]:
        image = self._image or self._scene.runtime.image(self._container.get("image", ""))
        name = image.name if image else ""
        failed = f'failed to pull and unpack image "{name}"'
        return {
            "container": self._container["name"],
            "image": self._container.get("image", ""),
            "pod": name_of(self._pod),
            "namespace": namespace_of(self._pod),
            "uid": uid_of(self._pod),
            "problem": self._problem,
            "took": duration(took),
            "size": str(image.size) if image else "",
            "back-off": duration(delay(max(1, self._unit.crashes or 0))),
            "pull-error": f'{failed}: failed to resolve reference "{name}": {image.problem if image else ""}',
        }
