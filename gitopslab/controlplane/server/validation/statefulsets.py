"""Rules of StatefulSet."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, podspec
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.claims import check_claim_spec
from gitopslab.controlplane.server.validation.metadata import check_annotations, check_labels, selects
from gitopslab.controlplane.server.validation.numbers import check_count_or_percent, check_not_negative
from gitopslab.controlplane.server.validation.workloads import (
    MISMATCH,
    check_always_on,
    check_bounds,
    check_collisions,
    check_required_selector,
    template_labels,
)
from gitopslab.machinery.objects import Object

_CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def check_stateful_set(causes: Causes, stateful_set: Object) -> None:
    """A new StatefulSet."""
    _check_spec(causes, stateful_set["spec"])


def check_stateful_set_change(causes: Causes, stateful_set: Object, before: Object, subresource: str) -> None:
    """Little may change, since pods and claims already have their names."""
    if subresource == "status":
        status = stateful_set.get("status") or {}
        counts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        check_not_negative(causes, status, "status", "replicas", *counts, "observedGeneration", "collisionCount")
        check_bounds(causes, status, *counts)
        check_collisions(causes, status, before.get("status") or {})
        return
    was = Causes()
    _check_spec(was, before["spec"], is_new=False)
    _check_spec(causes, stateful_set["spec"], is_new=False, with_template=not was)
    masked = {**stateful_set["spec"], **{field: before["spec"].get(field) for field in _CHANGEABLE}}
    if not same(masked, before["spec"]):
        causes.forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        )


def _check_spec(causes: Causes, spec: Object, *, is_new: bool = True, with_template: bool = True) -> None:
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        causes.invalid("spec.podManagementPolicy", policy or "", "must be 'OrderedReady' or 'Parallel'")
    _check_strategy(causes, spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for field in ("whenDeleted", "whenScaled"):
        if retention.get(field) not in ("Retain", "Delete"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
            causes.unsupported(path, retention.get(field, ""), ("Retain", "Delete"))
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or () if is_new else ()):
        check_claim_spec(causes, claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    check_not_negative(causes, spec, "spec", "replicas", "minReadySeconds")
    check_not_negative(causes, spec.get("ordinals") or {}, "spec.ordinals", "start")
    service = spec.get("serviceName")
    if is_new and service:
        causes.each("spec.serviceName", service, formats.problems_of_label(service))
    if check_required_selector(causes, spec, "empty selector is invalid for statefulset", unreadable=""):
        _check_template(causes, spec, whole=with_template)
    check_always_on(causes, spec, "StatefulSet")


def _check_template(causes: Causes, spec: Object, *, whole: bool) -> None:
    """The template as pods will have it: with a volume for each claim, and with names that are not the template's."""
    if not selects(spec.get("selector"), template_labels(spec)):
        causes.invalid("spec.template.metadata.labels", template_labels(spec), MISMATCH)
    template = spec.get("template") or {}
    metadata, pod = template.get("metadata") or {}, dict(template.get("spec") or {})
    claims = [claim.get("metadata", {}).get("name", "") for claim in spec.get("volumeClaimTemplates") or ()]
    own = [volume for volume in pod.get("volumes") or () if volume.get("name") not in claims]
    pod["volumes"] = [*({"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims), *own]
    for field in ("hostname", "subdomain"):
        pod.pop(field, None)
    if whole:
        podspec.check_template(causes, {**template, "spec": pod}, "spec.template")
    check_labels(causes, metadata.get("labels"), "spec.template.labels")
    check_annotations(causes, metadata.get("annotations"), "spec.template.annotations")


def _check_strategy(causes: Causes, strategy: Object, path: str) -> None:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    shown = rolling and {"Partition": rolling.get("partition", 0), "MaxUnavailable": rolling.get("maxUnavailable")}
    if kind == "OnDelete":
        if rolling is not None:
            causes.invalid(f"{path}.rollingUpdate", shown, "only allowed for updateStrategy 'RollingUpdate'")
    elif kind == "RollingUpdate":
        check_not_negative(causes, rolling or {}, f"{path}.rollingUpdate", "partition")
        check_count_or_percent(causes, (rolling or {}).get("maxUnavailable"), f"{path}.rollingUpdate.maxUnavailable")
    else:
        whole = {"Type": kind, "RollingUpdate": shown or None}
        causes.invalid(path, whole, "must be 'RollingUpdate' or 'OnDelete'")
