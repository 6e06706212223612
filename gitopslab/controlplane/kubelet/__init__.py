"""Simulated kubelets: every node's agent, played on a clock.

A pod bound to a simulated node is accepted, its image pulled, its containers started, probed, restarted and stopped,
with the status, the events and the logs a real kubelet gives. ``stages.yaml`` and ``images.yaml`` hold what is data.
``agent`` and ``heartbeat`` are the reconcilers; ``play``, ``containers`` and ``status`` are pure; ``runtime`` is the
seam to what really runs; ``inside`` lets visitors into containers. Knows the cluster only through the Api; which pod
goes to which node is the scheduler's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.agent import Agent
from gitopslab.controlplane.kubelet.claims import Claims
from gitopslab.controlplane.kubelet.heartbeat import Heartbeat
from gitopslab.controlplane.kubelet.inside.reach import Reach
from gitopslab.controlplane.kubelet.inside.sessions import Doorkeeper, Sessions
from gitopslab.controlplane.kubelet.logs import LogClock, SimulatedLogs
from gitopslab.controlplane.kubelet.metrics import SimulatedMetrics
from gitopslab.controlplane.kubelet.nodes import SIMULATED, Nodes
from gitopslab.controlplane.kubelet.pace import LAB, Pace
from gitopslab.controlplane.kubelet.runs import Runs
from gitopslab.controlplane.kubelet.runtime import Runtime
from gitopslab.controlplane.kubelet.simulated import SimulatedRuntime
from gitopslab.controlplane.kubelet.stages import shipped
from gitopslab.controlplane.kubelet.tokens import PodTokens
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.logs import Logs
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.metrics import Metrics
from gitopslab.controlplane.runtime.reconcile import Reconciler, Request
from gitopslab.controlplane.runtime.streams import Exec, Ports
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object

__all__ = ["SIMULATED", "Kubelets", "Runtime", "kubelets"]


@dataclass(frozen=True, slots=True)
class Kubelets:
    """The kubelets of a cluster.

    Attributes:
        reconcilers: To be added to the manager.
        logs: What containers have written.
        exec: Starts processes in containers.
        ports: Connects to what listens in pods.
        metrics: What containers and nodes use.
    """

    reconcilers: list[Reconciler]
    logs: Logs
    exec: Exec
    ports: Ports
    metrics: Metrics
    _nodes: Nodes
    _agent: Agent
    _manager: Manager

    def is_running(self, node: str) -> bool:
        """Whether a node's kubelet runs."""
        return self._nodes.is_running(node)

    def stop_node(self, name: str) -> None:
        """Stop a node as a fault: its kubelet renews nothing and its pods do not change any more."""
        self._nodes.stop(name)

    def cut_node(self, name: str) -> None:
        """Take a node's power away: its kubelet stops, and with it everything that runs there."""
        self._nodes.stop(name)
        self._agent.go_dark(name)

    def start_node(self, name: str) -> None:
        """Start a stopped node again: it reports at once and its pods go on."""
        self._start(name, lost=False)

    def reboot_node(self, name: str) -> None:
        """Give a stopped node its power back: what ran on it is gone, and its kubelet begins anew."""
        self._start(name, lost=True)

    def break_component(self, name: str) -> None:
        """Show a component of the control plane as not running, in its static pod, as far as kubelets can."""
        self._agent.breaks(name)

    def mend_component(self, name: str) -> None:
        """Show it running again."""
        self._agent.mend(name)

    def _start(self, node: str, *, lost: bool) -> None:
        self._nodes.start(node)
        self._agent.look_around(node, lost=lost)
        self._manager.ask(Heartbeat.name, Request("", node))


def kubelets(
    api_for: Callable[[str], Api], manager: Manager, clock: Clock, runtime: Runtime | None = None, pace: Pace = LAB
) -> Kubelets:
    """The kubelets of all simulated nodes.

    Args:
        api_for: Gives a component's Api.
        manager: Runs the reconcilers.
        clock: The time.
        runtime: Runs containers; default plays them.
        pace: How long the kubelets' own work takes.
    """
    api = api_for("kubelet")
    nodes, runtime = Nodes(), runtime or SimulatedRuntime(clock)

    def lookup(resource: str, namespace: str, name: str) -> Object | None:
        try:
            return api.get(resource, name, namespace)
        except NotFoundError:
            return None

    tokens = PodTokens(api, clock)
    runs = Runs(manager, lookup, tokens)
    logs = SimulatedLogs(manager, clock, runtime, runs)
    agent = Agent(
        api, manager, clock, runtime=runtime, lookup=lookup, tokens=tokens, nodes=nodes, stages=shipped(), pace=pace
    )
    runtime.on_visit(agent.look_again)
    runtime.reach(Reach(manager, runs).at)
    sessions = Sessions(manager, runtime, runs, nodes)
    heartbeat = Heartbeat(api, manager, clock, nodes)
    reconcilers: list[Reconciler] = [heartbeat, agent, LogClock(logs), Doorkeeper(sessions), Claims(runtime.forget)]
    metrics = SimulatedMetrics(manager, nodes, runtime)
    return Kubelets(reconcilers, logs, sessions, sessions, metrics, nodes, agent, manager)
