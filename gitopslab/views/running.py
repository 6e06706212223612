"""Which parts of a cluster run, as far as can be told.

Read by the path and the anatomy. On any cluster the API tells: the control plane's own pods in kube-system, and the
Ready condition of nodes. The embedded cluster also says itself what was stopped (``clusters.attended``), and that
counts more, because a stopped API server shows no pods. What is hidden from the API (a managed control plane) is
unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitopslab.machinery.objects import Object, is_condition_true, labels_of, name_of, namespace_of
from gitopslab.views.components import CONTROL_PLANE, PARTS

MANAGER = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Running:
    """What runs.

    Attributes:
        stopped: Names of components and controllers that were stopped.
        silent: Nodes whose kubelet is silent.
        dark: Nodes without power.
        seen: Components of the control plane, by whether one of their pods is ready; empty when none is seen.
        can_switch: Whether parts can be stopped and started here.
        held: Whether the cluster's clock is held.
        controllers: The single controllers that can be switched.
    """

    stopped: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    dark: frozenset[str] = frozenset()
    seen: dict[str, bool] = field(default_factory=dict)
    can_switch: bool = False
    held: bool = False
    controllers: frozenset[str] = frozenset()

    def of(self, component: str) -> bool | None:
        """Whether a component or controller runs; None when nobody can tell."""
        if self.can_switch:
            needed = {component} if component in PARTS else {component, MANAGER}
            return not needed & self.stopped
        return self.seen.get(component if component in PARTS else MANAGER)

    def of_kubelet(self, node: str) -> bool:
        """Whether a node's kubelet reports."""
        return node not in self.silent


def running(nodes: Iterable[Object], pods: Iterable[Object], lab: Iterable[Object] = ()) -> Running:
    """What runs, from the API's objects and (embedded) the cluster's own word."""
    silent = {name_of(node) for node in nodes if not is_condition_true(node, "Ready")}
    state = next(iter(lab), None)
    if state is None:
        return Running(silent=frozenset(silent), seen=_seen(pods))
    stopped, controllers = set(), set()
    for component in state["components"]:
        for one in (component, *component["parts"]):
            if not one["running"]:
                stopped.add(one["name"])
        controllers |= {part["name"] for part in component["parts"]}
    dark = {node["name"] for node in state["nodes"] if not node["power"]}
    silent |= {node["name"] for node in state["nodes"] if not node["kubelet"]} | dark
    return Running(
        frozenset(stopped), frozenset(silent), frozenset(dark), can_switch=True, held=state["clock"]["held"],
        controllers=frozenset(controllers),
    )  # fmt: skip


def now_in(lab: Iterable[Object], machine: float) -> float:
    """The cluster's time: the machine's, or that of its own clock when it has one that may be moved."""
    state = next(iter(lab), None)
    if state is None:
        return machine
    clock = state["clock"]
    passed: float = max(0.0, machine - state["received"]) * clock["speed"]
    return float(clock["now"]) + passed


def _seen(pods: Iterable[Object]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for pod in pods:
        component = labels_of(pod).get("component", "")
        if namespace_of(pod) == "kube-system" and component in CONTROL_PLANE:
            found[component] = found.get(component, False) or is_condition_true(pod, "Ready")
    return found
