"""Keeps the numbered pods of a StatefulSet and their claims.

The manager calls it when a StatefulSet, one of its pods or claims changed. It keeps the template's history, takes the
step that ``statefuls`` names, and writes the counts. A pod's claims are created before it and outlive it; binding
them to volumes is ``volume``'s, placing the pod the scheduler's.

Upstream: ``pkg/controller/statefulset``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from gitopslab.controlplane.controllers import statefuls
from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.history import POD_LABEL, Revisions, Wanted, template_data
from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.controllers.podstate import next_availability, phase_of
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    copy_of,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from gitopslab.machinery.template_hash import data_hash

_HASH_LABEL = "controller.kubernetes.io/hash"
_CLAIMS = "persistentvolumeclaims"


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
        self._claims = manager.informer(_CLAIMS)
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
        failure = None if is_terminating(stateful_set) else self._take_step(stateful_set, pods, versions)
        self._write_status(stateful_set, pods, versions)
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

    def _take_step(self, stateful_set: Object, pods: list[Object], versions: Versions) -> ApiError | None:
        step = statefuls.next_step(stateful_set, pods, name_of(versions.update), self._clock.now())
        try:
            for pod in step.complete:
                self._complete(stateful_set, pod)
            for ordinal in step.create:
                self._create(stateful_set, ordinal, versions)
            for pod in step.delete:
                self._delete(stateful_set, pod, is_ended=pod in step.recreate)
            self._retain(stateful_set, pods)
        except ApiError as error:
            return error
        return None

    def _create(self, stateful_set: Object, ordinal: int, versions: Versions) -> None:
        template, revision = versions.for_ordinal(stateful_set, ordinal)
        pod = statefuls.stateful_pod(stateful_set, template, ordinal, revision)
        self._create_claims(stateful_set, pod)
        try:
            self._api.create(pod)
        except AlreadyExistsError:
            return
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._tell(stateful_set, "Create", f"Pod {name_of(pod)}", error)
                raise
        else:
            self._tell(stateful_set, "Create", f"Pod {name_of(pod)}")

    def _create_claims(self, stateful_set: Object, pod: Object) -> None:
        for wanted in statefuls.claims_of(stateful_set, statefuls.ordinal_of(pod)):
            if self._claims.get(name_of(wanted), namespace_of(wanted)) is not None:
                continue
            # A pod that is still to be created is not scaled away, so its claims can only be the StatefulSet's.
            owners = statefuls.claim_owners(wanted, stateful_set, pod)
            if owners:
                wanted["metadata"]["ownerReferences"] = owners
            try:
                self._api.create(wanted)
            except ApiError as error:
                subject = f"Claim {name_of(wanted)} for Pod {name_of(pod)}"
                self._tell(stateful_set, "Create", subject, error)
                raise
            message = (
                f"Create Claim {name_of(wanted)} Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)} success"
            )
            self._recorder.event(stateful_set, "Normal", "SuccessfulCreate", message)

    def _complete(self, stateful_set: Object, pod: Object) -> None:
        """Give a pod what it lacks: claims while it waits for them, and the labels of its identity."""
        if phase_of(pod) == "Pending" and not is_terminating(pod):
            self._create_claims(stateful_set, pod)
        if not statefuls.has_identity(pod, stateful_set):
            changed = copy_of(pod)
            statefuls.identify(changed, stateful_set)
            self._api.update(changed)
            self._tell(stateful_set, "Update", f"Pod {name_of(pod)}")

    def _delete(self, stateful_set: Object, pod: Object, *, is_ended: bool) -> None:
        if is_ended:
            self._announce_recreation(stateful_set, pod)
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except NotFoundError:
            return
        except ApiError as error:
            self._tell(stateful_set, "Delete", f"Pod {name_of(pod)}", error)
            raise
        self._tell(stateful_set, "Delete", f"Pod {name_of(pod)}")

    def _announce_recreation(self, stateful_set: Object, pod: Object) -> None:
        whole = f"{namespace_of(stateful_set)}/{name_of(stateful_set)}"
        if phase_of(pod) == "Failed":
            message = f"StatefulSet {whole} is recreating failed Pod {name_of(pod)}"
            self._recorder.event(stateful_set, "Warning", "RecreatingFailedPod", message)
        else:
            message = f"StatefulSet {whole} is recreating terminated Pod {name_of(pod)}"
            self._recorder.event(stateful_set, "Normal", "RecreatingTerminatedPod", message)

    def _retain(self, stateful_set: Object, pods: list[Object]) -> None:
        """Bring the owners of claims in line with the retention policy."""
        for pod in pods:
            for wanted in statefuls.claims_of(stateful_set, statefuls.ordinal_of(pod)):
                found = self._claims.get(name_of(wanted), namespace_of(wanted))
                if found is None:
                    continue
                owners = statefuls.claim_owners(found, stateful_set, pod)
                if owners != owners_of(found):
                    change = {"metadata": {"ownerReferences": owners or None}}
                    self._api.patch(_CLAIMS, name_of(found), change, namespace_of(found))

    def _tell(self, stateful_set: Object, verb: str, subject: str, error: ApiError | None = None) -> None:
        what = f"{verb} {subject} in StatefulSet {name_of(stateful_set)}"
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

    def _write_status(self, stateful_set: Object, pods: list[Object], versions: Versions) -> None:
        current, update = name_of(versions.current), name_of(versions.update)
        status = statefuls.status_of(stateful_set, pods, current, update, versions.collisions, self._clock.now())
        if status != stateful_set.get("status"):
            self._api.update({**stateful_set, "status": status}, "status")
