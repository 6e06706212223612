"""The anatomy of a cluster: its nodes with the parts on each, and what becomes of a control plane that loses nodes.

``anatomy`` reads nodes and kube-system's pods, on any cluster; a hidden control plane (a managed one) is said to be
hidden, never guessed. ``model`` is arithmetic, not observation: what a majority of etcd members means. What each part
is for is in ``components``; words and drawing are in ``anatomy_text`` and ``anatomy_svg``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of
from gitopslab.views.board import natural
from gitopslab.views.components import CONTROL_PLANE, PARTS, Part
from gitopslab.views.message import Message
from gitopslab.views.pods import state_of, status_of
from gitopslab.views.running import Running, running

KINDS = ("nodes", "pods")
"""What an anatomy follows."""

SIZES = (1, 3, 5)
"""How many control nodes the model can have."""

_ROLE = "node-role.kubernetes.io/control-plane"
_NETWORKS = ("kindnet", "flannel", "calico", "cilium", "weave", "canal")
_WORST = ("failed", "terminating", "pending", "notready", "running", "succeeded", "ready")


@dataclass(frozen=True, slots=True)
class Organ(Message):
    """One part of the cluster on one node.

    Attributes:
        uid: Its own.
        name: What stops and starts it; ``kubelet`` means that of its node.
        title: As people call it.
        state: A key of ``palette.STATES``.
        status: That in words.
        role: What it is for.
        without: What follows when it stops.
        home: How it is run.
        pods: The names of its pods here.
        running: Whether it runs.
        switchable: Whether it can be stopped and started here.
        command: The kubectl command that shows it.
    """

    uid: str
    name: str
    title: str
    state: str
    status: str
    role: str
    without: str
    home: str
    pods: tuple[str, ...]
    running: bool
    switchable: bool
    command: str


@dataclass(frozen=True, slots=True)
class Body(Message):
    """One node.

    Attributes:
        control: What only the control plane has; empty on a worker.
        every: What every node has.
        others: How many further pods run on it.
    """

    name: str
    control_plane: bool
    ready: bool
    dark: bool
    version: str
    control: tuple[Organ, ...]
    every: tuple[Organ, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Outcome(Message):
    """What a control plane of some size is like with some of its nodes lost.

    Attributes:
        state: ``ready``, ``notready`` (it works, with nothing to spare) or ``failed``.
        title: In a few words.
        lines: What that means, a sentence each.
    """

    state: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Anatomy(Message):
    """The whole picture.

    Attributes:
        note: What cannot be seen here; empty when all is.
        is_model: Whether losing control nodes is only a model here, because the cluster has just one.
        outcomes: For each size of ``SIZES`` and each number of lost nodes, from none to all.
    """

    nodes: tuple[Body, ...]
    note: str
    is_model: bool
    outcomes: tuple[tuple[Outcome, ...], ...]


def anatomy(objects: Mapping[str, Sequence[Object]]) -> Anatomy:
    """The anatomy of a cluster, from everything of ``KINDS`` and ``lab``, the cluster's own word if it has one."""
    nodes, pods = objects.get("nodes", ()), objects.get("pods", ())
    runs = running(nodes, pods, objects.get("lab", ()))
    placed: dict[str, list[Object]] = defaultdict(list)
    for pod in pods:
        placed[pod["spec"].get("nodeName") or ""].append(pod)
    bodies = [_body(node, placed[name_of(node)], runs) for node in nodes]
    bodies.sort(key=lambda body: (not body.control_plane, natural(body.name)))
    seen = any(body.control for body in bodies)
    note = "" if seen else "The control plane is not visible here: it runs outside of the cluster's own nodes."
    return Anatomy(tuple(bodies), note, sum(body.control_plane for body in bodies) < 2, tuple(map(model, SIZES)))


def model(members: int) -> tuple[Outcome, ...]:
    """What becomes of a control plane with so many nodes, an etcd member on each, for every number of lost ones."""
    return tuple(_outcome(members, lost) for lost in range(members + 1))


