"""Defaults of Deployment, ReplicaSet, ReplicationController, StatefulSet and DaemonSet."""

from __future__ import annotations

from gitopslab.controlplane.server.defaults.pod import set_template
from gitopslab.controlplane.server.defaults.storage import set_claim
from gitopslab.machinery.objects import Object

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation of a DaemonSet that counts the changes of its template."""


def set_deployment(deployment: Object) -> None:
    """One replica, rolling out a quarter at a time, ten old revisions kept, ten minutes to make progress."""
    spec = deployment.setdefault("spec", {})
    set_template(spec.setdefault("template", {}))
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    deployment.setdefault("status", {})


def set_replica_set(replica_set: Object) -> None:
    """One replica."""
    spec = replica_set.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    if "template" in spec:
        set_template(spec["template"])
    replica_set.setdefault("status", {}).setdefault("replicas", 0)


def set_replication_controller(controller: Object) -> None:
    """One replica; selector and labels are those of the template."""
    spec = controller.setdefault("spec", {})
    template = spec.get("template")
    labels = ((template or {}).get("metadata") or {}).get("labels")
    if labels:
        spec["selector"] = spec.get("selector") or dict(labels)
        metadata = controller.setdefault("metadata", {})
        metadata["labels"] = metadata.get("labels") or dict(labels)
    set_replica_set(controller)


def set_stateful_set(stateful_set: Object) -> None:
    """Ordered pods, rolling updates, claims that outlive them."""
    spec = stateful_set.setdefault("spec", {})
    set_template(spec.setdefault("template", {}))
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    _set_stateful_update(spec.setdefault("updateStrategy", {}))
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for field in ("whenDeleted", "whenScaled"):
        if not retention.get(field):
            retention[field] = "Retain"
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")
        set_claim(claim)
    status = stateful_set.setdefault("status", {})
    status.setdefault("replicas", 0)
    status.setdefault("availableReplicas", 0)


def _set_stateful_update(strategy: Object) -> None:
    """A partition of 0, unless the type is given and nothing else: that stays as it is, unlike in other kinds."""
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        strategy["rollingUpdate"].setdefault("partition", 0)


def set_daemon_set(daemon_set: Object) -> None:
    """Rolling updates, one node at a time."""
    spec = daemon_set.setdefault("spec", {})
    set_template(spec.setdefault("template", {}))
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)
    # Where the count of templates is kept since it has no field of its own: whoever writes a DaemonSet writes it too.
    metadata = daemon_set.setdefault("metadata", {})
    metadata["annotations"] = {TEMPLATE_GENERATION: "0"} | (metadata.get("annotations") or {})
    status = daemon_set.setdefault("status", {})
    for field in ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"):
        status.setdefault(field, 0)
