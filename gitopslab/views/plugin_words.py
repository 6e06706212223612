"""What each plugin of the scheduler asks, in words for people who meet it for the first time.

Read by ``decision`` and its drawings. The names stay Kubernetes' own, because learners meet them again.
"""

from __future__ import annotations

FILTERS = {
    "SchedulingGates": "Are all scheduling gates of the pod gone?",
    "NodeUnschedulable": "Is the node open for new pods, not cordoned?",
    "NodeName": "Is it the node that the pod names?",
    "TaintToleration": "Does the pod tolerate the node's taints?",
    "NodeAffinity": "Does the node match the pod's node selector and node affinity?",
    "NodePorts": "Are the node ports that the pod wants free?",
    "NodeResourcesFit": "Is enough CPU, memory and everything else left that the pod asks for?",
    "VolumeRestrictions": "Is every volume free that serves one pod at a time?",
    "NodeVolumeLimits": "Can the node attach the pod's volumes too?",
    "VolumeBinding": "Can the pod's volumes be used, found or made here?",
    "VolumeZone": "Is the node in the zone of the pod's volumes?",
    "PodTopologySpread": "Would the pods of the group stay evenly spread?",
    "InterPodAffinity": "Are the pods it needs near, and those it avoids away?",
    "DynamicResources": "Are the devices that the pod claims available?",
    "NodeDeclaredFeatures": "Does the node declare the features that the pod needs?",
}
"""The question a filter asks of each node; a node that fails it is out."""

SCORES = {
    "TaintToleration": "Fewer soft taints against the pod are better.",
    "NodeAffinity": "Nodes that the pod prefers are better.",
    "NodeResourcesFit": "The more CPU and memory stays free, the better.",
    "PodTopologySpread": "Zones and nodes with fewer pods of the group are better.",
    "InterPodAffinity": "Nearer to the pods it likes and farther from those it does not is better.",
    "DynamicResources": "Devices that fit the claim better are better.",
    "NodeResourcesBalancedAllocation": "CPU and memory that are used in like measure are better.",
    "ImageLocality": "A node that has the pod's images already is better.",
    "VolumeBinding": "Volumes that fit the claims more closely are better.",
}
"""What a score rewards."""


def question(plugin: str) -> str:
    """What a filter asks; empty for one that is not known here."""
    return FILTERS.get(plugin, "")


def reward(plugin: str) -> str:
    """What a score rewards; empty for one that is not known here."""
    return SCORES.get(plugin, "")
