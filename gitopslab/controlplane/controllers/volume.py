"""Binds claims to volumes, and decides what becomes of a volume whose claim is gone.

The manager calls it with a claim or a volume (a request without a namespace is a volume) when one of them changed.
For a claim, in the order of its story:

1. a bound claim is checked against its volume; when that is gone the claim is Lost,
2. a claim that names a volume gets it, if nobody else has it,
3. any other claim gets the smallest volume that suits (``machinery.volumes``), unless its class waits for a pod,
4. when there is none, a provisioner is asked for one by an annotation.

Which node a waiting claim is for is the scheduler's to say; making volumes is ``provisioner``'s. A claim that waits is
looked at again every 15 seconds, whatever volumes and classes come in the meantime; a ``quick`` binder, which a
learner's cluster has, does not let it wait for those.

Upstream: ``pkg/controller/volume/persistentvolume``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    is_terminating,
    key_of,
    name_of,
    namespace_of,
    object_reference,
    uid_of,
)
from gitopslab.machinery.volumes import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    SELECTED_NODE,
    capacity,
    class_of,
    default_class,
    is_for,
    matching_volume,
    requested,
    waits_for_consumer,
)

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
PROVISIONERS = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_AGAIN = 15.0  # seconds, ``--pvclaimbinder-sync-period``
_WAITING = "waiting for first consumer to be created before binding"
_NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


def by_claim(pod: Object) -> Iterable[str]:
    """The index of pods by the claims they use, as ``namespace/claim``."""
    volumes = pod["spec"].get("volumes") or ()
    names = [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if volume.get("persistentVolumeClaim")]
    names += [f"{name_of(pod)}-{volume['name']}" for volume in volumes if volume.get("ephemeral")]
    return [f"{namespace_of(pod)}/{name}" for name in names]


def by_claim_reference(volume: Object) -> Iterable[str]:
    """The index of volumes by the claim they name, as ``namespace/claim``."""
    reference = volume["spec"].get("claimRef")
    return () if reference is None else ("/".join(_claim_key(reference)),)


def _claim_key(reference: Object) -> tuple[str, str]:
    """Namespace and name of the claim; a volume may be made for one without either, and waits for nobody then."""
    return reference.get("namespace", ""), reference.get("name", "")


def mismatch(volume: Object, claim: Object) -> str:
    """Why a volume that a claim asks for by name cannot be its; empty when it can."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if (volume["spec"].get("volumeMode") or "Filesystem") != (claim["spec"].get("volumeMode") or "Filesystem"):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


