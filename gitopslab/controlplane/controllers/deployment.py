"""Rolls a Deployment's pod template out by ReplicaSets.

The manager calls it when a Deployment or one of its ReplicaSets changed. In the order of its story:

1. claim the ReplicaSets that the selector names, and find the one with the present template (``rollout.told_apart``),
2. create it when it is missing, unless the Deployment is paused,
3. take one step of the rollout: a change of size, a step of the rolling update, or of Recreate (``rollout``),
4. delete what is beyond the revision history,
5. write revision, counts and conditions (``progress``), once and last.

Each change of a ReplicaSet wakes it again, so a rollout is many small reconciles, each from what is there. It leaves
pods to the ReplicaSet controller, and rollbacks to clients: ``kubectl rollout undo`` writes an old template back.

Upstream: ``pkg/controller/deployment``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.adoption import claim, owners_of_kind, without_controller
from gitopslab.controlplane.controllers.conditions import put
from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.controllers.podstate import is_terminal
from gitopslab.controlplane.controllers.progress import (
    deployment_condition,
    has_deadline,
    is_complete,
    next_check,
    pause_condition,
    status_of,
    with_progress,
)
from gitopslab.controlplane.controllers.replicaset import replicas_of
from gitopslab.controlplane.controllers.rollout import (
    HASH_LABEL,
    REVISION,
    Rollout,
    Scaling,
    active,
    counted,
    is_rolling,
    is_scaling,
    is_shared_out,
    labelled,
    new_annotations,
    next_revision,
    outdated,
    replica_annotations,
    rescaling,
    same_template,
    shrinking,
    size_of_new,
    told_apart,
)
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    condition_of,
    controller_of,
    controller_reference,
    copy_of,
    is_controlled_by,
    is_terminating,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.template_hash import template_hash

_RESOURCE = "replicasets.apps"


class DeploymentController:
    """Reconciles Deployments."""

    name = "deployment-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._deployments = manager.informer("deployments.apps")
        self._replica_sets = manager.informer(_RESOURCE)
        self._pods = manager.informer("pods")
        self.sources: tuple[Source, ...] = (
            Source("deployments.apps"),
            Source(_RESOURCE, owners_of_kind("Deployment", self._deployments), previous=True),
            Source("pods", self._waiting_for),
        )

    def reconcile(self, request: Request) -> Result:
        """Take the next step of a rollout and report it."""
        found = self._deployments.get(request.name, request.namespace)
        if found is None:
            return DONE
        deployment: Object = copy_of(found)
        if deployment["spec"].get("selector") == {}:
            return self._refuse(found, deployment)
        rollout = told_apart(deployment, self._claimed(deployment))
        status = self._step(rollout)
        self._write(found, deployment, status)
        return Result(next_check(deployment, status, self._clock.now()))

    def _step(self, rollout: Rollout) -> Object:
        """Do what is next and return the status that results."""
        deployment, now = rollout.deployment, self._clock.now()
        self._sync_revision(rollout)
        if is_terminating(deployment):
            return status_of(rollout, now)
        pause = pause_condition(deployment, now)
        if pause is not None:
            self._note(deployment, pause)
        if deployment["spec"].get("paused") or is_scaling(rollout):
            self._scale_all(rollout, rescaling(rollout), remember=is_shared_out(rollout))
            if deployment["spec"].get("paused"):
                self._clean_up(rollout)
            return status_of(rollout, now)
        if is_rolling(deployment):
            self._roll(rollout)
        else:
            self._recreate(rollout)
        return with_progress(rollout, status_of(rollout, now), now)

    def _roll(self, rollout: Rollout) -> None:
        """RollingUpdate: first up, then down, and never both in one step."""
        new = self._new(rollout)
        size = size_of_new(rollout, replicas_of(new))
        if self._scale_all(rollout, [(new, size)]):
            return
        if not self._scale_all(rollout, shrinking(rollout)):
            self._clean_up_when_complete(rollout)

    def _recreate(self, rollout: Rollout) -> None:
        """Recreate: all old pods must be gone before the first new one starts."""
        if self._scale_all(rollout, [(old, 0) for old in active(rollout.olds)]) or self._has_old_pods(rollout):
            return
        new = self._new(rollout)
        self._scale_all(rollout, [(new, replicas_of(rollout.deployment))])
        self._clean_up_when_complete(rollout)

    def _has_old_pods(self, rollout: Rollout) -> bool:
        if counted(rollout.olds, "replicas"):
            return True
        pods = (pod for old in rollout.olds for pod in self._pods.indexed(by_controller, uid_of(old)))
        return any(not is_terminal(pod) for pod in pods)

    def _sync_revision(self, rollout: Rollout) -> None:
        """Bring an existing new ReplicaSet's annotations and the Deployment's revision up to date."""
        new, deployment = rollout.new, rollout.deployment
        if new is None:
            return
        annotations = new_annotations(rollout, annotations_of(new))
        min_ready = deployment["spec"].get("minReadySeconds", 0)
        if annotations != annotations_of(new) or min_ready != new["spec"].get("minReadySeconds", 0):
            metadata, spec = {**new["metadata"], "annotations": annotations}, dict(new["spec"])
            spec.pop("minReadySeconds", None)
            spec.update({"minReadySeconds": min_ready} if min_ready else {})
            rollout.new = self._api.update({**new, "metadata": metadata, "spec": spec})
        self._set_revision(deployment, annotations[REVISION])
        if has_deadline(deployment) and condition_of(deployment, "Progressing") is None:
            self._note_progress(deployment, "FoundNewReplicaSet", f'Found new replica set "{name_of(new)}"')

    def _new(self, rollout: Rollout) -> Object:
        """The new ReplicaSet, created when there is none yet."""
        if rollout.new is not None:
            return rollout.new
        deployment = rollout.deployment
        wanted = self._described(rollout)
        try:
            created = self._api.create(wanted)
        except AlreadyExistsError as error:
            created = self._existing(deployment, wanted, error)
        except ApiError as error:
            self._report(deployment, wanted, error)
            raise
        else:
            self._announce(deployment, created)
        rollout.new = created
        self._set_revision(deployment, str(next_revision(rollout)))
        return created

    def _described(self, rollout: Rollout) -> Object:
        deployment = rollout.deployment
        spec = deployment["spec"]
        hashed = template_hash(spec["template"], deployment.get("status", {}).get("collisionCount") or 0)
        template = labelled(spec["template"], hashed)
        selector = copy_of(spec["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: hashed}
        annotations = {**new_annotations(rollout, {}), **replica_annotations(deployment)}
        min_ready = spec.get("minReadySeconds", 0)
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{name_of(deployment)}-{hashed}",
                "namespace": namespace_of(deployment),
                "labels": dict(template["metadata"]["labels"]),
                "annotations": annotations,
                "ownerReferences": [controller_reference(deployment)],
            },
            "spec": {
                "replicas": size_of_new(rollout, 0),
                **({"minReadySeconds": min_ready} if min_ready else {}),
                "selector": selector,
                "template": template,
            },
        }

    def _existing(self, deployment: Object, wanted: Object, error: ApiError) -> Object:
        """The ReplicaSet that has the wanted name already; when it is another's, count a collision and hash anew."""
        taken = self._replica_sets.get(name_of(wanted), namespace_of(wanted))
        if taken is None:
            raise error
        if is_controlled_by(taken, deployment) and same_template(taken, deployment["spec"]["template"]):
            return taken
        status = deployment.setdefault("status", {})
        status["collisionCount"] = (status.get("collisionCount") or 0) + 1
        self._api.update(deployment, "status")
        raise error

    def _announce(self, deployment: Object, created: Object) -> None:
        name, size = name_of(created), replicas_of(created)
        if size:
            message = f"Scaled up replica set {name} from 0 to {size}"
            self._recorder.event(deployment, "Normal", "ScalingReplicaSet", message)
        if has_deadline(deployment):
            self._note_progress(deployment, "NewReplicaSetCreated", f'Created new replica set "{name}"')

    def _report(self, deployment: Object, wanted: Object, error: ApiError) -> None:
        if is_namespace_terminating(error):
            return
        message = f'Failed to create new replica set "{name_of(wanted)}": {error.message}'
        if has_deadline(deployment):
            now = self._clock.now()
            self._note(deployment, deployment_condition("Progressing", "False", "ReplicaSetCreateError", message, now))
            self._api.update(deployment, "status")
        self._recorder.event(deployment, "Warning", "ReplicaSetCreateError", message)

    def _scale_all(self, rollout: Rollout, scalings: list[Scaling], *, remember: bool = False) -> bool:
        """Give ReplicaSets new sizes, one after the other; whether any changed its size.

        ``remember`` has those too that keep their size note the one their Deployment has now.
        """
        return any([self._scale(rollout, uid_of(found), size, remember) for found, size in scalings])

    def _scale(self, rollout: Rollout, uid: str, size: int, remember: bool) -> bool:
        # Looked up again, since an earlier step of this reconcile may have written the same ReplicaSet.
        replica_set = next(found for found in rollout.sets if uid_of(found) == uid)
        before = replicas_of(replica_set)
        annotations = annotations_of(replica_set)
        remembered = {**annotations, **replica_annotations(rollout.deployment)}
        if size == before and (not remember or remembered == annotations):
            return False
        metadata, spec = (
            {**replica_set["metadata"], "annotations": remembered},
            {**replica_set["spec"], "replicas": size},
        )
        self._replace(rollout, self._api.update({**replica_set, "metadata": metadata, "spec": spec}))
        if size == before:
            return False
        direction = "up" if size > before else "down"
        message = f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {size}"
        self._recorder.event(rollout.deployment, "Normal", "ScalingReplicaSet", message)
        return True

    @staticmethod
    def _replace(rollout: Rollout, changed: Object) -> None:
        if rollout.new is not None and uid_of(rollout.new) == uid_of(changed):
            rollout.new = changed
        rollout.olds = [changed if uid_of(old) == uid_of(changed) else old for old in rollout.olds]

    def _clean_up_when_complete(self, rollout: Rollout) -> None:
        if is_complete(rollout.deployment, rollout.deployment.get("status", {})):
            self._clean_up(rollout)

    def _clean_up(self, rollout: Rollout) -> None:
        for old in outdated(rollout):
            try:
                self._api.delete(_RESOURCE, name_of(old), namespace_of(old))
            except NotFoundError:
                continue

    def _claimed(self, deployment: Object) -> list[Object]:
        owned = self._replica_sets.indexed(by_controller, uid_of(deployment))
        orphans = self._replica_sets.indexed(without_controller, namespace_of(deployment))
        return claim(self._api, deployment, _RESOURCE, owned, orphans)

    def _refuse(self, found: Object, deployment: Object) -> Result:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self._recorder.event(deployment, "Warning", "SelectingAll", message)
        observed = {"observedGeneration": deployment["metadata"].get("generation", 0)}
        self._write(found, deployment, {**deployment.get("status", {}), **observed})
        return DONE

    def _write(self, found: Object, deployment: Object, status: Object) -> None:
        """Store revision and status when they changed; the status subresource of Deployments takes annotations too."""
        if status != found.get("status") or annotations_of(deployment) != annotations_of(found):
            self._api.update({**deployment, "status": status}, "status")

    @staticmethod
    def _set_revision(deployment: Object, revision: str) -> None:
        metadata = deployment["metadata"]
        metadata["annotations"] = {**(metadata.get("annotations") or {}), REVISION: revision}

    def _note_progress(self, deployment: Object, reason: str, message: str) -> None:
        self._note(deployment, deployment_condition("Progressing", "True", reason, message, self._clock.now()))

    @staticmethod
    def _note(deployment: Object, condition: Object) -> None:
        status = deployment.setdefault("status", {})
        status["conditions"] = put(status.get("conditions") or [], condition)

    def _waiting_for(self, event: WatchEvent) -> Iterable[Request]:
        """The Deployment that a pod's end concerns: one with strategy Recreate, which waits for its last old pod."""
        owner = controller_of(event.object) if event.type == "DELETED" else None
        if owner is None or owner.get("kind") != "ReplicaSet":
            return ()
        replica_set = self._replica_sets.get(owner["name"], namespace_of(event.object))
        deployment = controller_of(replica_set) if replica_set is not None else None
        return (Request(namespace_of(event.object), deployment["name"]),) if deployment is not None else ()
