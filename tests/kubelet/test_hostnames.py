from __future__ import annotations

from typing import Any

import pytest
from kubelet_nodes import Nodes

LOCAL = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
]
ALIASES = [{"ip": "10.1.2.3", "hostnames": ["foo.local", "bar.local"]}]
ADDED = ["", "# Entries added by HostAliases.", "10.1.2.3\tfoo.local\tbar.local"]
OF_CLUSTER = "search default.svc.cluster.local svc.cluster.local cluster.local"
NDOTS = [{"name": "ndots", "value": "2"}]


def printed(nodes: Nodes, script: str, name: str = "web", **spec: Any) -> list[str]:
    """What a script prints in a container of a pod."""
    nodes.run_container(name, image="busybox", command=["sh", "-c", script], spec={"restartPolicy": "Never", **spec})
    nodes.advance(5)
    return nodes.lines(name) or []


@pytest.mark.parametrize(
    ("spec", "hostname", "last"),
    [
        pytest.param({}, "web", "web", id="the pod's name"),
        pytest.param(
            {"hostname": "db", "subdomain": "all"}, "db", "db.all.default.svc.cluster.local\tdb", id="in a domain"
        ),
        pytest.param(
            {"subdomain": "all", "setHostnameAsFQDN": True},
            "web.all.default.svc.cluster.local",
            "web.all.default.svc.cluster.local\tweb",
            id="the whole name",
        ),
        pytest.param({"subdomain": "all", "hostnameOverride": "x.y"}, "x.y", "x.y", id="another name"),
    ],
)
def test_what_a_pod_is_called(nodes: Nodes, spec: dict[str, Any], hostname: str, last: str) -> None:
    lines = printed(nodes, "hostname; cat /etc/hosts", **spec)

    address = nodes.pod()["status"]["podIP"]
    assert lines == [hostname, "# Kubernetes-managed hosts file.", *LOCAL, f"{address}\t{last}"]


def test_a_long_name_is_cut(nodes: Nodes) -> None:
    assert printed(nodes, "hostname", "a" * 62 + "-" + "b" * 10) == ["a" * 62]


def test_aliases_of_hosts_come_last(nodes: Nodes) -> None:
    assert printed(nodes, "cat /etc/hosts", hostAliases=ALIASES)[-3:] == ADDED


def test_who_uses_the_network_of_its_node_is_called_like_it(nodes: Nodes) -> None:
    lines = printed(nodes, "hostname; cat /etc/hosts; cat /etc/resolv.conf", hostNetwork=True, hostAliases=ALIASES)

    header = "# Kubernetes-managed hosts file (host network)."
    assert lines == ["one", header, *LOCAL, *ADDED, "nameserver 172.18.0.1"]


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        pytest.param({}, [OF_CLUSTER, "nameserver 10.96.0.10", "options ndots:5"], id="the cluster's"),
        pytest.param(
            {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
            [OF_CLUSTER, "nameserver 10.96.0.10", "options ndots:5"],
            id="the cluster's on the node's network",
        ),
        pytest.param({"dnsPolicy": "Default"}, ["nameserver 172.18.0.1"], id="the node's"),
        pytest.param(
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["1.1.1.1"],
                    "searches": ["a.b", "c.d"],
                    "options": [*NDOTS, {"name": "edns0"}],
                },
            },
            ["search a.b c.d", "nameserver 1.1.1.1", "options ndots:2 edns0"],
            id="its own",
        ),
        pytest.param(
            {"dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["x.y"], "options": NDOTS}},
            [f"{OF_CLUSTER} x.y", "nameserver 10.96.0.10", "nameserver 1.1.1.1", "options ndots:2"],
            id="the cluster's and its own",
        ),
    ],
)
def test_where_names_are_asked_for(nodes: Nodes, spec: dict[str, Any], lines: list[str]) -> None:
    assert printed(nodes, "cat /etc/resolv.conf", **spec) == lines
