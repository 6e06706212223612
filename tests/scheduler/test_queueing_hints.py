"""Which changes in the cluster wake a pod, by the plugin that refused it."""

from __future__ import annotations

from typing import Any

import pytest
from scheduling_objects import BUSY, ZONE, away, node, pod, spread, wants

from gitopslab.controlplane.scheduler.cluster_events import ClusterEvent, node_event, pod_event
from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.controlplane.scheduler.profile import Profile
from gitopslab.machinery.objects import Object

PLUGINS = Profile().by_name
WEB = {"app": "web"}


def ports(number: int) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": number}]}]}


def nodes(before: Object | None, after: Object | None) -> ClusterEvent:
    return ClusterEvent("nodes", before, after)


def pods(before: Object | None, after: Object | None) -> ClusterEvent:
    return ClusterEvent("pods", before, after)


def claims(name: str) -> ClusterEvent:
    found = {"metadata": {"name": name, "namespace": "default"}}
    return ClusterEvent("persistentvolumeclaims", None, found)


def limits(before: int, after: int) -> ClusterEvent:
    states = [{"spec": {"drivers": [{"name": "d", "allocatable": {"count": count}}]}} for count in (before, after)]
    return ClusterEvent("csinodes.storage.k8s.io", *states)


def declaring(*features: str) -> Object:
    made = node("n")
    made["status"]["declaredFeatures"] = list(features)
    return made


IN_B = pod(nodeSelector={ZONE: "b"})
SPREAD = pod(labels=WEB, topologySpreadConstraints=[spread("web")])
USER = pod(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])
ON = pod("o", on="n", volumes=USER["spec"]["volumes"])
ROWS: list[tuple[str, str, Object, ClusterEvent, bool]] = [
    ("a node is uncordoned", "NodeUnschedulable", pod(), nodes(node("n", unschedulable=True), node("n")), True),
    ("a node is cordoned", "NodeUnschedulable", pod(), nodes(node("n"), node("n", unschedulable=True)), False),
    ("a taint goes", "TaintToleration", pod(), nodes(node("n", taints=[BUSY]), node("n")), True),
    ("labels change, taints do not", "TaintToleration", pod(), nodes(node("n"), node("n", zone="b")), False),
    ("a node comes that matches", "NodeAffinity", IN_B, nodes(None, node("n", zone="b")), True),
    ("a node comes that does not", "NodeAffinity", IN_B, nodes(None, node("n", zone="a")), False),
    ("a node gets the label", "NodeAffinity", IN_B, nodes(node("n"), node("n", zone="b")), True),
    ("a node had it before", "NodeAffinity", IN_B, nodes(node("n", zone="b"), node("n", zone="b", cpu="8")), False),
    ("the port is free", "NodePorts", pod(**ports(80)), pods(pod("o", on="n", **ports(80)), None), True),
    ("another port is free", "NodePorts", pod(**ports(80)), pods(pod("o", on="n", **ports(81)), None), False),
    ("a pod goes", "NodeResourcesFit", pod(cpu="1"), pods(pod("o", on="n"), None), True),
    ("a pod comes", "NodeResourcesFit", pod(cpu="1"), pods(None, pod("o", on="n")), False),
    ("a pod shrinks", "NodeResourcesFit", pod(cpu="1"), pods(pod("o", cpu="2"), pod("o", cpu="1")), True),
    ("a node grows enough", "NodeResourcesFit", pod(cpu="5"), nodes(node("n"), node("n", cpu="8")), True),
    ("a node grows too little", "NodeResourcesFit", pod(cpu="9"), nodes(node("n"), node("n", cpu="8")), False),
    ("a node's label changes", "NodeResourcesFit", pod(cpu="1"), nodes(node("n"), node("n", zone="a")), False),
    ("a pod of the group comes", "PodTopologySpread", SPREAD, pods(None, pod("o", on="n", labels=WEB)), True),
    ("a pod of another group comes", "PodTopologySpread", SPREAD, pods(None, pod("o", on="n")), False),
    ("a node comes with the topology", "PodTopologySpread", SPREAD, nodes(None, node("n", zone="c")), True),
    ("a node comes without it", "PodTopologySpread", SPREAD, nodes(None, node("n")), False),
    ("an avoided pod goes", "InterPodAffinity", pod(affinity=away(wants("web"))), pods(pod("o", on="n"), None), True),
    ("a node keeps its labels", "InterPodAffinity", pod(), nodes(node("n"), node("n", cpu="8")), False),
    ("its claim comes", "VolumeBinding", USER, claims("data"), True),
    ("another claim comes", "VolumeBinding", USER, claims("other"), False),
    ("a claim of this pod is free", "VolumeRestrictions", USER, pods(ON, None), True),
    ("a node comes", "VolumeRestrictions", USER, nodes(None, node("n")), True),
    ("a pod with volumes goes", "NodeVolumeLimits", USER, pods(ON, None), True),
    ("a pod without volumes goes", "NodeVolumeLimits", USER, pods(pod("o", on="n"), None), False),
    ("a node may attach more", "NodeVolumeLimits", USER, limits(1, 2), True),
    ("a node may attach less", "NodeVolumeLimits", USER, limits(2, 1), False),
    ("a node declares more", "NodeDeclaredFeatures", pod(), nodes(node("n"), declaring("F")), True),
    ("a node declares what it did", "NodeDeclaredFeatures", pod(), nodes(declaring("F"), declaring("F")), False),
    ("nothing helps a score", "ImageLocality", pod(), nodes(None, node("n")), False),
]


@pytest.mark.parametrize(
    ("plugin", "refused", "event", "woken"), [row[1:] for row in ROWS], ids=[f"{row[1]}: {row[0]}" for row in ROWS]
)
def test_hint(plugin: str, refused: Object, event: ClusterEvent, woken: bool) -> None:
    assert PLUGINS[plugin].awaits(PodInfo(refused), event) is woken


def test_a_heartbeat_is_no_event() -> None:
    beating = node("n")
    beating["status"]["conditions"] = [{"type": "Ready", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]
    assert node_event(node("n"), beating) is None


def test_a_change_of_phase_is_no_event() -> None:
    assert pod_event(pod("o", on="n"), {**pod("o", on="n"), "status": {"phase": "Pending"}}) is None


def test_other_features_of_a_node_are_an_event() -> None:
    assert node_event(node("n"), declaring("F")) is not None
