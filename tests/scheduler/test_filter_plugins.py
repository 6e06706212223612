"""Each filter plugin: which node it refuses, in which words, and whether preemption could help."""

from __future__ import annotations

from typing import Any

import pytest
from scheduling_objects import BUSY, HOST, ZONE, away, labelled, near, node, pod, spread, wants

from gitopslab.controlplane.scheduler.decision import unavailable
from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.controlplane.scheduler.framework import Code
from gitopslab.machinery.objects import Object

CORDONED = {"unschedulable": True, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}
FITS = ("", (), Code.SUCCESS)
NO_AFFINITY = ("NodeAffinity", ("node(s) didn't match Pod's node affinity/selector",), Code.UNRESOLVABLE)
NO_PORT = ("NodePorts", ("node(s) didn't have free ports for the requested pod ports",), Code.UNSCHEDULABLE)
TAINTED = ("TaintToleration", ("node(s) had untolerated taint(s)",), Code.UNRESOLVABLE)
CORDON = ("NodeUnschedulable", ("node(s) were unschedulable",), Code.UNRESOLVABLE)
NO_FRIEND = ("InterPodAffinity", ("node(s) didn't match pod affinity rules",), Code.UNRESOLVABLE)
FOE = ("InterPodAffinity", ("node(s) didn't match pod anti-affinity rules",), Code.UNSCHEDULABLE)
OBJECTION = ("InterPodAffinity", ("node(s) didn't satisfy existing pods anti-affinity rules",), Code.UNSCHEDULABLE)
SKEWED = ("PodTopologySpread", ("node(s) didn't match pod topology spread constraints",), Code.UNSCHEDULABLE)


def fit(code: Code, *reasons: str) -> tuple[str, tuple[str, ...], Code]:
    return "NodeResourcesFit", reasons, code