class VolumeBinder:
    """Reconciles claims and volumes.

    Args:
        api: The Api.
        manager: Gives informers.
        clock: The time.
        quick: Whether to be quicker than the real one.
    """

    name = "persistentvolume-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, *, quick: bool = False) -> None:
        self._api = api
        self._quick = quick
        self._recorder = Recorder(api, clock, self.name)
        self._claims = manager.informer(CLAIMS)
        self._volumes = manager.informer(VOLUMES)
        self._classes = manager.informer(CLASSES)
        self._pods = manager.informer("pods")
        self._clock = clock
        self._said: dict[str, tuple[str, str, float]] = {}
        self.sources: tuple[Source, ...] = (
            Source(CLAIMS, self._of_claim),
            Source(VOLUMES, self._of_volume),
            Source(CLASSES, self._of_class),
        )

    def reconcile(self, request: Request) -> Result:
        """Bring one claim, or one volume, further."""
        if request.namespace:
            claim = self._claims.get(request.name, request.namespace)
            return self._sync_claim(claim) if claim is not None else DONE
        volume = self._volumes.get(request.name)
        if volume is not None:
            self._sync_volume(volume)
        return DONE

    def _sync_claim(self, claim: Object) -> Result:
        """One that waits is looked at again every 15 seconds, and says again why it waits."""
        if BIND_COMPLETED in annotations_of(claim):
            self._check(claim)
        elif claim["spec"].get("volumeName"):
            self._take(claim, claim["spec"]["volumeName"])
        elif not is_terminating(claim):
            self._look(self._with_class(claim))
        now = self._claims.get(name_of(claim), namespace_of(claim)) or claim
        waits = BIND_COMPLETED not in annotations_of(now)
        if waits:
            self._set_claim_phase(now, "Pending")
        if (said := self._said.get(uid_of(claim))) is not None and (left := said[2] + _AGAIN - self._clock.now()) > 0:
            return Result(left)
        return Result(_AGAIN) if waits else DONE

    def _with_class(self, claim: Object) -> Object:
        """A claim that says nothing about its class gets the default one, also when that came later."""
        if claim["spec"].get("storageClassName") is not None or _CLASS_ANNOTATION in annotations_of(claim):
            return claim
        name = default_class(self._classes)
        if not name:
            return claim
        return self._api.update({**claim, "spec": {**claim["spec"], "storageClassName": name}})

    def _check(self, claim: Object) -> None:
        """See that a bound claim still has its volume."""
        name = claim["spec"].get("volumeName")
        volume = self._volumes.get(name) if name else None
        if volume is None:
            lost = "its PersistentVolume" if name else "reference to PersistentVolume"
            self._lose(claim, "ClaimLost", f"Bound claim has lost {lost}. Data on the volume is lost!")
        elif volume["spec"].get("claimRef") is None or is_for(volume, claim):
            self._bind(volume, claim)
        else:
            message = "Two claims are bound to the same volume, this one is bound incorrectly"
            self._lose(claim, "ClaimMisbound", message)

    def _lose(self, claim: Object, reason: str, message: str) -> None:
        if self._set_claim_phase(claim, "Lost"):
            self._say(claim, "Warning", reason, message)

    def _set_claim_phase(self, claim: Object, phase: str) -> bool:
        """Say how a claim is that has no volume, and whether that is new."""
        status = claim.get("status") or {}
        if status.get("phase") == phase:
            return False
        kept = {key: value for key, value in status.items() if key not in ("accessModes", "capacity")}
        self._api.update({**claim, "status": {**kept, "phase": phase}}, "status")
        return True

    def _take(self, claim: Object, name: str) -> None:
        """Bind a claim to the volume it names, or leave it waiting for it."""
        volume = self._volumes.get(name)
        if volume is None:
            return
        if volume["spec"].get("claimRef") is None:
            problem = mismatch(volume, claim)
            if problem:
                self._say(claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {problem}')
            else:
                self._bind(volume, claim)
        elif is_for(volume, claim):
            self._bind(volume, claim)
        else:
            self._say(claim, "Warning", "FailedBinding", f'volume "{name}" already bound to a different claim.')

    def _look(self, claim: Object) -> None:
        """Find a volume for a claim that names none."""
        storage_class = self._classes.get(class_of(claim))
        waits = waits_for_consumer(storage_class) and SELECTED_NODE not in annotations_of(claim)
        key = f"{namespace_of(claim)}/{name_of(claim)}"
        reserved = [found for found in self._volumes.indexed(by_claim_reference, key) if is_for(found, claim)]
        volume = matching_volume(claim, reserved if waits else self._volumes)
        if volume is not None:
            self._bind(volume, claim)
        elif waits:
            self._tell_what_it_waits_for(claim)
        elif class_of(claim):
            self._ask_for_volume(claim, storage_class)
        else:
            self._say(claim, "Normal", "FailedBinding", _NO_CLASS)

    def _tell_what_it_waits_for(self, claim: Object) -> None:
        users = self._pods.indexed(by_claim, f"{namespace_of(claim)}/{name_of(claim)}")
        names = sorted(name_of(pod) for pod in users if not is_terminating(pod) and not pod["spec"].get("nodeName"))
        if not names:
            self._say(claim, "Normal", "WaitForFirstConsumer", _WAITING)
            return
        pods = f"pod {names[0]}" if len(names) == 1 else f"pods {', '.join(names)}"
        self._say(claim, "Normal", "WaitForPodScheduled", f"waiting for {pods} to be scheduled")

    def _ask_for_volume(self, claim: Object, storage_class: Object | None) -> None:
        if storage_class is None:
            message = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
            self._say(claim, "Warning", "ProvisioningFailed", message)
            return
        provisioner = storage_class["provisioner"]
        if provisioner.startswith("kubernetes.io/"):
            message = f"no volume plugin matched name: {provisioner}"
            self._say(claim, "Warning", "ProvisioningFailed", message)
            return
        wanted = dict.fromkeys(PROVISIONERS, provisioner)
        if not wanted.items() <= annotations_of(claim).items():
            change = {"metadata": {"annotations": wanted}}
            self._api.patch(CLAIMS, name_of(claim), change, namespace_of(claim))
        self._say(
            claim,
            "Normal",
            "ExternalProvisioning",
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
            "correctly registered.",
        )

    def _bind(self, volume: Object, claim: Object) -> None:
        """Tie a volume and a claim together: first the volume, so that no second claim can take it."""
        volume = self._tie_volume(volume, claim)
        self._set_phase(volume, "Bound")
        claim = self._tie_claim(claim, volume)
        status = {
            **claim.get("status", {}),
            "phase": "Bound",
            "accessModes": volume["spec"].get("accessModes"),
            "capacity": volume["spec"].get("capacity"),
        }
        if claim.get("status", {}).get("phase") != "Bound":
            self._api.update({**claim, "status": status}, "status")
        self._said.pop(uid_of(claim), None)

    def _tie_volume(self, volume: Object, claim: Object) -> Object:
        known = volume["spec"].get("claimRef") or {}
        if known.get("uid") == uid_of(claim):
            return volume
        metadata = volume["metadata"]
        if not known:
            metadata = {**metadata, "annotations": {**annotations_of(volume), BOUND_BY_CONTROLLER: "yes"}}
        spec = {**volume["spec"], "claimRef": object_reference(claim)}
        return self._api.update({**volume, "metadata": metadata, "spec": spec})

    def _tie_claim(self, claim: Object, volume: Object) -> Object:
        annotations = {**annotations_of(claim), BIND_COMPLETED: "yes"}
        if not claim["spec"].get("volumeName"):
            annotations[BOUND_BY_CONTROLLER] = "yes"
        spec = {**claim["spec"], "volumeName": name_of(volume)}
        if annotations == annotations_of(claim) and spec == claim["spec"]:
            return claim
        return self._api.update({**claim, "metadata": {**claim["metadata"], "annotations": annotations}, "spec": spec})

    def _sync_volume(self, volume: Object) -> None:
        reference = volume["spec"].get("claimRef")
        if reference is None or not reference.get("uid"):
            self._set_phase(volume, "Available")
            return
        namespace, name = _claim_key(reference)
        claim = self._claims.get(name, namespace)
        if claim is None or uid_of(claim) != reference["uid"]:
            self._release(volume)
        elif claim["spec"].get("volumeName") == name_of(volume):
            self._set_phase(volume, "Bound")
        elif claim["spec"].get("volumeName"):
            self._untie(volume)

    def _untie(self, volume: Object) -> None:
        """Give a volume back whose claim chose another one."""
        if PROVISIONED_BY in annotations_of(volume) and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            self._release(volume)
        elif BOUND_BY_CONTROLLER in annotations_of(volume):
            spec = {key: value for key, value in volume["spec"].items() if key != "claimRef"}
            annotations = {key: value for key, value in annotations_of(volume).items() if key != BOUND_BY_CONTROLLER}
            metadata = {**volume["metadata"], "annotations": annotations}
            self._set_phase(self._api.update({**volume, "metadata": metadata, "spec": spec}), "Available")

    def _release(self, volume: Object) -> None:
        """The claim is gone: keep the volume for its administrator, or delete it, as its reclaim policy says."""
        if volume.get("status", {}).get("phase") != "Failed":
            volume = self._set_phase(volume, "Released")
        policy = volume["spec"].get("persistentVolumeReclaimPolicy", "Retain")
        if policy == "Delete" and PROVISIONED_BY not in annotations_of(volume):
            self._delete(volume)

    def _delete(self, volume: Object) -> None:
        """Delete a volume that nobody provisioned.

        Simplified: only paths below ``/tmp`` can be deleted, and for them no file is: nodes are simulated. The real one
        deletes by the plugin of each kind of volume, and recycles volumes whose policy says so.
        """
        path = (volume["spec"].get("hostPath") or {}).get("path", "")
        if path.startswith("/tmp/"):
            try:
                self._api.delete(VOLUMES, name_of(volume), uid=uid_of(volume))
            except NotFoundError:
                return
            return
        message = f"host_path deleter only supports /tmp/.+ but received provided {path}"
        if volume.get("status", {}).get("message") != message:
            status = {**volume.get("status", {}), "phase": "Failed", "message": message}
            self._api.update({**volume, "status": status}, "status")
            self._recorder.event(volume, "Warning", "VolumeFailedDelete", message)

    def _set_phase(self, volume: Object, phase: str) -> Object:
        if volume.get("status", {}).get("phase") == phase:
            return volume
        return self._api.update({**volume, "status": {**volume.get("status", {}), "phase": phase}}, "status")

    def _say(self, claim: Object, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Say why a claim waits: when that changes, and every 15 seconds."""
        said, now = self._said.get(uid_of(claim)), self._clock.now()
        if said is None or said[:2] != (reason, message) or now >= said[2] + _AGAIN:
            self._said[uid_of(claim)] = (reason, message, now)
            self._recorder.event(claim, kind, reason, message)

    def _of_claim(self, event: WatchEvent) -> Iterable[Request]:
        """A claim, and the volumes that name it: they may have to be released."""
        claim = event.object
        if event.type == "DELETED":
            self._said.pop(uid_of(claim), None)
        named = self._volumes.indexed(by_claim_reference, f"{namespace_of(claim)}/{name_of(claim)}")
        return [Request(*key_of(claim)), *(Request("", name_of(volume)) for volume in named)]

    def _of_volume(self, event: WatchEvent) -> Iterable[Request]:
        """A volume, and the claims that could have it: its own, or all that wait while it is free."""
        volume = event.object
        reference = volume["spec"].get("claimRef")
        own = Request("", name_of(volume))
        if reference is not None and (self._quick or reference.get("uid") or event.type == "DELETED"):
            return (own, Request(*_claim_key(reference)))
        if reference is not None or not self._quick:
            return (own,)
        waiting = (claim for claim in self._claims if BIND_COMPLETED not in annotations_of(claim))
        return (own, *(Request(*key_of(claim)) for claim in waiting))

    def _of_class(self, event: WatchEvent) -> Iterable[Request]:
        """The claims that wait for a class, or for any."""
        if not self._quick:
            return ()
        waiting = (claim for claim in self._claims if BIND_COMPLETED not in annotations_of(claim))
        name = name_of(event.object)
        return [
            Request(*key_of(claim))
            for claim in waiting
            if class_of(claim) == name or claim["spec"].get("storageClassName") is None
        ]
