"""The scheduler in a cluster: what it writes, when it tries again, whom it evicts."""

from __future__ import annotations

from typing import Any

import pytest
from builders import pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.objects import Object, condition_of, name_of

HOPELESS = (
    "no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
)
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def sized(name: str, cpu: str, **spec: Any) -> Object:
    container = {"name": "c", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu}}}
    return pod(name, spec={"containers": [container], **spec})


def on_worker3(name: str, cpu: str, **spec: Any) -> Object:
    """A pod that only the smallest node, of two cores, may run."""
    return sized(name, cpu, nodeSelector={HOST: "lab-worker3"}, **spec)


def started(plane: ControlPlane, *pods: Object) -> None:
    for made in pods:
        plane.api.create(made)
        plane.settle()


def node_of(plane: ControlPlane, name: str) -> str | None:
    node: str | None = plane.api.get("pods", name, "default")["spec"].get("nodeName")
    return node


def events_of(plane: ControlPlane, name: str, component: str = "default-scheduler") -> list[tuple[str, str, str]]:
    found = [
        event
        for event in plane.api.list("events", "default")
        if event["involvedObject"]["name"] == name and event.get("reportingComponent") == component
    ]
    return [(event["type"], event["reason"], event["message"]) for event in sorted(found, key=name_of)]


def condition(plane: ControlPlane, name: str) -> tuple[str | None, ...]:
    found = condition_of(plane.api.get("pods", name, "default"), "PodScheduled") or {}
    return tuple(found.get(field) for field in ("status", "reason", "message"))


def test_a_pod_is_bound_and_told_so(plane: ControlPlane) -> None:
    started(plane, on_worker3("web", "1"))
    assert node_of(plane, "web") == "lab-worker3"
    assert events_of(plane, "web") == [("Normal", "Scheduled", "Successfully assigned default/web to lab-worker3")]
    assert condition(plane, "web") == ("True", None, None)


def test_an_event_looks_as_the_real_schedulers(plane: ControlPlane) -> None:
    started(plane, on_worker3("web", "1"))
    event = next(event for event in plane.api.list("events", "default") if event["reason"] == "Scheduled")
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert (event["action"], event["reportingInstance"]) == ("Binding", "default-scheduler-lab-control-plane")
    assert not event.get("firstTimestamp")


REFUSED = [
    ("too big", sized("p", "64"), "1 node(s) had untolerated taint(s), 3 Insufficient cpu"),
    (
        "no such label",
        pod("p", spec={"nodeSelector": {"disk": "ssd"}}),
        "1 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node affinity/selector",
    ),
    (
        "too big for the only node",
        on_worker3("p", "3"),
        "1 Insufficient cpu, 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector",
    ),
]


@pytest.mark.parametrize(("made", "reasons"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_pod_that_fits_nowhere_is_told_why(plane: ControlPlane, made: Object, reasons: str) -> None:
    message = f"0/4 nodes are available: {reasons}. {HOPELESS}"
    started(plane, made)
    assert condition(plane, "p") == ("False", "Unschedulable", message)
    assert events_of(plane, "p") == [("Warning", "FailedScheduling", message)]


def test_a_missing_claim_is_told_in_the_real_words(plane: ControlPlane) -> None:
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "absent"}}
    started(plane, pod("p", spec={"volumes": [volume]}))
    assert condition(plane, "p")[2] == '0/4 nodes are available: persistentvolumeclaim "absent" not found. not found'


def test_other_schedulers_pods_are_left_alone(plane: ControlPlane) -> None:
    started(plane, pod("p", spec={"schedulerName": "custom"}))
    plane.advance(600)
    assert node_of(plane, "p") is None
    assert condition(plane, "p") == (None, None, None)


def test_a_gated_pod_waits_until_its_gates_are_removed(plane: ControlPlane) -> None:
    started(plane, pod("p", spec={"schedulingGates": [{"name": "approval"}]}))
    plane.advance(600)
    assert condition(plane, "p")[:2] == ("False", "SchedulingGated")
    assert events_of(plane, "p") == []
    plane.api.patch("pods", "p", {"spec": {"schedulingGates": None}}, "default")
    plane.settle()
    assert node_of(plane, "p") is not None