def port(number: int, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": number, **more}]}]}


def gpu(count: str) -> dict[str, Any]:
    requests = {"nvidia.com/gpu": count}
    return {"containers": [{"name": "c", "image": "i", "resources": {"requests": requests}}]}


def prefers(*labels: str) -> dict[str, Any]:
    return {"nodeSelector": dict(label.split("=") for label in labels)}


N = node("n", zone="a")
ROWS: list[tuple[str, Object, Object, list[Object], tuple[str, tuple[str, ...], Code]]] = [
    ("an empty node takes a plain pod", pod(), N, [], FITS),
    # NodeUnschedulable
    ("a cordoned node refuses", pod(), node("n", **CORDONED), [], CORDON),
    (
        "a cordoned node takes a pod that tolerates it",
        pod(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]),
        node("n", **CORDONED),
        [],
        FITS,
    ),
    # TaintToleration
    ("a hard taint refuses", pod(), node("n", taints=[BUSY]), [], TAINTED),
    ("so does NoExecute", pod(), node("n", taints=[{**BUSY, "effect": "NoExecute"}]), [], TAINTED),
    ("a soft taint does not", pod(), node("n", taints=[{**BUSY, "effect": "PreferNoSchedule"}]), [], FITS),
    (
        "an equal toleration covers it",
        pod(tolerations=[{"key": "team", "value": "blue"}]),
        node("n", taints=[BUSY]),
        [],
        FITS,
    ),
    (
        "another value does not",
        pod(tolerations=[{"key": "team", "value": "red"}]),
        node("n", taints=[BUSY]),
        [],
        TAINTED,
    ),
    (
        "another effect does not",
        pod(tolerations=[{"key": "team", "operator": "Exists", "effect": "NoExecute"}]),
        node("n", taints=[BUSY]),
        [],
        TAINTED,
    ),
    ("Exists without a key covers all", pod(tolerations=[{"operator": "Exists"}]), node("n", taints=[BUSY]), [], FITS),
    # NodeAffinity
    ("the selector matches", pod(**prefers(f"{ZONE}=a")), N, [], FITS),
    ("the selector does not", pod(**prefers(f"{ZONE}=b")), N, [], NO_AFFINITY),
    ("In matches", pod(affinity=labelled(ZONE, "In", "a", "b")), N, [], FITS),
    ("NotIn refuses", pod(affinity=labelled(ZONE, "NotIn", "a")), N, [], NO_AFFINITY),
    ("NotIn takes a node without the label", pod(affinity=labelled("disk", "NotIn", "ssd")), N, [], FITS),
    ("Exists refuses a node without the label", pod(affinity=labelled("disk", "Exists")), N, [], NO_AFFINITY),
    ("DoesNotExist takes it", pod(affinity=labelled("disk", "DoesNotExist")), N, [], FITS),
    (
        "no term selects nothing",
        pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}}),
        N,
        [],
        NO_AFFINITY,
    ),
    # NodePorts
    ("a free port", pod(**port(80)), N, [pod("o", on="n", **port(81))], FITS),
    ("a taken port", pod(**port(80)), N, [pod("o", on="n", **port(80))], NO_PORT),
    ("another protocol", pod(**port(80)), N, [pod("o", on="n", **port(80, protocol="UDP"))], FITS),
    (
        "another address",
        pod(**port(80, hostIP="10.0.0.1")),
        N,
        [pod("o", on="n", **port(80, hostIP="10.0.0.2"))],
        FITS,
    ),
    ("all addresses", pod(**port(80, hostIP="10.0.0.1")), N, [pod("o", on="n", **port(80))], NO_PORT),
    # NodeResourcesFit
    ("the last of the CPU", pod(cpu="1"), N, [pod("o", on="n", cpu="3")], FITS),
    (
        "too little CPU left",
        pod(cpu="1001m"),
        N,
        [pod("o", on="n", cpu="3")],
        fit(Code.UNSCHEDULABLE, "Insufficient cpu"),
    ),
    ("more CPU than there is", pod(cpu="5"), N, [], fit(Code.UNRESOLVABLE, "Insufficient cpu")),
    (
        "all that is missing is told",
        pod(cpu="5", memory="9Gi"),
        N,
        [],
        fit(Code.UNRESOLVABLE, "Insufficient cpu", "Insufficient memory"),
    ),
    ("too many pods", pod(), node("n", pods="1"), [pod("o", on="n")], fit(Code.UNSCHEDULABLE, "Too many pods")),
    ("an overfull node takes what asks for nothing", pod(), node("n", cpu="1"), [pod("o", on="n", cpu="2")], FITS),
    ("an unknown resource", pod(**gpu("1")), N, [], fit(Code.UNRESOLVABLE, "Insufficient nvidia.com/gpu")),
    ("ended pods use nothing", pod(cpu="4"), N, [{**pod("o", on="n", cpu="4"), "status": {"phase": "Failed"}}], FITS),
    # InterPodAffinity
    ("a wanted pod is here", pod(affinity=near(wants("db"))), N, [pod("o", on="n", labels={"app": "db"})], FITS),
    ("it is not", pod(affinity=near(wants("db"))), N, [pod("o", on="n", labels={"app": "web"})], NO_FRIEND),
    (
        "it is in another namespace",
        pod(affinity=near(wants("db"))),
        N,
        [pod("o", on="n", labels={"app": "db"}, namespace="other")],
        NO_FRIEND,
    ),
    (
        "the term names that namespace",
        pod(affinity=near(wants("db", namespaces=["other"]))),
        N,
        [pod("o", on="n", labels={"app": "db"}, namespace="other")],
        FITS,
    ),
    (
        "the term means all namespaces",
        pod(affinity=near(wants("db", namespaceSelector={}))),
        N,
        [pod("o", on="n", labels={"app": "db"}, namespace="other")],
        FITS,
    ),
    (
        "the first of a group wants itself",
        pod(labels={"app": "db"}, affinity=near(wants("db"))),
        N,
        [],
        FITS,
    ),
    ("the node lacks the topology", pod(affinity=near(wants("p", "rack"))), N, [], NO_FRIEND),
    ("an avoided pod is here", pod(affinity=away(wants("db"))), N, [pod("o", on="n", labels={"app": "db"})], FOE),
    (
        "a pod here avoids this one",
        pod(labels={"app": "web"}),
        N,
        [pod("o", on="n", affinity=away(wants("web")))],
        OBJECTION,
    ),
]


