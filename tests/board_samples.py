"""Objects for tests of boards: short builders that show only what matters, and one believable cluster."""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

NOW = 1767225600.0


def node(name: str, *, zone: str = "zone-a", cpu: str = "4", memory: str = "8Gi", **changes: Any) -> Object:
    spec: Object = {"taints": changes["taints"]} if "taints" in changes else {}
    if changes.get("cordoned"):
        spec["unschedulable"] = True
    labels = {"topology.kubernetes.io/zone": zone}
    if changes.get("control_plane"):
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    ready = {"type": "Ready", "status": "True" if changes.get("ready", True) else "Unknown"}
    return {
        "metadata": {"name": name, "uid": "node-" + name, "labels": labels},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110"},
            "conditions": [ready],
            "nodeInfo": {"kubeletVersion": "v1.36.0"},
        },
    }


def pod(name: str, on: str = "", **changes: Any) -> Object:
    """A pod that runs and is ready on a node, or (no node) waits to be scheduled."""
    owner = changes.get("owner", "")
    digest = changes.get("digest", "")
    references = []
    if owner:
        kind, owner_name = owner.split("/")
        references = [{"kind": kind, "name": owner_name, "uid": "owner-" + owner_name, "controller": True}]
    requests = {"cpu": changes.get("cpu", "0"), "memory": changes.get("memory", "0")}
    metadata: Object = {
        "name": name,
        "namespace": changes.get("namespace", "demo"),
        "uid": changes.get("uid", "uid-" + name),
        "creationTimestamp": timestamp(NOW - changes.get("age", 60)),
        "ownerReferences": references,
        "labels": {"pod-template-hash": digest} if digest else {},
    }
    if changes.get("terminating"):
        metadata["deletionTimestamp"] = timestamp(NOW)
    container = {"name": "main", "image": changes.get("image", "nginx:1.27"), "resources": {"requests": requests}}
    spec: Object = {"containers": [container]}
    if on:
        spec["nodeName"] = on
    status = changes.get("status") or (running() if on else unschedulable(""))
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def running(*, ready: bool = True, restarts: int = 0) -> Object:
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": str(ready), **({} if ready else _NOT_READY)},
        {"type": "ContainersReady", "status": str(ready), **({} if ready else _NOT_READY)},
    ]
    entry = {"name": "main", "ready": ready, "restartCount": restarts, "state": {"running": {}}}
    return {"phase": "Running", "conditions": conditions, "containerStatuses": [entry]}


def waiting(reason: str, *, message: str = "", restarts: int = 0, ended: Object | None = None) -> Object:
    phase = "Running" if reason == "CrashLoopBackOff" else "Pending"
    entry: Object = {
        "name": "main",
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
    }
    if ended:
        entry["lastState"] = {"terminated": ended}
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False", **_NOT_READY}]
    return {"phase": phase, "conditions": conditions, "containerStatuses": [entry]}


def finished(phase: str, exit_code: int = 0) -> Object:
    ended = {"exitCode": exit_code, "reason": "Completed" if exit_code == 0 else "Error"}
    entry = {"name": "main", "ready": False, "restartCount": 0, "state": {"terminated": ended}}
    return {"phase": phase, "conditions": [], "containerStatuses": [entry]}


def unschedulable(message: str) -> Object:
    if not message:
        return {"phase": "Pending"}
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"phase": "Pending", "conditions": [condition]}


def event(about: str, reason: str, message: str, *, type: str = "Normal", age: float = 10, count: int = 1) -> Object:
    return {
        "metadata": {"name": f"{about}.{reason}", "namespace": "demo"},
        "involvedObject": {"kind": "Pod", "name": about, "uid": "uid-" + about},
        "type": type,
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": timestamp(NOW - age),
    }


_NOT_READY = {"reason": "ContainersNotReady", "message": "containers with unready status: [main]"}
NO_ROOM = (
    "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. preemption: 0/4 nodes are "
    "available: 1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod."
)


def believable() -> tuple[list[Object], list[Object], list[Object]]:
    """Nodes, pods and events of the default topology with a bit of everything going on."""
    nodes = [
        node("lab-control-plane", control_plane=True),
        node("lab-worker"),
        node("lab-worker2", zone="zone-b"),
        node("lab-worker3", zone="zone-c", cpu="2", memory="4Gi"),
    ]
    pods = [*_system(), *_web(), *_others()]
    events = [
        event(
            "web-7c5ddbdf54-x7k2p", "Scheduled", "Successfully assigned demo/web-7c5ddbdf54-x7k2p to lab-worker", age=42
        ),
        event("web-7c5ddbdf54-x7k2p", "Pulled", 'Container image "nginx:1.27" already present on machine', age=41),
        event("web-7c5ddbdf54-x7k2p", "Started", "Container started", age=40),
        event("big-5d8f7c9b6-9w4tz", "FailedScheduling", NO_ROOM, type="Warning", age=12, count=3),
        event(
            "api-6f9d8b7c5-l2v8n",
            "BackOff",
            "Back-off restarting failed container main in pod",
            type="Warning",
            count=7,
        ),
    ]
    return nodes, pods, events


