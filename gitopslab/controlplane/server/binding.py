"""The binding of a pod to a node (``registry/core/pod/storage.BindingREST``).

Called by ``subresources``. The pod is changed through ``verbs``, so it passes the same admission, validation and
ownership as any write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitopslab.controlplane.server.options import Caller, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.errors import conflict, unclassified
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, find_condition, is_terminating, name_of

if TYPE_CHECKING:
    from gitopslab.controlplane.server.verbs import Verbs

_TARGETS = ("", "Node")  # what a pod may be bound to


def bind(
    verbs: Verbs, who: Caller, resource: Resource, namespace: str, name: str, binding: Object, options: WriteOptions
) -> Record:
    """Put a pod on a node: once, and never a pod that is being deleted.

    Args:
        verbs: Where the pod is.
        who: Binds it.
        resource: Of pods.
        namespace: Of the pod.
        name: Of the pod.
        binding: The Binding made of what was posted.
        options: Of the request.
    """
    target = binding.get("target") or {}
    node, kind = target.get("name") or "", target.get("kind") or ""
    faults = [f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"'] * (kind not in _TARGETS)
    faults += ["target.name: Required value"] * (not node)
    if faults:
        raise unclassified(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    pod = verbs.get(who, resource, namespace, name).copy()
    _check_bindable(resource, pod, node)
    pod["spec"]["nodeName"] = node
    for field in ("annotations", "labels"):
        if given := binding["metadata"].get(field):
            pod["metadata"].setdefault(field, {}).update(given)
    _set_scheduled(pod, timestamp(verbs.clock.now()))
    inner = replace(options, is_inner=True)
    verbs.update(who, resource, namespace, name, pod, inner, subresource="binding")
    return Record.of({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})


def _check_bindable(resource: Resource, pod: Object, node: str) -> None:
    name = name_of(pod)
    if is_terminating(pod):
        raise conflict("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        raise conflict("pods/binding", name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
    if pod["spec"].get("schedulingGates"):
        raise conflict("pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates")


def _set_scheduled(pod: Object, now: str) -> None:
    status = pod.setdefault("status", {})
    status.pop("nominatedNodeName", None)  # done with (ClearingNominatedNodeNameAfterBinding, on since 1.35)
    conditions = status.setdefault("conditions", [])
    scheduled = {
        "type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now,
        "observedGeneration": pod["metadata"].get("generation", 1),
    }  # fmt: skip
    old = find_condition(conditions, "PodScheduled")
    if old is None:
        conditions.append(scheduled)
    else:
        conditions[conditions.index(old)] = scheduled