@pytest.mark.parametrize(
    ("incoming", "where", "others", "expected"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_one_node(
    incoming: Object, where: Object, others: list[Object], expected: tuple[str, tuple[str, ...], Code]
) -> None:
    verdict = explain(incoming, [where], others).verdicts[0]
    assert (verdict.status.plugin, verdict.status.reasons, verdict.status.code) == expected


NODES = [node("a1", zone="a"), node("a2", zone="a"), node("b1", zone="b")]
WEB = {"app": "web"}
SPREAD_ROWS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("all zones are empty", spread("web"), [], ["a1", "a2", "b1"]),
    ("one zone is ahead", spread("web"), ["a1"], ["b1"]),
    ("maxSkew allows more", spread("web", maxSkew=2), ["a1"], ["a1", "a2", "b1"]),
    ("by node", spread("web", HOST), ["a1"], ["a2", "b1"]),
    ("three domains are wanted, two are there", spread("web", minDomains=3), ["a1", "b1"], []),
    ("another group does not count", spread("db"), ["a1"], ["a1", "a2", "b1"]),
]


@pytest.mark.parametrize(
    ("constraint", "placed", "feasible"), [row[1:] for row in SPREAD_ROWS], ids=[row[0] for row in SPREAD_ROWS]
)
def test_spreading(constraint: dict[str, Any], placed: list[str], feasible: list[str]) -> None:
    others = [pod(f"o{index}", on=name, labels=WEB) for index, name in enumerate(placed)]
    decision = explain(pod(labels=WEB, topologySpreadConstraints=[constraint]), NODES, others)
    assert sorted(decision.feasible) == feasible


def test_a_node_without_the_topology_label_cannot_take_part() -> None:
    incoming = pod(labels=WEB, topologySpreadConstraints=[spread("web")])
    verdict = explain(incoming, [node("n")], []).verdicts[0]
    assert verdict.status.reasons == ("node(s) didn't match pod topology spread constraints (missing required label)",)


def test_terminating_pods_do_not_count_for_spreading() -> None:
    leaving = pod("o", on="a1", labels=WEB)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    decision = explain(pod(labels=WEB, topologySpreadConstraints=[spread("web")]), NODES, [leaving])
    assert sorted(decision.feasible) == ["a1", "a2", "b1"]


def test_nodes_that_a_pod_may_not_use_do_not_count_for_spreading() -> None:
    """``nodeAffinityPolicy`` is Honor by default: zone a is not a domain of a pod that must run in zone b."""
    incoming = pod(labels=WEB, nodeSelector={ZONE: "b"}, topologySpreadConstraints=[spread("web")])
    others = [pod(f"o{index}", on="b1", labels=WEB) for index in range(3)]
    assert explain(incoming, NODES, others).node == "b1"


@pytest.mark.parametrize(("policy", "feasible"), [("Ignore", ["b1"]), ("Honor", ["a1", "b1"])])
def test_tainted_nodes_count_for_spreading_unless_taints_are_honoured(policy: str, feasible: list[str]) -> None:
    nodes = [node("a1", zone="a"), node("b1", zone="b"), node("c1", zone="c", taints=[BUSY])]
    others = [pod("o1", on="a1", labels=WEB)]
    others += [pod("o2", on="b1", labels=WEB)] if policy == "Honor" else []
    incoming = pod(labels=WEB, topologySpreadConstraints=[spread("web", nodeTaintsPolicy=policy)])
    assert sorted(explain(incoming, nodes, others).feasible) == feasible


def test_match_label_keys_tell_revisions_apart() -> None:
    constraint = spread("web", matchLabelKeys=["revision"])
    incoming = pod(labels={**WEB, "revision": "2"}, topologySpreadConstraints=[constraint])
    old = pod("o", on="a1", labels={**WEB, "revision": "1"})
    assert sorted(explain(incoming, NODES, [old]).feasible) == ["a1", "a2", "b1"]


def test_a_pod_that_names_its_node_by_field_is_only_tried_there() -> None:
    """What DaemonSet pods carry."""
    fields = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b1"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": fields}}}
    assert explain(pod(affinity=affinity), NODES, []).node == "b1"
    full = explain(pod(cpu="64", affinity=affinity), NODES, [])
    assert full.message == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
        "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_the_detail_tells_numbers() -> None:
    verdict = explain(pod(cpu="3"), [node("n")], [pod("o", on="n", cpu="1500m")]).verdicts[0]
    assert verdict.status.detail == "needs 3 CPU, 2.5 of 4 free"


INIT = [{"name": "i", "image": "i", "resources": {"requests": {"cpu": "3"}}}]
SIDECAR = [{**INIT[0], "restartPolicy": "Always"}]
REQUEST_ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("init containers are over when containers run", {"initContainers": INIT}, "3"),
    ("sidecars stay", {"initContainers": SIDECAR}, "4"),
    ("init containers run beside earlier sidecars", {"initContainers": SIDECAR + INIT}, "6"),
    ("overhead comes on top", {"overhead": {"cpu": "500m"}}, "1500m"),
    ("pod-level requests replace the sum", {"resources": {"requests": {"cpu": "2"}}}, "2"),
]


