"""What kubeadm and kind put into a new cluster: DNS, the proxy, their configuration, classes, an address pool.

``bootstrap`` makes these objects once, unless the cluster is bare. Facts of kubeadm, in texts of our own. All pure.
Leaves to others: running them (the kubelets play them like any pod), the static pods (``staticpods``), the roles that
every API server has (``server.authorization``).
"""

from __future__ import annotations

from gitopslab.controlplane.daemon.staticpods import REGISTRY, static_pods
from gitopslab.controlplane.daemon.topology import ROLE_LABEL
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, name_of
from gitopslab.machinery.version import KUBERNETES

_NAMESPACE = "kube-system"
_COREDNS = f"{REGISTRY}/coredns/coredns:v1.14.2"
_CLUSTER_CRITICAL = {"priorityClassName": "system-cluster-critical"}

_POOL = "172.18.255.200-172.18.255.250"
"""Addresses for Services of type LoadBalancer, out of the nodes' own network as on kind."""

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


def extras(control: Object, clock: Clock) -> list[Object]:
    """Everything of kube-system, in an order in which it can be created.

    Args:
        control: The node that shows the static pods.
        clock: The time.
    """
    return [
        *(_service_account(name) for name in ("coredns", "kube-proxy")),
        *_config_maps(control),
        _storage_class(),
        _ingress_class(),
        _metrics_reader(),
        *_dns(),
        _proxy(),
        *static_pods(control, clock),
    ]


def _proxy() -> Object:
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
        _config_map("load-balancer", {"addresses": _POOL}),
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


def _ingress_class() -> Object:
    """The class that shows Ingresses at the nodes, and takes those which name none."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "lab", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
        "spec": {"controller": "gitopslab.dev/ingress"},
    }


def _metrics_reader() -> Object:
    """What metrics-server adds to the roles ``view``, ``edit`` and ``admin``."""
    aggregated = {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:aggregated-metrics-reader", "labels": aggregated},
        "rules": [{"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}],
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
        "image": f"{REGISTRY}/kube-proxy:{KUBERNETES}",
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
