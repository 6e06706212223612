"""The parts of a cluster: what each is for, and what follows when it does not run.

Data and the words for it, read by the anatomy, the path and ``lab.embedded``. Sources: the *Cluster Architecture* and
*Nodes* pages of the Kubernetes documentation. Which of them run is left to whoever asks the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a cluster.

    Attributes:
        name: As its process or pod is called.
        title: As people call it.
        role: What it does, in one sentence.
        without: What follows when it stops, in one sentence.
        home: How it is run on a kubeadm cluster.
    """

    name: str
    title: str
    role: str
    without: str
    home: str


_ROWS = (
    Part(
        "kube-apiserver",
        "API server",
        "Answers every request, checks it and keeps the result in etcd. All other parts speak only with it.",
        "Nobody can ask or change anything. What runs goes on running.",
        "static pod",
    ),
    Part(
        "etcd",
        "etcd",
        "Keeps every object of the cluster, and the order in which they changed.",
        "The API server cannot read or write: requests fail. What runs goes on running.",
        "static pod",
    ),
    Part(
        "kube-controller-manager",
        "controller manager",
        "Runs the controllers: each compares one kind of object with what should be, and acts on the difference.",
        "Nothing is made or replaced: Deployments make no pods, and a lost pod is not missed.",
        "static pod",
    ),
    Part(
        "kube-scheduler",
        "scheduler",
        "Picks a node for every pod that has none.",
        "New pods stay Pending without a node. Pods that have one are not touched.",
        "static pod",
    ),
    Part(
        "kubelet",
        "kubelet",
        "The agent of a node: starts the containers of the pods that are bound to it and reports how they are.",
        "Its node is NotReady after some 40 seconds; containers go on, but nobody starts, stops or probes them.",
        "service of the node",
    ),
    Part(
        "containerd",
        "container runtime",
        "Pulls images and runs containers, as the kubelet tells it.",
        "The kubelet cannot start or stop a container.",
        "service of the node",
    ),
    Part(
        "kube-proxy",
        "kube-proxy",
        "Writes the node's network rules, so that the address of a Service leads to one of its pods.",
        "Services keep the pods they knew on this node; new ones are not reached from it.",
        "DaemonSet",
    ),
    Part(
        "kindnet",
        "pod network",
        "Gives pods addresses and lets them reach pods on other nodes (a CNI plugin).",
        "New pods on this node get no address and do not start.",
        "DaemonSet",
    ),
    Part(
        "coredns",
        "DNS",
        "Answers names inside the cluster: web.default.svc.cluster.local.",
        "Pods no longer find Services by name; addresses still work.",
        "Deployment",
    ),
)

PARTS: dict[str, Part] = {part.name: part for part in _ROWS}
"""By name."""

CONTROL_PLANE = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")
"""The parts that only nodes of the control plane have."""

CONTROLLERS = {
    "deployment-controller": "Deployments make and change no ReplicaSets.",
    "replicaset-controller": "ReplicaSets make and replace no pods.",
    "statefulset-controller": "StatefulSets make and replace no pods.",
    "daemonset-controller": "DaemonSets make and replace no pods.",
    "job-controller": "Jobs start no pods and do not complete.",
    "cronjob-controller": "CronJobs start no Jobs.",
    "endpoint-slice-controller": "Services do not notice which pods come and go.",
    "node-controller": "Nobody notices that a node has gone silent.",
    "taint-eviction-controller": "Pods stay on tainted nodes.",
    "garbage-collector-controller": "What belonged to a deleted object stays.",
    "namespace-controller": "A deleted namespace stays Terminating.",
    "persistentvolume-controller": "Claims stay Pending without a volume.",
    "horizontal-pod-autoscaler": "Nothing is scaled by load.",
    "resourcequota-controller": "Quotas do not notice what was given back.",
}
"""What follows when a controller is stopped."""
OTHERWISE = "What it does is not done until it runs again."
"""The same of any other."""


def without(name: str) -> str:
    """What follows when a component or controller is stopped, in one sentence."""
    if name in PARTS:
        return PARTS[name].without
    return CONTROLLERS.get(name, OTHERWISE)
