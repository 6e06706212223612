"""Rules of Pods: new ones, and the little that may change in an existing one.

Calls ``podspec`` for the spec itself.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.strategy.pods import quality_of_service
from gitopslab.controlplane.server.validation import formats, gatedpods, gostruct, podannotations, podspec
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.containers import check_image_text
from gitopslab.controlplane.server.validation.numbers import MAX_INT32
from gitopslab.controlplane.server.validation.podclaims import check_extended_claim
from gitopslab.machinery.objects import Object, annotations_of

_ANNOTATIONS = "metadata.annotations"
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
_STATUS_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def check_pod(causes: Causes, pod: Object) -> None:
    """A new Pod."""
    _check_whole(causes, pod)
    spec = pod["spec"]
    if spec.get("ephemeralContainers"):
        causes.forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        causes.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")
    podannotations.check_agreement(causes, annotations_of(pod), spec, "spec")


def check_pod_change(causes: Causes, pod: Object, before: Object, subresource: str) -> None:
    """A change of a Pod, through itself or one of its subresources."""
    match subresource:
        case "status":
            _check_status(causes, pod, before)
        case "binding":
            return
        case "ephemeralcontainers":
            _check_whole(causes, pod)
            _check_kept_debuggers(causes, pod["spec"], before["spec"])
        case "resize":
            _check_whole(causes, pod)
            _check_resize(causes, pod, before)
        case _:
            _check_change(causes, pod, before)


def _check_whole(causes: Causes, pod: Object) -> None:
    spec = pod["spec"]
    podannotations.check_annotations(causes, annotations_of(pod), spec, _ANNOTATIONS)
    podspec.check_spec(causes, spec, "spec", is_pod=True)
    if not spec.get("serviceAccountName"):
        _check_no_tokens(causes, spec)
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            check_image_text(causes, container, f"spec.{field}[{index}]")


def _check_no_tokens(causes: Causes, spec: Object) -> None:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for place, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                path = f"spec.volumes[{index}].projected.sources[{place}].serviceAccountToken"
                causes.forbidden(path, "must not be specified when serviceAccountName is not set")


def _check_change(causes: Causes, pod: Object, before: Object) -> None:
    new, old = pod["spec"], before["spec"]
    if new is old or new == old:
        if annotations_of(pod) != annotations_of(before):
            podannotations.check_annotations(causes, annotations_of(pod), new, _ANNOTATIONS)
            podannotations.check_change(causes, annotations_of(pod), annotations_of(before), _ANNOTATIONS)
        return
    _check_whole(causes, pod)
    podannotations.check_change(causes, annotations_of(pod), annotations_of(before), _ANNOTATIONS)
    for field in ("containers", "initContainers"):
        if len(new.get(field) or ()) != len(old.get(field) or ()):
            causes.forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    if not _check_deadline(causes, new, old):
        return
    _check_tolerations(causes, new, old)
    known = {gate.get("name") for gate in old.get("schedulingGates") or ()}
    for index, gate in enumerate(new.get("schedulingGates") or ()):
        if gate.get("name") not in known:
            text = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            causes.forbidden(f"spec.schedulingGates[{index}].name", text)
    masked = _masked(causes, new, old)
    if not same(masked, old):
        difference = gostruct.difference("PodSpec", old, masked)
        causes.forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")


def _check_deadline(causes: Causes, new: Object, old: Object) -> bool:
    """The deadline may come nearer, never go away. Returns whether the rest is worth checking."""
    wished, present = new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")
    path = "spec.activeDeadlineSeconds"
    if wished is None:
        if present is not None:
            causes.invalid(path, None, "must not update from a positive integer to nil value")
        return True
    if not 0 <= wished <= MAX_INT32:
        causes.invalid(path, wished, formats.in_range(0, MAX_INT32))
        return False
    if present is not None and present < wished:
        causes.invalid(path, wished, "must be less than or equal to previous value")
        return False
    return True


def _check_tolerations(causes: Causes, new: Object, old: Object) -> None:
    wished = [_without_seconds(toleration) for toleration in new.get("tolerations") or ()]
    if any(_without_seconds(toleration) not in wished for toleration in old.get("tolerations") or ()):
        text = "existing toleration can not be modified except its tolerationSeconds"
        causes.forbidden("spec.tolerations", text)


def _without_seconds(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _masked(causes: Causes, new: Object, old: Object) -> dict[str, Any]:
    """The new spec with everything that may change put back."""
    masked = dict(new)
    for field in ("containers", "initContainers"):
        if field in masked:
            pairs = zip(new[field] or (), old.get(field) or (), strict=True)
            masked[field] = [{**item, "image": kept.get("image")} for item, kept in pairs]
    for field in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        masked[field] = old.get(field)
    if (old.get("terminationGracePeriodSeconds") or 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        masked["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if old.get("schedulingGates"):
        gatedpods.mask(causes, masked, old)
    return masked


def _check_kept_debuggers(causes: Causes, new: Object, old: Object) -> None:
    wished = {container.get("name"): container for container in new.get("ephemeralContainers") or ()}
    for container in old.get("ephemeralContainers") or ():
        name = container["name"]
        if name not in wished:
            text = f'existing ephemeral containers "{name}" may not be removed\n'
            causes.forbidden("spec.ephemeralContainers", text)
        elif not same(wished[name], container):
            difference = gostruct.difference("EphemeralContainer", container, wished[name])
            text = f'existing ephemeral containers "{name}" may not be changed\n{difference}'
            causes.forbidden("spec.ephemeralContainers", text)


def _check_resize(causes: Causes, pod: Object, before: Object) -> None:
    quality = (before.get("status") or {}).get("qosClass") or quality_of_service(before["spec"])
    if quality != quality_of_service(pod["spec"]):
        causes.invalid("spec", quality, "Pod QOS Class may not change as a result of resizing")
    statuses = (before.get("status") or {}).get("containerStatuses") or ()
    running = next((each for each in statuses if (each.get("state") or {}).get("running") is not None), None)
    if running is not None and running.get("resources") is None:  # so a kubelet shows that it is too old
        causes.forbidden("spec", "Pod running on node without support for resize")
    if _check_order(causes, pod["spec"], before["spec"]):
        _check_amounts(causes, pod["spec"], before["spec"])


def _check_order(causes: Causes, new: Object, old: Object) -> bool:
    """A resize is of the same containers in the same order. Returns whether it is."""
    found = len(causes.found)
    for field in ("containers", "initContainers"):
        wished = [container.get("name") for container in new.get(field) or ()]
        present = [container.get("name") for container in old.get(field) or ()]
        if len(wished) != len(present):
            causes.forbidden(f"spec.{field}", f"{field} may not be added or removed on resize")
            continue
        for index, (name, known) in enumerate(zip(wished, present, strict=True)):
            if name != known:
                text = f"{field} may not be renamed or reordered on resize"
                causes.forbidden(f"spec.{field}[{index}].name", text)
    return len(causes.found) == found


def _check_amounts(causes: Causes, new: Object, old: Object) -> None:
    """Only amounts of CPU and memory change, and none that is there goes away."""
    pairs = [
        (f"spec.{field}[{index}].resources", item, kept)
        for field in ("initContainers", "containers")
        for index, (item, kept) in enumerate(zip(new.get(field) or (), old.get(field) or (), strict=True))
    ]
    for path, item, kept in pairs:
        for kind in ("requests", "limits"):
            if not _amounts(kept, kind).keys() <= _amounts(item, kind).keys():
                causes.forbidden(f"{path}.{kind}", f"resource {kind} cannot be removed")
    if any(not _differs_only_in_cpu_and_memory(item, kept) for _, item, kept in pairs):
        causes.forbidden("spec", "only cpu and memory resources are mutable")


def _amounts(container: Object, kind: str) -> Object:
    return (container.get("resources") or {}).get(kind) or {}


def _differs_only_in_cpu_and_memory(container: Object, before: Object) -> bool:
    def others(item: Object) -> dict[str, Any]:
        return {
            field: {key: value for key, value in _amounts(item, field).items() if key not in ("cpu", "memory")}
            for field in ("limits", "requests")
        }

    return same(others(container), others(before))


def _check_status(causes: Causes, pod: Object, before: Object) -> None:
    status, old = pod.get("status") or {}, before.get("status") or {}
    name = status.get("nominatedNodeName") or ""
    if name and name != old.get("nominatedNodeName"):
        causes.each("status.nominatedNodeName", name, formats.problems_of_subdomain(name))
    if name and before["spec"].get("nodeName") and name != old.get("nominatedNodeName"):
        causes.forbidden("status.nominatedNodeName", "may not be set on pods that are already bound to a node")
    claims = {claim["name"] for claim in pod["spec"].get("resourceClaims") or ()}
    for index, claim in enumerate(status.get("resourceClaimStatuses") or ()):
        if claim.get("name") not in claims:
            path = f"status.resourceClaimStatuses[{index}].name"
            causes.invalid(path, claim.get("name", ""), "must match the name of an entry in `spec.resourceClaims`")
    if (extended := status.get("extendedResourceClaimStatus")) is not None:
        check_extended_claim(causes, extended, pod["spec"], "status.extendedResourceClaimStatus")
    if (status.get("qosClass") or "") != (old.get("qosClass") or ""):
        causes.invalid("status.qosClass", status.get("qosClass") or "", "field is immutable")
    for field in _STATUS_LISTS:
        _check_transitions(causes, field, status, old, before["spec"])
    for index, condition in enumerate(status.get("conditions") or ()):
        if condition.get("observedGeneration", 0) < 0:
            path = f"status.conditions[{index}].observedGeneration"
            causes.invalid(path, condition["observedGeneration"], "must be a non-negative integer")
        if (kind := condition.get("type") or "") not in _SYSTEM_CONDITIONS:
            causes.each(f"status.conditions[{index}].Type", kind, formats.problems_of_qualified_name(kind))
    addresses = status.get("hostIPs") or []
    if addresses and addresses[0].get("ip") != status.get("hostIP"):
        causes.invalid("status.hostIPs[0].ip", addresses[0].get("ip"), "must be equal to `hostIP`")
    for field in ("podIPs", "hostIPs"):
        _check_addresses(causes, status.get(field) or [], f"status.{field}")


def _check_addresses(causes: Causes, addresses: list[Object], path: str) -> None:
    """Addresses that are ones, at most one of each family."""
    texts = [address.get("ip") or "" for address in addresses]
    for index, text in enumerate(texts):
        causes.each(f"{path}[{index}]", text, formats.problems_of_ip(text))
    if len(texts) > 1 and [":" in text for text in texts] not in ([True, False], [False, True]):
        causes.invalid(path, [{"IP": text} for text in texts], "may specify no more than one IP for each IP family")


def _may_restart(container: Object) -> bool:
    """Whether a container's own policy or rules can start it again, whatever the pod's policy."""
    rules = container.get("restartPolicyRules") or ()
    return container.get("restartPolicy") in ("Always", "OnFailure") or any(
        rule.get("action") == "Restart" for rule in rules
    )


def _check_transitions(causes: Causes, field: str, status: Object, old: Object, spec: Object) -> None:
    """A container that ended for good does not come back."""
    policy = "Never" if field == "ephemeralContainerStatuses" else spec.get("restartPolicy")
    if policy == "Always":
        return
    specs = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    restartable = {item.get("name") for item in specs if _may_restart(item)}
    current = {item.get("name"): item for item in status.get(field) or ()}
    for index, container in enumerate(old.get(field) or ()):
        ended = (container.get("state") or {}).get("terminated")
        if ended is None or (policy == "OnFailure" and ended.get("exitCode")) or container.get("name") in restartable:
            continue
        new = current.get(container.get("name"))
        if new is not None and (new.get("state") or {}).get("terminated") is None:
            text = "may not be transitioned to non-terminated state"
            causes.forbidden(f"status.{field}[{index}].state", text)