@pytest.mark.parametrize(("spec", "needed"), [row[1:] for row in REQUEST_ROWS], ids=[row[0] for row in REQUEST_ROWS])
def test_a_pod_asks_for_its_hungriest_moment(spec: dict[str, Any], needed: str) -> None:
    incoming = pod(cpu="1", **spec)
    assert explain(incoming, [node("n", cpu=needed)], []).node == "n"
    milli = int(float(needed) * 1000) if not needed.endswith("m") else int(needed[:-1])
    assert explain(incoming, [node("n", cpu=f"{milli - 1}m")], []).node is None


def test_a_constraint_that_selects_every_pod_counts_none() -> None:
    """An empty selector matches all pods, yet upstream counts nobody for it; the new pod alone makes the skew."""
    incoming = pod(topologySpreadConstraints=[{**spread("web"), "labelSelector": {}}])
    others = [pod(f"o{index}", on="a1") for index in range(3)]
    assert sorted(explain(incoming, NODES, others).feasible) == ["a1", "a2", "b1"]


@pytest.mark.parametrize(
    ("expression", "value", "fits"),
    [("Gt", "4", True), ("Gt", "3", False), ("Lt", "2", True), ("Gt", "1_000", False), ("Gt", "many", False)],
)
def test_labels_are_compared_as_whole_numbers(expression: str, value: str, fits: bool) -> None:
    """``1_000`` is a label value, and a number to Python, but not to Kubernetes."""
    bound = "3" if expression == "Gt" else "5"
    where = node("n")
    where["metadata"]["labels"]["cores"] = value
    incoming = pod(affinity=labelled("cores", expression, bound))
    assert (explain(incoming, [where], []).node is not None) is fits


DETAILS: list[tuple[str, Object, Object, str]] = [
    ("a selector", pod(nodeSelector={ZONE: "b"}), N, f"{ZONE} must be b, it is a"),
    ("a missing label", pod(nodeSelector={"disk": "ssd"}), N, "disk must be ssd, the node has no such label"),
    ("NotIn", pod(affinity=labelled(ZONE, "NotIn", "a")), N, f"{ZONE} must not be a"),
    ("Exists", pod(affinity=labelled("disk", "Exists")), N, "the node has no label disk"),
    (
        "DoesNotExist",
        pod(affinity=labelled(ZONE, "DoesNotExist")),
        N,
        f"the node must not have label {ZONE}, which is a",
    ),
    ("a taint", pod(), node("n", taints=[BUSY]), "taint team=blue:NoSchedule is not tolerated"),
    ("a full node", pod(), node("n", pods="0"), "0 of at most 0 pods are here"),
    ("no such resource", pod(**gpu("1")), N, "needs 1 nvidia.com/gpu, the node has none"),
]


@pytest.mark.parametrize(("incoming", "where", "detail"), [row[1:] for row in DETAILS], ids=[row[0] for row in DETAILS])
def test_a_refusal_tells_names_and_numbers(incoming: Object, where: Object, detail: str) -> None:
    assert explain(incoming, [where], []).verdicts[0].status.detail == detail


def rules(*actions: str) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", "restartPolicyRules": [{"action": each} for each in actions]}]}


FEATURES = ("NodeDeclaredFeatures", ("node(s) didn't match Pod's required features",), Code.UNRESOLVABLE)


@pytest.mark.parametrize(
    ("spec", "declared", "expected"),
    [
        (rules("RestartAllContainers"), [], FEATURES),
        (rules("RestartAllContainers"), ["RestartAllContainersOnContainerExits"], FITS),
        (rules("Restart"), [], FITS),
        ({"hostNetwork": True, "hostUsers": False}, [], FEATURES),
        ({"hostNetwork": True}, [], FITS),
    ],
    ids=["not declared", "declared", "another rule", "users on the host's network", "no users"],
)
def test_a_feature_of_the_kubelet_must_be_declared(
    spec: dict[str, Any], declared: list[str], expected: tuple[str, tuple[str, ...], Code]
) -> None:
    where = node("n")
    where["status"]["declaredFeatures"] = declared
    verdict = explain(pod(**spec), [where], []).verdicts[0]
    assert (verdict.status.plugin, verdict.status.reasons, verdict.status.code) == expected


def test_when_no_reason_is_told_the_colon_stays() -> None:
    """``FitError`` writes it before it knows whether a reason follows."""
    assert unavailable(2, []) == "0/2 nodes are available:"
