"""The default profile: which plugins there are, in which order and with which weights, and how each point is run.

``cycle`` calls it. Upstream: ``getDefaultPlugins`` and ``framework/runtime``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.scheduler.framework import (
    SUCCESS,
    BindingPlugin,
    Code,
    CycleState,
    FilterPlugin,
    Lister,
    Nomination,
    NormalizingPlugin,
    Plugin,
    PostFilterPlugin,
    PreEnqueuePlugin,
    PreFilterExtensions,
    PreFilterPlugin,
    PreScorePlugin,
    ScorePlugin,
    Status,
)
from gitopslab.controlplane.scheduler.nodeinfo import NodeInfo
from gitopslab.controlplane.scheduler.plugins.balanced_allocation import BalancedAllocation
from gitopslab.controlplane.scheduler.plugins.default_preemption import DefaultPreemption
from gitopslab.controlplane.scheduler.plugins.dynamic_resources import DynamicResources
from gitopslab.controlplane.scheduler.plugins.image_locality import ImageLocality
from gitopslab.controlplane.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from gitopslab.controlplane.scheduler.plugins.node_affinity import NodeAffinity
from gitopslab.controlplane.scheduler.plugins.node_declared_features import NodeDeclaredFeatures
from gitopslab.controlplane.scheduler.plugins.node_name import NodeName
from gitopslab.controlplane.scheduler.plugins.node_ports import NodePorts
from gitopslab.controlplane.scheduler.plugins.node_resources_fit import NodeResourcesFit
from gitopslab.controlplane.scheduler.plugins.node_unschedulable import NodeUnschedulable
from gitopslab.controlplane.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from gitopslab.controlplane.scheduler.plugins.pod_topology_spread import PodTopologySpread
from gitopslab.controlplane.scheduler.plugins.scheduling_gates import SchedulingGates
from gitopslab.controlplane.scheduler.plugins.taint_toleration import TaintToleration
from gitopslab.controlplane.scheduler.plugins.volume_binding import VolumeBinding
from gitopslab.controlplane.scheduler.plugins.volume_restrictions import VolumeRestrictions
from gitopslab.controlplane.scheduler.plugins.volume_zone import VolumeZone
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.objects import Object

DEFAULT_SCHEDULER = "default-scheduler"

WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
}
"""What a plugin's score counts, where that is not 1."""


@dataclass(frozen=True, slots=True)
class _Scorer:
    """A score plugin with the points around it, looked up once."""

    plugin: ScorePlugin
    pre_score: PreScorePlugin | None
    normalizing: NormalizingPlugin | None
    weight: int

    @classmethod
    def of(cls, plugin: ScorePlugin) -> _Scorer:
        return cls(
            plugin,
            plugin if isinstance(plugin, PreScorePlugin) else None,
            plugin if isinstance(plugin, NormalizingPlugin) else None,
            WEIGHTS.get(plugin.name, 1),
        )