def _system() -> list[Object]:
    control = "lab-control-plane"
    wants = {"etcd": "100m", "kube-apiserver": "250m", "kube-controller-manager": "200m", "kube-scheduler": "100m"}
    pods = [
        pod(
            f"{name}-{control}",
            control,
            namespace="kube-system",
            owner=f"Node/{control}",
            cpu=cpu,
            memory="100Mi",
            age=900,
        )
        for name, cpu in wants.items()
    ]
    for number, where in enumerate((control, "lab-worker", "lab-worker2", "lab-worker3")):
        pods.append(
            pod(
                f"kube-proxy-{'bcdf'[number]}x7k2",
                where,
                namespace="kube-system",
                owner="DaemonSet/kube-proxy",
                age=890,
            )
        )
    for suffix, where in (("k8x2v", "lab-worker"), ("p5zqr", "lab-worker2")):
        pods.append(
            pod(
                f"coredns-76f75df574-{suffix}", where, namespace="kube-system", owner="ReplicaSet/coredns-76f75df574",
                digest="76f75df574", cpu="100m", memory="70Mi", age=880,
            )
        )  # fmt: skip
    return pods


def _of_deployment(name: str, digest: str, suffix: str, on: str = "", **changes: Any) -> Object:
    return pod(f"{name}-{digest}-{suffix}", on, owner=f"ReplicaSet/{name}-{digest}", digest=digest, **changes)


def _web() -> list[Object]:
    asks = {"cpu": "500m", "memory": "512Mi"}
    return [
        _of_deployment("web", "7c5ddbdf54", "x7k2p", "lab-worker", age=45, **asks),
        _of_deployment("web", "7c5ddbdf54", "m4dqz", "lab-worker2", age=45, **asks),
        _of_deployment("web", "7c5ddbdf54", "b9c6t", "lab-worker3", age=44, **asks),
        _of_deployment("web", "84d6b9c7f5", "h2n8w", "lab-worker", age=6, status=waiting("ContainerCreating"), **asks),
        _of_deployment("web", "6b8f9d4c72", "z5v7r", "lab-worker2", age=300, terminating=True, **asks),
    ]


def _others() -> list[Object]:
    crash = waiting("CrashLoopBackOff", restarts=7, ended={"exitCode": 1, "reason": "Error"})
    pull = waiting("ImagePullBackOff", message='Back-off pulling image "nginx:1.99"')
    return [
        _of_deployment("api", "6f9d8b7c5", "l2v8n", "lab-worker3", age=200, cpu="250m", memory="256Mi", status=crash),
        _of_deployment(
            "shop", "5c9f6d8b4", "t6k4x", "lab-worker2", age=80, cpu="1", memory="1Gi", image="nginx:1.99", status=pull
        ),
        pod("db-0", "lab-worker2", owner="StatefulSet/db", age=700, cpu="500m", memory="1Gi"),
        pod(
            "db-1",
            "lab-worker",
            owner="StatefulSet/db",
            age=690,
            cpu="500m",
            memory="1Gi",
            status=running(ready=False, restarts=1),
        ),
        pod(
            "report-29389440-7fxqk",
            "lab-worker",
            owner="Job/report-29389440",
            age=400,
            cpu="100m",
            status=finished("Succeeded"),
        ),
        _of_deployment("big", "5d8f7c9b6", "9w4tz", age=14, cpu="6", memory="2Gi", status=unschedulable(NO_ROOM)),
        _of_deployment("big", "5d8f7c9b6", "c8d2m", age=13, cpu="6", memory="2Gi", status=unschedulable(NO_ROOM)),
    ]


def crowd(node_count: int = 50, pod_count: int = 500) -> tuple[list[Object], list[Object], list[Object]]:
    """Many nodes with many pods."""
    nodes = [node("lab-control-plane", control_plane=True)]
    nodes += [
        node(f"lab-worker{number}", zone=f"zone-{'abc'[number % 3]}", cpu="8", memory="16Gi")
        for number in range(1, node_count)
    ]
    pods = [
        _of_deployment(
            "web",
            "7c5ddbdf54",
            f"{number:05d}",
            f"lab-worker{1 + number % (node_count - 1)}",
            cpu="100m",
            memory="64Mi",
        )
        for number in range(pod_count)
    ]
    return nodes, pods, []