def _outcome(members: int, lost: int) -> Outcome:
    left, majority = members - lost, members // 2 + 1
    if left >= majority:
        spare = left - majority
        title = f"{left} of {members} answer, {majority} are a majority: the cluster works"
        lines = [
            "etcd elects one member as leader; a write counts once a majority has it.",
            "Every API server that is left answers.",
            "Of the schedulers and of the controller managers one acts, the others wait for its lease to run out.",
            f"{spare} more may be lost." if spare else "Not one more may be lost.",
        ]
        if lost:
            lines.insert(0, "The lost node's lease runs out; another scheduler and controller manager take over.")
        return Outcome("ready" if spare else "notready", title, tuple(lines))
    if left:
        title = f"{left} of {members} answer, {majority} would be a majority: etcd stops"
        lines = [
            "Without a majority nobody may decide: the members left refuse to read and write.",
            "kubectl fails: etcdserver: request timed out. Nothing can be changed, placed or replaced.",
            "Pods that run go on running, and Services lead to them as before.",
            "As soon as a majority is back, all goes on where it was.",
        ]
        return Outcome("failed", title, tuple(lines))
    lines = ["No API server answers.", "Pods on the worker nodes go on running.", "What etcd kept is on its disks."]
    return Outcome("failed", "All control nodes are lost", tuple(lines))


def _body(node: Object, pods: Sequence[Object], runs: Running) -> Body:
    name = name_of(node)
    found: dict[str, list[Object]] = defaultdict(list)
    for pod in pods:
        found[_part_of(pod)].append(pod)
    control = [_organ(name, PARTS[part], found[part], runs) for part in CONTROL_PLANE if found[part]]
    every = [_kubelet(node, runs), _runtime(node, runs)]
    every += [
        _organ(name, PARTS[part], found[part], runs) for part in ("kube-proxy", "kindnet", "coredns") if found[part]
    ]
    info = node.get("status", {}).get("nodeInfo") or {}
    is_control = _ROLE in labels_of(node) or bool(control)
    return Body(
        name, is_control, runs.of_kubelet(name), name in runs.dark, info.get("kubeletVersion") or "",
        tuple(control), tuple(every), len(found[""]),
    )  # fmt: skip


def _part_of(pod: Object) -> str:
    """The part that a pod of the cluster itself is; empty for any other."""
    labels, name = labels_of(pod), name_of(pod)
    if namespace_of(pod) not in ("kube-system", "kube-flannel", "calico-system"):
        return ""
    if labels.get("component") in CONTROL_PLANE:
        return labels["component"]
    if labels.get("k8s-app") == "kube-dns" or name.startswith("coredns"):
        return "coredns"
    if name.startswith("kube-proxy"):
        return "kube-proxy"
    return "kindnet" if any(word in name for word in _NETWORKS) else ""


def _organ(node: str, part: Part, pods: Sequence[Object], runs: Running) -> Organ:
    states = [state_of(pod) for pod in pods]
    state, up = min(states, key=_WORST.index), runs.of(part.name) is not False
    status = ", ".join(dict.fromkeys(status_of(pod) for pod in pods))
    if not up:
        state, status = "failed", "stopped"
    names = tuple(name_of(pod) for pod in pods)
    return Organ(
        f"{node}/{part.name}", part.name, part.title, state, status, part.role, part.without, part.home, names, up,
        runs.can_switch and part.name in CONTROL_PLANE,
        f"kubectl describe pod {names[0]} -n {namespace_of(pods[0])}",
    )  # fmt: skip


def _kubelet(node: Object, runs: Running) -> Organ:
    name, part = name_of(node), PARTS["kubelet"]
    up = runs.of_kubelet(name)
    status = "reports" if up else "without power" if name in runs.dark else "silent"
    return Organ(
        f"{name}/kubelet", "kubelet", part.title, "ready" if up else "failed", status, part.role, part.without,
        part.home, (), up, runs.can_switch and name not in runs.dark, f"kubectl describe node {name}",
    )  # fmt: skip


def _runtime(node: Object, runs: Running) -> Organ:
    name, part = name_of(node), PARTS["containerd"]
    version = (node.get("status", {}).get("nodeInfo") or {}).get("containerRuntimeVersion") or part.name
    up = name not in runs.dark
    return Organ(
        f"{name}/runtime", part.name, version.replace("://", " "), "ready" if up else "failed",
        "Running" if up else "without power", f"The {part.title}. {part.role}", part.without, part.home, (), up, False,
        f"kubectl get node {name} -o wide",
    )  # fmt: skip
