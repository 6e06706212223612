"""Keeps as many pods as a ReplicationController asks for: what there was before ReplicaSets, and works as they do.

Upstream: ``pkg/controller/replication``, which runs the ReplicaSet controller over converted objects too.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers.replicaset import ReplicaSetController


class ReplicationManager(ReplicaSetController):
    """Reconciles ReplicationControllers."""

    name = "replication-controller"
    kind = "ReplicationController"
    resource = "replicationcontrollers"
