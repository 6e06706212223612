"""Creates pods from a template and deletes them, with the events the workload's owner shows for it.

Upstream: ``controller.RealPodControl``. Called by the controllers that own pods; how many pods there should be, and
which of them should go, is theirs to decide.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.objects import Object, controller_reference, copy_of, name_of, namespace_of, uid_of

_LONGEST_PREFIX = 253  # a DNS subdomain; a longer generateName is cut by the API server


def is_namespace_terminating(error: ApiError) -> bool:
    """Whether a create failed only because its namespace is going away, so that trying again is pointless."""
    causes = error.details.get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def pod_from_template(template: Object, owner: Object) -> Object:
    """A pod as its owner's template describes it, controlled by the owner and with a name yet to be generated."""
    given = template.get("metadata") or {}
    metadata: Object = {
        "generateName": f"{name_of(owner)}-"[:_LONGEST_PREFIX],
        "namespace": namespace_of(owner),
        "ownerReferences": [controller_reference(owner)],
    }
    for key in ("labels", "annotations", "finalizers"):
        if given.get(key):
            metadata[key] = copy_of(given[key])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy_of(template.get("spec") or {})}


class PodControl:
    """Pods on behalf of an owner.

    Args:
        api: Where pods are created and deleted.
        recorder: Speaks for the controller.
    """

    def __init__(self, api: Api, recorder: Recorder) -> None:
        self._api = api
        self._recorder = recorder

    def create(self, pod: Object, owner: Object) -> Object | None:
        """Create a pod and say so on its owner; None when the namespace is going away.

        Raises:
            ApiError: The pod was refused; the owner's ``FailedCreate`` event says why.
        """
        try:
            created = self._api.create(pod)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None
            self._recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(created)}")
        return created

    def delete(self, pod: Object, owner: Object) -> None:
        """Delete a pod and say so on its owner; one that is gone already is fine.

        Raises:
            ApiError: The pod could not be deleted; the owner's ``FailedDelete`` event says why.
        """
        try:
            self._api.delete("pods", name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except NotFoundError:
            return
        except ApiError as error:
            self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