def test_a_pod_is_tried_again_when_a_pod_makes_room(plane: ControlPlane) -> None:
    started(plane, on_worker3("first", "2"), on_worker3("second", "2"))
    assert node_of(plane, "second") is None
    plane.api.delete("pods", "first", "default")
    plane.advance(60)
    assert node_of(plane, "second") == "lab-worker3"


def test_a_pod_is_tried_again_when_a_node_gets_its_label(plane: ControlPlane) -> None:
    started(plane, pod("p", spec={"nodeSelector": {"disk": "ssd"}}))
    plane.api.patch("nodes", "lab-worker", {"metadata": {"labels": {"disk": "ssd"}}})
    plane.settle()
    assert node_of(plane, "p") == "lab-worker"


def test_a_pod_is_tried_again_when_a_taint_is_removed(plane: ControlPlane) -> None:
    tainted = {"spec": {"taints": [{"key": "team", "value": "blue", "effect": "NoSchedule"}]}}
    plane.api.patch("nodes", "lab-worker3", tainted)
    started(plane, on_worker3("p", "1"))
    assert condition(plane, "p")[2] == (
        "0/4 nodes are available: 2 node(s) didn't match Pod's node affinity/selector, "
        f"2 node(s) had untolerated taint(s). {HOPELESS}"
    )
    plane.api.patch("nodes", "lab-worker3", {"spec": {"taints": None}})
    plane.settle()
    assert node_of(plane, "p") == "lab-worker3"


def test_a_cordoned_node_takes_no_pods_until_it_is_uncordoned(plane: ControlPlane) -> None:
    plane.api.patch("nodes", "lab-worker3", {"spec": {"unschedulable": True}})
    plane.settle()
    started(plane, on_worker3("p", "1"))
    assert "1 node(s) were unschedulable" in str(condition(plane, "p")[2])
    plane.api.patch("nodes", "lab-worker3", {"spec": {"unschedulable": None}})
    plane.advance(10)
    assert node_of(plane, "p") == "lab-worker3"


def test_changes_that_cannot_help_do_not_wake_a_pod(plane: ControlPlane) -> None:
    started(plane, sized("huge", "64"), pod("other"))
    plane.api.patch("nodes", "lab-worker", {"metadata": {"labels": {"colour": "red"}}})
    plane.advance(100)
    assert len(events_of(plane, "huge")) == 1


def test_the_newest_reason_replaces_the_older(plane: ControlPlane) -> None:
    started(plane, sized("huge", "64"))
    plane.api.patch("nodes", "lab-worker", {"spec": {"taints": [{"key": "team", "effect": "NoSchedule"}]}})
    plane.settle()
    message = f"0/4 nodes are available: 2 Insufficient cpu, 2 node(s) had untolerated taint(s). {HOPELESS}"
    assert condition(plane, "huge")[2] == message
    assert events_of(plane, "huge")[-1] == ("Warning", "FailedScheduling", message)


def test_a_repeat_lengthens_the_series_instead_of_adding_an_event(plane: ControlPlane) -> None:
    started(plane, sized("huge", "64"))
    plane.advance(301)
    found = [event for event in plane.api.list("events", "default") if event["reason"] == "FailedScheduling"]
    assert [event["series"]["count"] for event in found] == [2]


def test_settling_again_writes_nothing(plane: ControlPlane) -> None:
    started(plane, sized("huge", "64"), pod("web"))
    plane.advance(30)
    before = plane.api.list("pods", "default"), len(plane.api.list("events", "default"))
    plane.settle()
    assert (plane.api.list("pods", "default"), len(plane.api.list("events", "default"))) == before


def spread_over(app: str, affinity: Object | None = None, **spec: Any) -> Object:
    return pod(app, metadata={"labels": {"app": app.partition("-")[0]}}, spec={"affinity": affinity, **spec})