class Profile:
    """The plugins of the default profile, run point by point."""

    def __init__(self) -> None:
        # The order decides which refusal of a node is told, so it must stay upstream's.
        self.plugins: tuple[Plugin, ...] = (
            SchedulingGates(),
            NodeUnschedulable(),
            NodeName(),
            TaintToleration(),
            NodeAffinity(),
            NodePorts(),
            NodeResourcesFit(),
            VolumeRestrictions(),
            NodeVolumeLimits(),
            VolumeBinding(),
            VolumeZone(),
            PodTopologySpread(),
            InterPodAffinity(),
            DynamicResources(),
            DefaultPreemption(self.fits, self.pod_changed),
            BalancedAllocation(),
            ImageLocality(),
            NodeDeclaredFeatures(),
        )
        self.by_name = {plugin.name: plugin for plugin in self.plugins}
        self._gates = [plugin for plugin in self.plugins if isinstance(plugin, PreEnqueuePlugin)]
        self._pre_filters = [plugin for plugin in self.plugins if isinstance(plugin, PreFilterPlugin)]
        self._counting = [plugin for plugin in self.plugins if isinstance(plugin, PreFilterExtensions)]
        self._filters = [plugin for plugin in self.plugins if isinstance(plugin, FilterPlugin)]
        self._post_filters = [plugin for plugin in self.plugins if isinstance(plugin, PostFilterPlugin)]
        self._scorers = [_Scorer.of(plugin) for plugin in self.plugins if isinstance(plugin, ScorePlugin)]
        self._binding = [plugin for plugin in self.plugins if isinstance(plugin, BindingPlugin)]

    def pre_enqueue(self, pod: PodInfo) -> Status:
        """Whether a pod may be tried at all."""
        answers = (plugin.pre_enqueue(pod) for plugin in self._gates)
        return next((status for status in answers if status is not SUCCESS), SUCCESS)

    def pre_filter(self, state: CycleState, pod: PodInfo) -> tuple[Status, set[str] | None, frozenset[str]]:
        """Prepare all filters.

        Returns:
            Whether the pod is rejected at once, the only nodes to look at (None: all), and who narrowed them down.
        """
        names: set[str] | None = None
        narrowing: list[str] = []
        skipped: set[str] = set()
        for plugin in self._pre_filters:
            status, only = plugin.pre_filter(state, pod)
            if status.code is Code.SKIP:
                skipped.add(plugin.name)
            elif status is not SUCCESS:
                return status, None, frozenset()
            if only is not None:
                narrowing.append(plugin.name)
                names = only if names is None else names & only
        state.filters = {plugin.name: plugin.filter for plugin in self._filters if plugin.name not in skipped}
        state.counting = tuple(plugin.pod_changed for plugin in self._counting if plugin.name not in skipped)
        return SUCCESS, names, frozenset(narrowing)

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """The first refusal of one node, or ``SUCCESS``."""
        for refusal in state.filters.values():
            status = refusal(state, pod, node)
            if status is not SUCCESS:
                return status
        return SUCCESS

    def fits(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status:
        """As ``filter``, but leaving room for pods that preemption has promised the node to.

        The node must do with those pods and, since they may never come, without them too.
        """
        nominated = state.snapshot.nominated.get(node.name)
        promised = [
            other for other in (nominated or {}).values() if other.priority >= pod.priority and other.key != pod.key
        ]
        if promised:
            fuller, what_if = node.copy(), state.copy()
            for other in promised:
                fuller.add(other)
                self.pod_changed(what_if, pod, other, fuller, 1)
            status = self.filter(what_if, pod, fuller)
            if status is not SUCCESS:
                return status
        return self.filter(state, pod, node)

    def pod_changed(self, state: CycleState, pod: PodInfo, other: PodInfo, node: NodeInfo, change: int) -> None:
        """Tell the plugins that count pods that one came (+1) or left (-1)."""
        for pod_changed in state.counting:
            pod_changed(state, pod, other, node, change)

    def post_filter(self, state: CycleState, pod: PodInfo, statuses: Mapping[str, Status]) -> Nomination:
        """What can be done for a pod that no node takes: the first success, or all the reasons."""
        reasons: list[str] = []
        node: str | None = None
        for plugin in self._post_filters:
            found = plugin.post_filter(state, pod, statuses)
            if found.status.code in (Code.SUCCESS, Code.UNRESOLVABLE, Code.ERROR):
                return found
            node = found.node if found.node is not None else node
            reasons += found.status.reasons
        return Nomination(Status(Code.UNSCHEDULABLE, tuple(reasons)), node)

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> dict[str, dict[str, int]]:
        """Every plugin's weighted score, by node and plugin; plugins that skip are absent."""
        scores: dict[str, dict[str, int]] = {node.name: {} for node in nodes}
        for scorer in self._scorers:
            if scorer.pre_score and scorer.pre_score.pre_score(state, pod, nodes).code is Code.SKIP:
                continue
            score = scorer.plugin.score
            found = {node.name: score(state, pod, node) for node in nodes}
            if scorer.normalizing:
                scorer.normalizing.normalize(state, found)
            for node, points in found.items():
                scores[node][scorer.plugin.name] = points * scorer.weight
        return scores

    def changes(self, state: CycleState, pod: PodInfo, node: str) -> tuple[Object, ...]:
        """The objects to update before the pod can be bound to the chosen node."""
        return tuple(changed for plugin in self._binding for changed in plugin.changes(state, pod, node))

    def settled(self, lister: Lister, pod: PodInfo, node: str) -> Status:
        """Whether all is ready for the binding: the first objection, or ``SUCCESS``."""
        answers = (plugin.settled(lister, pod, node) for plugin in self._binding)
        return next((status for status in answers if status is not SUCCESS), SUCCESS)
