"""The place where an exercise plays: its namespace and its files, set up when it begins and taken away when it ends.

Called by ``desk``, and by the tests to walk routes and mistakes. It acts through the Kubernetes API and kubectl, as a
learner would; whether anything is right is left to ``checking``.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitopslab.clusters.client import Client
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.waiting import wait_until
from gitopslab.course.commands import call_of
from gitopslab.course.exercise import Exercise, Push, Step
from gitopslab.course.tools import Install, prepare
from gitopslab.course.workshop import Workshop
from gitopslab.errors import AlreadyExistsError, ApiError, LabError, NotFoundError, WaitTimeoutError
from gitopslab.gitops.place import OWNED
from gitopslab.machinery import manifests
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, labels_of

EXERCISE = "gitopslab/exercise"
"""The label of an exercise's namespace; its value is the exercise's id."""
BEGAN = "gitopslab/began"

_GONE_SECONDS = 90.0
_READY_SECONDS = 15.0


class Stage:
    """One exercise on one cluster.

    Args:
        client: The cluster's API.
        kubectl: For the steps that are written as commands.
        exercise: Which one.
        folder: The learner's, in which the exercise has a folder of its own for its files.
        workshop: For the steps that make images and pushes.
        install: Installs what exercises about GitOps need.
    """

    def __init__(
        self,
        client: Client,
        kubectl: Kubectl,
        exercise: Exercise,
        folder: Path,
        workshop: Workshop,
        install: Install,
    ) -> None:
        self._client = client
        self._kubectl = kubectl
        self._exercise = exercise
        self.folder = folder / exercise.place
        self._workshop = workshop
        self._install = install

    @property
    def began(self) -> float | None:
        """When it began, in seconds since the epoch; None when it has not, or only half, or is being taken away."""
        found = self._found()
        if found is None or is_terminating(found) or BEGAN not in annotations_of(found):
            return None
        return float(annotations_of(found)[BEGAN])

    def begin(self) -> None:
        """Set up the start state; the namespace must not be there.

        Raises:
            LabError: Somebody else's namespace has its name, or a step did not work.
        """
        name = self._exercise.namespace
        metadata = {"name": name, "labels": {**OWNED, EXERCISE: self._exercise.id}}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        try:
            self._client.create(made)
        except AlreadyExistsError as error:
            raise LabError(f"the namespace {name} is there already: {error.message}", self._remedy()) from error
        # without it the API refuses pods, which also on a real cluster is so for a moment
        self._wait("serviceaccounts", "default", "create", _READY_SECONDS)
        for tool in self._exercise.needs:
            prepare(tool, self._client, self._install, self._workshop.address(), name)
        self._lay_out()
        self.run(self._exercise.start)
        for project in self._exercise.projects:
            self._workshop.projects.lay_out(project, self.folder / project.rpartition("/")[2])
        # last, so that one which was broken off half-way has not begun
        self._client.patch("namespaces", name, {"metadata": {"annotations": {BEGAN: f"{time.time():.0f}"}}})

    def leave(self) -> bool:
        """Have all taken away that the exercise and the learner made for it; whether there was anything.

        The namespace goes by and by; ``wait_until_gone`` waits for that.
        """
        found = self._found()
        if found is None:
            return False
        if not is_terminating(found):
            self._client.delete("namespaces", self._exercise.namespace)
        self.run(self._exercise.clean)
        if self._exercise.has_images:
            self._workshop.clear(self._exercise.namespace)
        if self._exercise.projects:
            self._workshop.projects.clear(self._exercise.namespace)
        return True

    def put_back(self) -> None:
        """The exercise's files as they were; what a learner made of one is kept beside it."""
        for name, text in self._exercise.files.items():
            path = self.folder / name
            if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != text:
                path.replace(path.with_name(f"{path.name}.bak"))
        self._lay_out()

    def _lay_out(self) -> None:
        """The files that are missing; the others may be the learner's work already."""
        for name, text in self._exercise.files.items():
            path = self.folder / name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")

    def wait_until_gone(self) -> None:
        """Wait until nothing of it is left.

        Raises:
            WaitTimeoutError: Something holds the namespace back.
        """
        self._wait("namespaces", self._exercise.namespace, "delete", _GONE_SECONDS)

    def run(self, steps: Sequence[Step]) -> None:
        """Do steps, one after another, in the exercise's namespace.

        Raises:
            LabError: One did not work, or worked although it should be refused.
        """
        for step in steps:
            if step.file:
                self._write(step)
            elif step.manifest:
                self._manifest(step)
            elif step.push:
                self._push(step.push)
            elif step.command.startswith("kubectl "):
                self._kubectl_does(step)
            else:
                self._image(step)

    def _image(self, step: Step) -> None:
        refused = False
        try:
            self._workshop.do(call_of(step.command), self.folder)
        except LabError:
            if not step.is_refused:
                raise
            refused = True
        if step.is_refused and not refused:
            raise LabError(f"{step.command} worked, and should be refused", "See the step in exercise.yaml")

    def _push(self, push: Push) -> None:
        fill = self._workshop.filled
        files = {name: replace(edit, text=edit.text and fill(edit.text)) for name, edit in push.files.items()}
        self._workshop.projects.push(replace(push, files=files))

    def _write(self, step: Step) -> None:
        path = self.folder / step.file
        before = path.read_text(encoding="utf-8") if step.replaces else ""
        if step.replaces not in before:
            raise LabError(f"{step.file} has no {step.replaces!r}", "See the step in exercise.yaml")
        path.write_text(before.replace(step.replaces, step.text) if step.replaces else step.text, encoding="utf-8")

    def _kubectl_does(self, step: Step) -> None:
        words = shlex.split(self._workshop.filled(step.command))[1:]
        answer = self._kubectl.run([f"--namespace={self._exercise.namespace}", *words], timeout=60)
        if not answer.ok:
            raise LabError(f"{step.command}: {answer.text}", "lab.kubectl with the same words shows it again")

    def _manifest(self, step: Step) -> None:
        refused = False
        try:
            for obj in manifests.objects(self._workshop.filled(step.manifest)):
                self._client.apply(obj, self._exercise.namespace)
        except (ApiError, LabError):
            if not step.is_refused:
                raise
            refused = True
        if step.is_refused and not refused:
            raise LabError("the API took a manifest that it should refuse", "See the step in exercise.yaml")

    def _found(self) -> Object | None:
        try:
            found = self._client.get("namespaces", self._exercise.namespace)
        except NotFoundError:
            return None
        if labels_of(found).get(EXERCISE) != self._exercise.id:
            raise LabError(
                f"the namespace {self._exercise.namespace} is not that of this exercise, and stays as it is",
                self._remedy(),
            )
        return found

    def _remedy(self) -> str:
        return f"keep what you need of it, then: kubectl delete namespace {self._exercise.namespace}"

    def _wait(self, kind: str, name: str, wish: str, seconds: float) -> None:
        def read() -> list[Object]:
            try:
                return [self._client.get(kind, name, self._exercise.namespace)]
            except NotFoundError:
                return []

        reached, _ = wait_until(read, wish, seconds)
        if not reached:
            raise WaitTimeoutError(
                f"{kind}/{name} did not {'go' if wish == 'delete' else 'come'} within {seconds:.0f} s",
                f"kubectl get {kind} {name} -o yaml tells what it waits for",
            )