def test_pods_that_avoid_each_other_leave_one_without_a_node(plane: ControlPlane) -> None:
    selector = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": "alone"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [selector]}}
    started(plane, *(spread_over(f"alone-{number}", affinity) for number in range(4)))
    placed = [node_of(plane, f"alone-{number}") for number in range(4)]
    assert sorted(filter(None, placed)) == ["lab-worker", "lab-worker2", "lab-worker3"]
    assert condition(plane, "alone-3")[2] == (
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 node(s) didn't match pod anti-affinity rules. "
        "no new claims to deallocate, preemption: 0/4 nodes are available: "
        "1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod."
    )


def test_spread_pods_take_one_zone_each(plane: ControlPlane) -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "spread"}},
    }
    started(plane, *(spread_over(f"spread-{number}", topologySpreadConstraints=[constraint]) for number in range(3)))
    placed = {node_of(plane, f"spread-{number}") for number in range(3)}
    assert placed == {"lab-worker", "lab-worker2", "lab-worker3"}


@pytest.fixture
def classes(plane: ControlPlane) -> ControlPlane:
    for name, value, more in (("high", 1000, {}), ("mute", 2000, {"preemptionPolicy": "Never"})):
        metadata = {"name": name}
        made = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": value}
        plane.api.create({**made, **more})
    return plane


def test_an_important_pod_evicts_the_fewest_others(classes: ControlPlane) -> None:
    started(classes, on_worker3("low1", "900m"))
    classes.advance(5)
    started(classes, on_worker3("low2", "900m"))
    classes.advance(5)
    started(classes, on_worker3("high", "1", priorityClassName="high"))
    high = classes.api.get("pods", "high", "default")
    assert high["status"]["nominatedNodeName"] == "lab-worker3"
    assert events_of(classes, "low2")[-1] == (
        "Normal",
        "Preempted",
        f"Preempted by pod {high['metadata']['uid']} on node lab-worker3",
    )
    victim = condition_of(classes.api.get("pods", "low2", "default"), "DisruptionTarget") or {}
    assert (victim["reason"], victim["message"]) == (
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    classes.advance(60)
    assert node_of(classes, "high") == "lab-worker3"
    assert "nominatedNodeName" not in classes.api.get("pods", "high", "default")["status"]
    assert sorted(name_of(found) for found in classes.api.list("pods", "default")) == ["high", "low1"]


def test_room_that_is_being_made_is_not_taken_by_others(classes: ControlPlane) -> None:
    started(classes, on_worker3("low", "2"))
    classes.advance(5)
    started(classes, on_worker3("high", "2", priorityClassName="high"), on_worker3("late", "500m"))
    classes.advance(60)
    assert (node_of(classes, "high"), node_of(classes, "late")) == ("lab-worker3", None)


def test_an_important_pod_that_must_not_preempt_waits(classes: ControlPlane) -> None:
    started(classes, on_worker3("low", "2"), on_worker3("mute", "1", priorityClassName="mute"))
    assert condition(classes, "mute")[2] == (
        "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), "
        "2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )


def test_more_important_pods_are_tried_first_after_an_outage(classes: ControlPlane) -> None:
    classes.manager.stop("default-scheduler")
    started(classes, on_worker3("low", "2"), on_worker3("high", "2", priorityClassName="high"))
    assert node_of(classes, "high") is None
    classes.manager.start("default-scheduler")
    classes.settle()
    assert (node_of(classes, "high"), node_of(classes, "low")) == ("lab-worker3", None)


def test_a_claim_that_waits_for_its_consumer_is_bound_before_the_pod(plane: ControlPlane) -> None:
    storage_class = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "late"}}
    plane.api.create({**storage_class, "provisioner": "lab.example/disk", "volumeBindingMode": "WaitForFirstConsumer"})
    plane.api.create(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "default"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "late",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }
    )
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}
    started(plane, on_worker3("p", "2", volumes=[volume]), on_worker3("late", "1"))
    claim = plane.api.get("persistentvolumeclaims", "data", "default")
    assert claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "lab-worker3"
    assert plane.api.get("pods", "p", "default")["status"]["nominatedNodeName"] == "lab-worker3"
    assert (node_of(plane, "p"), node_of(plane, "late")) == (None, None), "its room is kept while it waits"
    claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes"
    claim["spec"]["volumeName"] = "made"
    plane.api.update(claim)
    plane.settle()
    assert node_of(plane, "p") == "lab-worker3"
