"""Which node a pod runs on, and why one has none."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import condition_of, created_of
from gitopslab.views.reasons import sentence_of
from gitopslab.views.relations.inventory import Edge, Inventory, Missing, Ref


def links(inventory: Inventory) -> Iterator[Edge | Missing]:
    """The relation ``scheduled``."""
    for ref, pod in inventory.items("Pod"):
        node = Ref("Node", pod.get("spec", {}).get("nodeName") or "")
        scheduled = condition_of(pod, "PodScheduled") or {}
        if node in inventory:
            when = scheduled.get("lastTransitionTime")
            yield Edge("scheduled", ref, node, "", seconds_of(when) if when else created_of(pod))
        elif node.name:
            yield Missing("scheduled", ref, node, f"its node {node.name} is gone")
        else:
            is_broken = scheduled.get("reason") == "Unschedulable"
            yield Missing("scheduled", ref, node, sentence_of(pod).rstrip("."), is_broken)
