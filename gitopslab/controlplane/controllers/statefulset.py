"""Keeps the numbered pods of a StatefulSet and their claims.

The manager calls it when a StatefulSet or one of its pods changed. It keeps the template's history, takes the step that
``statefuls`` names, and writes the counts. A pod's claims are ``statefulclaims``'s, placing the pod the scheduler's.

Upstream: ``pkg/controller/statefulset``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from gitopslab.controlplane.controllers import statefuls
from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.history import POD_LABEL, Revisions, Wanted, template_data
from gitopslab.controlplane.controllers.podstate import next_availability, phase_of
from gitopslab.controlplane.controllers.statefulclaims import RESOURCE, Claims
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, ApiError, NotFoundError, aggregated, bad_request
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    copy_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.template_hash import data_hash

_HASH_LABEL = "controller.kubernetes.io/hash"


@dataclass(frozen=True, slots=True)
class Versions:
    """The revision most pods follow, and the one being rolled out."""

    current: Object
    update: Object
    collisions: int

    def for_ordinal(self, stateful_set: Object, ordinal: int) -> tuple[Object, str]:
        """The template of a new pod and the revision it follows."""
        revision = self.current if statefuls.is_current(stateful_set, ordinal) else self.update
        template = {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}
        return template, name_of(revision)


class StatefulSetController:
    """Reconciles StatefulSets."""

    name = "statefulset-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._stateful_sets = manager.informer("statefulsets.apps")
        self._pods = manager.informer("pods")
        self._claims = Claims(api, manager.informer(RESOURCE), self._recorder)
        self._revisions = Revisions(api, manager.informer("controllerrevisions.apps"))
        pods = owners_of_kind("StatefulSet", self._stateful_sets)
        self.sources: tuple[Source, ...] = (Source("statefulsets.apps"), Source("pods", pods, previous=True))

    def reconcile(self, request: Request) -> Result:
        """Take the next step and count."""
        stateful_set = self._stateful_sets.get(request.name, request.namespace)
        if stateful_set is None:
            return DONE
        known = self._revisions.of(stateful_set)
        versions = self._versions(stateful_set, known)
        pods = self._claimed(stateful_set)
        step = statefuls.Step()
        if not is_terminating(stateful_set):
            step = statefuls.next_step(stateful_set, pods, name_of(versions.update), self._clock.now())
        failure = self._take(stateful_set, step, versions)
        self._write_status(stateful_set, pods, step.delete, versions)
        if failure is not None:
            raise failure
        self._clean_up(stateful_set, known, versions, pods)
        min_ready = stateful_set["spec"].get("minReadySeconds") or 0
        return Result(next_availability(pods, min_ready, self._clock.now()))

    def _versions(self, stateful_set: Object, known: list[Object]) -> Versions:
        status = stateful_set.get("status", {})
        collisions = status.get("collisionCount") or 0
        data = template_data(stateful_set)
        wanted = Wanted(stateful_set, data, _HASH_LABEL, partial(data_hash, data))
        while True:
            try:
                update = self._revisions.sync(wanted, known, collisions)
            except AlreadyExistsError:
                collisions += 1
                continue
            break
        current = next((found for found in known if name_of(found) == status.get("currentRevision")), update)
        return Versions(update if name_of(current) == name_of(update) else current, update, collisions)

    def _take(self, stateful_set: Object, step: statefuls.Step, versions: Versions) -> ApiError | None:
        try:
            for pod in step.complete:
                self._complete(stateful_set, pod)
            for pod in step.identify:
                self._identify(stateful_set, pod)
            for pod in step.condemned:
                self._claims.retain(stateful_set, pod)
            for ordinal in step.create:
                self._create(stateful_set, ordinal, versions)
            for pod in step.delete:
                self._delete(stateful_set, pod)
        except ApiError as error:
            return error
        return None

    def _create(self, stateful_set: Object, ordinal: int, versions: Versions) -> None:
        template, revision = versions.for_ordinal(stateful_set, ordinal)
        pod = statefuls.stateful_pod(stateful_set, template, ordinal, revision)
        if self._claims.are_stale(stateful_set, pod):
            return  # it can come only when its predecessor's claims are gone
        problems = self._claims.create(stateful_set, pod)
        try:
            if problems:
                raise _blocked(problems)
            self._api.create(pod)
        except AlreadyExistsError:
            raise
        except ApiError as error:
            self._tell(stateful_set, "Create", pod, error)
            raise
        self._claims.retain(stateful_set, pod)
        self._tell(stateful_set, "Create", pod)

    def _complete(self, stateful_set: Object, pod: Object) -> None:
        """Give a pod that waits for them the claims it lacks."""
        problems = self._claims.create(stateful_set, pod)
        if problems:
            raise _blocked(problems)
        self._claims.retain(stateful_set, pod)

    def _identify(self, stateful_set: Object, pod: Object) -> None:
        """Put the labels of a pod's identity back, and the owners of its claims right."""
        has_identity = statefuls.has_identity(pod, stateful_set)
        if not has_identity:
            changed = copy_of(pod)
            statefuls.identify(changed, stateful_set)
            self._api.update(changed)
        # The claims of a pending pod are right already, and nobody is told of those.
        is_changed = phase_of(pod) != "Pending" and self._claims.retain(stateful_set, pod)
        if is_changed or not has_identity:
            self._tell(stateful_set, "Update", pod)

    def _delete(self, stateful_set: Object, pod: Object) -> None:
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except NotFoundError:
            pass  # gone is gone, and told as deleted
        except ApiError as error:
            self._tell(stateful_set, "Delete", pod, error)
            raise
        self._tell(stateful_set, "Delete", pod)

    def _tell(self, stateful_set: Object, verb: str, pod: Object, error: ApiError | None = None) -> None:
        what = f"{verb} Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        if error is None:
            self._recorder.event(stateful_set, "Normal", f"Successful{verb}", f"{what} successful")
        else:
            self._recorder.event(stateful_set, "Warning", f"Failed{verb}", f"{what} failed error: {error.message}")

    def _claimed(self, stateful_set: Object) -> list[Object]:
        owned = self._pods.indexed(by_controller, uid_of(stateful_set))
        orphans = self._pods.indexed(without_controller, namespace_of(stateful_set))
        members = (pod for pod in orphans if statefuls.is_member(stateful_set, pod))
        return sorted(claim(self._api, stateful_set, "pods", owned, members), key=statefuls.ordinal_of)

    def _clean_up(self, stateful_set: Object, known: list[Object], versions: Versions, pods: list[Object]) -> None:
        live = {labels_of(pod).get(POD_LABEL) for pod in pods} | {name_of(versions.current), name_of(versions.update)}
        idle = [found for found in known if name_of(found) not in live]
        self._revisions.truncate(idle, len(idle) - stateful_set["spec"].get("revisionHistoryLimit", 10))

    def _write_status(self, stateful_set: Object, pods: list[Object], going: list[Object], versions: Versions) -> None:
        revisions = name_of(versions.current), name_of(versions.update)
        status = statefuls.status_of(stateful_set, pods, going, revisions, versions.collisions, self._clock.now())
        if status != stateful_set.get("status"):
            self._api.update({**stateful_set, "status": status}, "status")


def _blocked(problems: list[str]) -> ApiError:
    """What keeps a pod from being created, as one error; the controller tries again after a while."""
    return bad_request(aggregated(problems))
