"""What kubeadm and kind put into a new cluster: the control plane's static pods, DNS, the proxy, and their configuration.

``bootstrap`` makes these objects once, unless the cluster is bare. Facts of kubeadm, in texts of our own. All pure.
Leaves to others: running them (the kubelets play them like any pod), the roles that every API server has (``roles``).

Simplified: the control plane of the lab is one process; the pods shown here are what a learner would find on a kubeadm cluster,
and stopping one of them stops nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from gitopslab.controlplane.daemon.topology import CONTROL_PLANE, KUBERNETES, ROLE_LABEL
from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.names import random_suffix, template_hash
from gitopslab.machinery.objects import Object, copy_of, name_of

_NAMESPACE = "kube-system"
_REGISTRY = "registry.k8s.io"
_COREDNS = f"{_REGISTRY}/coredns/coredns:v1.14.2"
_ETCD = f"{_REGISTRY}/etcd:3.6.8-0"
_PKI = "/etc/kubernetes/pki"
_NODE_CRITICAL = {"priorityClassName": "system-node-critical", "priority": 2000001000}
_CLUSTER_CRITICAL = {"priorityClassName": "system-cluster-critical"}

_COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""


def extras(nodes: list[Object], control_plane: str, clock: Clock) -> list[Object]:
    """Everything of kube-system, in an order in which it can be created.

    Args:
        nodes: The Node objects.
        control_plane: The node that shows the static pods.
        clock: The time.
    """
    control = next(node for node in nodes if name_of(node) == control_plane)
    return [
        *(_service_account(name) for name in ("coredns", "kube-proxy")),
        *_config_maps(control),
        _storage_class(),
        *_dns(),
        *static_pods(control, clock),
    ]


def static_pods(node: Object, clock: Clock) -> list[Object]:
    """The mirror pods of a control plane node: etcd, API server, controller manager and scheduler."""
    address = internal_ip(node)
    rows = (
        ("etcd", _ETCD, "100m", "100Mi", 2381, "/livez", _etcd_flags(address, name_of(node)), "/var/lib/etcd"),
        ("kube-apiserver", "", "250m", "", 6443, "/livez", _apiserver_flags(address), ""),
        ("kube-controller-manager", "", "200m", "", 10257, "/healthz", _manager_flags(), ""),
        ("kube-scheduler", "", "100m", "", 10259, "/livez", _scheduler_flags(), ""),
    )
    return [_static_pod(node, clock, *row) for row in rows]


def proxy() -> Object:
    """The kube-proxy DaemonSet."""
    template = _proxy_template()
    labels = {"k8s-app": "kube-proxy"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": _metadata("kube-proxy", labels),
        "spec": {
            "selector": {"matchLabels": labels},
            "template": template,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        },
    }


def proxy_pods(daemon_set: Object, nodes: list[Object]) -> list[Object]:
    """The pods of a kube-proxy DaemonSet, one a node, as its controller would make them."""
    template = daemon_set["spec"]["template"]
    digest = template_hash(template)
    return [_proxy_pod(daemon_set, copy_of(template), digest, name_of(node)) for node in nodes]


def _proxy_pod(daemon_set: Object, template: Object, digest: str, node: str) -> Object:
    labels = {**template["metadata"]["labels"], "controller-revision-hash": digest, "pod-template-generation": "1"}
    match = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [match]}}
    pressure = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable", "network-unavailable")
    tolerations = [
        *template["spec"]["tolerations"],
        *(
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute"}
            for key in ("not-ready", "unreachable")
        ),
        *({"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoSchedule"} for key in pressure),
    ]
    owner = {
        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": name_of(daemon_set), "uid": daemon_set["metadata"]["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"kube-proxy-{random_suffix()}",
            "generateName": "kube-proxy-",
            "namespace": _NAMESPACE,
            "labels": labels,
            "ownerReferences": [owner],
        },
        "spec": {
            **template["spec"], "nodeName": node, "affinity": {"nodeAffinity": affinity}, "tolerations": tolerations,
        },
    }  # fmt: skip


def _metadata(name: str, labels: dict[str, str] | None = None) -> Object:
    return {"name": name, "namespace": _NAMESPACE, **({"labels": labels} if labels else {})}


def _service_account(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(name)}


def _config_map(name: str, data: dict[str, str], labels: dict[str, str] | None = None) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(name, labels), "data": data}


def _config_maps(control: Object) -> list[Object]:
    endpoint = f"https://{name_of(control)}:6443"
    cluster = (
        "apiVersion: kubeadm.k8s.io/v1beta4\n"
        "kind: ClusterConfiguration\n"
        "clusterName: lab\n"
        f"controlPlaneEndpoint: {name_of(control)}:6443\n"
        f"kubernetesVersion: {KUBERNETES}\n"
        "networking:\n"
        "  dnsDomain: cluster.local\n"
        "  podSubnet: 10.244.0.0/16\n"
        "  serviceSubnet: 10.96.0.0/16\n"
    )
    proxy_config = (
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\n"
        "kind: KubeProxyConfiguration\n"
        "bindAddress: 0.0.0.0\n"
        "clusterCIDR: 10.244.0.0/16\n"
        "mode: iptables\n"
    )
    kubeconfig = (
        "apiVersion: v1\n"
        "kind: Config\n"
        "clusters:\n"
        "- name: default\n"
        "  cluster:\n"
        "    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt\n"
        f"    server: {endpoint}\n"
        "contexts:\n"
        "- name: default\n"
        "  context: {cluster: default, namespace: default, user: default}\n"
        "current-context: default\n"
        "users:\n"
        "- name: default\n"
        "  user:\n"
        "    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token\n"
    )
    return [
        _config_map("coredns", {"Corefile": _COREFILE}),
        _config_map("kube-proxy", {"config.conf": proxy_config, "kubeconfig.conf": kubeconfig}, {"app": "kube-proxy"}),
        _config_map("kubeadm-config", {"ClusterConfiguration": cluster}),
    ]


def _storage_class() -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": annotations},
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _dns() -> list[Object]:
    labels = {"k8s-app": "kube-dns"}
    ports = (("dns", 53, "UDP"), ("dns-tcp", 53, "TCP"), ("metrics", 9153, "TCP"))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **_metadata(
                "kube-dns", {**labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
            ),
            "annotations": {"prometheus.io/port": "9153", "prometheus.io/scrape": "true"},
        },
        "spec": {
            "clusterIP": "10.96.0.10",
            "clusterIPs": ["10.96.0.10"],
            "selector": labels,
            "ports": [
                {"name": name, "port": port, "protocol": protocol, "targetPort": port} for name, port, protocol in ports
            ],
        },
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata("coredns", labels),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {"metadata": {"labels": labels}, "spec": _coredns_spec()},
        },
    }
    return [service, deployment]


def _coredns_spec() -> Object:
    names = (
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
        ("liveness-probe", 8080, "TCP"),
        ("readiness-probe", 8181, "TCP"),
    )
    container = {
        "name": "coredns",
        "image": _COREDNS,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in names],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": "liveness-probe", "scheme": "HTTP"},
            "initialDelaySeconds": 60, "timeoutSeconds": 5, "successThreshold": 1, "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe", "scheme": "HTTP"}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
    }  # fmt: skip
    apart = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    return {
        **_CLUSTER_CRITICAL,
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": ROLE_LABEL, "effect": "NoSchedule"},
        ],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": apart}]
            }
        },
        "containers": [container],
        "volumes": [
            {
                "name": "config-volume",
                "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
            }
        ],
    }


def _proxy_template() -> Object:
    mounts = (
        ("kube-proxy", "/var/lib/kube-proxy", False),
        ("xtables-lock", "/run/xtables.lock", False),
        ("lib-modules", "/lib/modules", True),
    )
    container = {
        "name": "kube-proxy",
        "image": f"{_REGISTRY}/kube-proxy:{KUBERNETES}",
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/usr/local/bin/kube-proxy",
            "--config=/var/lib/kube-proxy/config.conf",
            "--hostname-override=$(NODE_NAME)",
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}}],
        "securityContext": {"privileged": True},
        "volumeMounts": [
            {"name": name, "mountPath": path, **({"readOnly": True} if fixed else {})} for name, path, fixed in mounts
        ],
    }
    return {
        "metadata": {"labels": {"k8s-app": "kube-proxy"}},
        "spec": {
            "priorityClassName": "system-node-critical",
            "serviceAccountName": "kube-proxy",
            "hostNetwork": True,
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
            "volumes": [
                {"name": "kube-proxy", "configMap": {"name": "kube-proxy"}},
                {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
                {"name": "lib-modules", "hostPath": {"path": "/lib/modules", "type": ""}},
            ],
        },
    }


def _static_pod(
    node: Object, clock: Clock, name: str, image: str, cpu: str, memory: str, port: int, path: str,
    command: list[str], data: str,
) -> Object:  # fmt: skip
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    probe = {"host": "127.0.0.1", "path": path, "port": "probe-port", "scheme": "HTTP" if name == "etcd" else "HTTPS"}
    certificates = {"name": "k8s-certs", "mountPath": _PKI, "readOnly": True}
    kubeconfig = {
        "name": "kubeconfig",
        "mountPath": f"/etc/kubernetes/{name.removeprefix('kube-')}.conf",
        "readOnly": True,
    }
    mounts: list[Object] = [kubeconfig] if name == "kube-scheduler" else [certificates]
    if data:
        mounts = [
            {"name": "etcd-data", "mountPath": data},
            {**certificates, "name": "etcd-certs", "mountPath": f"{_PKI}/etcd"},
        ]
    container: dict[str, Any] = {
        "name": name,
        "image": image or f"{_REGISTRY}/{name}:{KUBERNETES}",
        "imagePullPolicy": "IfNotPresent",
        "command": [name, *command],
        "ports": [{"name": "probe-port", "containerPort": port, "hostPort": port, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": cpu, **({"memory": memory} if memory else {})}},
        "livenessProbe": {"httpGet": probe, "initialDelaySeconds": 10, "timeoutSeconds": 15, "failureThreshold": 8},
        "startupProbe": {"httpGet": probe, "timeoutSeconds": 15, "failureThreshold": 24},
        "volumeMounts": mounts,
    }
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
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **_metadata(f"{name}-{name_of(node)}", {"component": name, "tier": CONTROL_PLANE}),
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "spec": {
            **_NODE_CRITICAL,
            "nodeName": name_of(node),
            "hostNetwork": True,
            "enableServiceLinks": True,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [container],
            "volumes": [
                {"name": mount["name"], "hostPath": {"path": mount["mountPath"], "type": _path_type(mount)}}
                for mount in mounts
            ],
        },
    }


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
