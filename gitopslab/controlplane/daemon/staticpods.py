"""The mirror pods of a kubeadm control plane: etcd, API server, controller manager, scheduler.

``kubesystem`` puts them into a new cluster that is not bare. All pure.
Leaves to others: running them (the kubelets play them like any pod).

Simplified: the control plane of the lab is one process; the pods shown here are what a learner would find on a kubeadm
cluster, and deleting one stops nothing. A component that is stopped through ``controls`` shows as one that crashes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gitopslab.controlplane.daemon.topology import CONTROL_PLANE
from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.version import KUBERNETES

PROGRAMS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")
"""The programs of a control plane, by the names of their containers."""

REGISTRY = "registry.k8s.io"
"""Where the images of Kubernetes itself are."""

_PKI = "/etc/kubernetes/pki"


@dataclass(frozen=True, slots=True)
class _Component:
    name: str
    image: str
    requests: dict[str, str]
    port: int
    path: str
    flags: list[str]


def static_pods(node: Object, clock: Clock) -> list[Object]:
    """The mirror pods of a control plane node."""
    address = internal_ip(node)
    etcd = _Component(
        "etcd",
        f"{REGISTRY}/etcd:3.6.8-0",
        {"cpu": "100m", "memory": "100Mi"},
        2381,
        "/livez",
        _etcd_flags(address, name_of(node)),
    )
    rows = (
        ("kube-apiserver", "250m", 6443, "/livez", _apiserver_flags(address)),
        ("kube-controller-manager", "200m", 10257, "/healthz", _manager_flags()),
        ("kube-scheduler", "100m", 10259, "/livez", _scheduler_flags()),
    )
    others = [
        _Component(name, f"{REGISTRY}/{name}:{KUBERNETES}", {"cpu": cpu}, port, path, flags)
        for name, cpu, port, path, flags in rows
    ]
    return [_static_pod(node, clock, component) for component in (etcd, *others)]


def _static_pod(node: Object, clock: Clock, component: _Component) -> Object:
    name = component.name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    annotations = {
        "kubernetes.io/config.hash": digest,
        "kubernetes.io/config.mirror": digest,
        "kubernetes.io/config.seen": f"{timestamp(clock.now())[:-1]}.000000000Z",
        "kubernetes.io/config.source": "file",
    }
    owner = {
        "apiVersion": "v1",
        "kind": "Node",
        "name": name_of(node),
        "uid": node["metadata"]["uid"],
        "controller": True,
    }
    mounts = _mounts(name)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{name_of(node)}",
            "namespace": "kube-system",
            "labels": {"component": name, "tier": CONTROL_PLANE},
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "spec": {
            "priorityClassName": "system-node-critical",
            "priority": 2000001000,
            "nodeName": name_of(node),
            "hostNetwork": True,
            "enableServiceLinks": True,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [_container(component, mounts)],
            "volumes": [
                {"name": mount["name"], "hostPath": {"path": mount["mountPath"], "type": _path_type(mount)}}
                for mount in mounts
            ],
        },
    }


def _container(component: _Component, mounts: list[Object]) -> Object:
    scheme = "HTTP" if component.name == "etcd" else "HTTPS"
    probe = {"host": "127.0.0.1", "path": component.path, "port": "probe-port", "scheme": scheme}
    port = {"name": "probe-port", "containerPort": component.port, "hostPort": component.port, "protocol": "TCP"}
    return {
        "name": component.name,
        "image": component.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [component.name, *component.flags],
        "ports": [port],
        "resources": {"requests": component.requests},
        "livenessProbe": {"httpGet": probe, "initialDelaySeconds": 10, "timeoutSeconds": 15, "failureThreshold": 8},
        "startupProbe": {"httpGet": probe, "timeoutSeconds": 15, "failureThreshold": 24},
        "volumeMounts": mounts,
    }


def _mounts(name: str) -> list[Object]:
    if name == "etcd":
        return [
            {"name": "etcd-data", "mountPath": "/var/lib/etcd"},
            {"name": "etcd-certs", "mountPath": f"{_PKI}/etcd", "readOnly": True},
        ]
    if name == "kube-scheduler":
        return [{"name": "kubeconfig", "mountPath": "/etc/kubernetes/scheduler.conf", "readOnly": True}]
    return [{"name": "k8s-certs", "mountPath": _PKI, "readOnly": True}]


def _path_type(mount: Object) -> str:
    return "FileOrCreate" if mount["name"] == "kubeconfig" else "DirectoryOrCreate"


def _etcd_flags(address: str, name: str) -> list[str]:
    return [
        f"--advertise-client-urls=https://{address}:2379",
        f"--cert-file={_PKI}/etcd/server.crt",
        "--client-cert-auth=true",
        "--data-dir=/var/lib/etcd",
        f"--initial-cluster={name}=https://{address}:2380",
        f"--key-file={_PKI}/etcd/server.key",
        f"--listen-client-urls=https://127.0.0.1:2379,https://{address}:2379",
        "--listen-metrics-urls=http://127.0.0.1:2381",
        f"--name={name}",
        f"--trusted-ca-file={_PKI}/etcd/ca.crt",
    ]


def _apiserver_flags(address: str) -> list[str]:
    return [
        f"--advertise-address={address}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        f"--client-ca-file={_PKI}/ca.crt",
        "--enable-admission-plugins=NodeRestriction",
        "--enable-bootstrap-token-auth=true",
        "--etcd-servers=https://127.0.0.1:2379",
        "--secure-port=6443",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--service-cluster-ip-range=10.96.0.0/16",
    ]


def _manager_flags() -> list[str]:
    return [
        "--allocate-node-cidrs=true",
        "--bind-address=127.0.0.1",
        "--cluster-cidr=10.244.0.0/16",
        "--cluster-name=lab",
        "--controllers=*,bootstrapsigner,tokencleaner",
        "--kubeconfig=/etc/kubernetes/controller-manager.conf",
        "--leader-elect=true",
        "--use-service-account-credentials=true",
    ]


def _scheduler_flags() -> list[str]:
    return ["--bind-address=127.0.0.1", "--kubeconfig=/etc/kubernetes/scheduler.conf", "--leader-elect=true"]
