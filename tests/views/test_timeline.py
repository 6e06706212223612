"""The timeline of a real control plane: whose lives are drawn, and what happened in whose lane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import deployment, pod
from held_lab import Lab

from gitopslab.machinery.objects import name_of, uid_of
from gitopslab.views.timeline import KINDS, SPANS, Lane, Timeline, timeline
from gitopslab.views.timeline_bars import Gone, remembered
from gitopslab.views.timeline_svg import timeline_svg
from gitopslab.views.timeline_text import timeline_text


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    made.advance(1)
    yield made
    made.plane.close()


def of(lab: Lab, *gone: Gone, namespace: str = "", only: str = "") -> Timeline:
    return timeline(lab.objects(KINDS), now=lab.clock.now(), namespace=namespace, only=only, gone=gone)


def lane(found: Timeline, title: str) -> Lane:
    return next(one for one in found.lanes if one.title == title)


def reasons(found: Lane) -> list[str]:
    return [mark.title for mark in found.marks]


def test_a_deployment_is_a_lane_of_versions_with_a_lane_a_pod_below(lab: Lab) -> None:
    lab.deploy("web", replicas=2)
    lab.advance(20)
    found = of(lab)
    assert [(one.kind, one.level) for one in found.lanes] == [("Deployment", 0), ("Pod", 1), ("Pod", 1)]
    assert [bar.name for bar in found.lanes[0].bars] == ["revision 1"]
    assert found.lanes[0].bars[0].state == "ready"
    assert reasons(found.lanes[0])[0] == "applied by you"
    assert reasons(found.lanes[1]) == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]


def test_a_rollout_ends_one_version_and_begins_another(lab: Lab) -> None:
    lab.deploy("web", replicas=2)
    lab.advance(30)
    changed = deployment("web", replicas=2)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.28"
    lab.apply(changed)
    lab.advance(30)
    first, second = lane(of(lab), "web").bars
    assert (first.name, first.state) == ("revision 1", "terminating")
    assert (second.name, second.state, second.end) == ("revision 2", "ready", None)
    assert first.end is not None
    assert first.end >= second.start


def test_a_pod_waits_and_then_is_ready_from_the_second_its_conditions_say(lab: Lab) -> None:
    lab.controls.switch("scheduler", False)
    lab.apply(pod("web"))
    made = lab.clock.now()
    lab.advance(30)
    lab.controls.switch("scheduler", True)
    lab.advance(30)
    (bar,) = lane(of(lab), "web").bars
    assert [segment.state for segment in bar.segments] == ["pending", "ready"]
    assert bar.segments[0].start == pytest.approx(made, abs=1)
    assert bar.segments[1].start == pytest.approx(made + 30, abs=3)


def test_a_pod_that_was_seen_and_is_gone_stays_with_its_deployment(lab: Lab) -> None:
    lab.deploy("web")
    lab.advance(20)
    (old,) = lab.pods()
    lab.api.delete("pods", name_of(old), "default")
    lab.advance(20)
    found = of(lab, remembered(old, lab.clock.now() - 15))
    bars = [bar for one in found.lanes if one.level for bar in one.bars]
    assert [(bar.uid == uid_of(old), bar.end is None) for bar in bars] == [(True, False), (False, True)]
    assert "Killing" in reasons(next(one for one in found.lanes if one.bars[0].uid == uid_of(old)))


def test_warnings_are_marked_and_counted(lab: Lab) -> None:
    lab.deploy("big", cpu="9")
    lab.advance(5)
    found = of(lab)
    below = found.lanes[1]
    assert [(moment.state, moment.marks[0].title) for moment in below.moments] == [("warning", "FailedScheduling")]
    assert found.warnings == 1


def test_what_happened_within_a_second_is_one_moment_in_its_order(lab: Lab) -> None:
    lab.apply(pod("web"))
    lab.advance(10)
    first = lane(of(lab), "web").moments[0]
    assert [mark.title for mark in first.marks][:2] == ["Scheduled", "Pulling"]


def test_a_node_has_a_lane_only_when_there_is_something_to_tell(lab: Lab) -> None:
    assert [one for one in of(lab).lanes if one.kind == "Node"] == []
    lab.controls.switch_node("lab-worker2", power=False)
    lab.advance(60)
    found = lane(of(lab), "lab-worker2")
    assert [segment.state for segment in found.bars[0].segments] == ["ready", "failed"]
    assert "NodeNotReady" in reasons(found)


def test_a_cronjobs_jobs_are_its_bars_and_their_pods_its_own(lab: Lab) -> None:
    container = {"name": "c", "image": "busybox", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tidy", "namespace": "default"}}
    lab.apply({**cron, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}})
    lab.advance(130)
    found = of(lab)
    assert [one.kind for one in found.lanes if not one.level] == ["CronJob"]
    assert [bar.state for bar in found.lanes[0].bars] == ["succeeded", "succeeded"]
    assert len([one for one in found.lanes if one.level]) == 2
    assert "SuccessfulCreate" in reasons(found.lanes[0])


def test_an_object_that_has_only_events_has_a_lane_too(lab: Lab) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "none"}
    lab.apply({**claim, "spec": spec})
    lab.advance(5)
    found = lane(of(lab), "data")
    assert (found.kind, found.bars, len(found.moments)) == ("PersistentVolumeClaim", (), 1)


def test_a_namespace_or_one_workload_can_be_chosen(lab: Lab) -> None:
    lab.deploy("web")
    lab.deploy("shop")
    lab.advance(10)
    assert [one.title for one in of(lab).lanes if not one.level] == ["shop", "web"]
    assert [one.title for one in of(lab, only="Deployment/web").lanes if not one.level] == ["web"]
    assert of(lab, namespace="kube-system").lanes == ()


def test_many_pods_are_counted_and_never_dropped_silently(lab: Lab) -> None:
    lab.deploy("web", replicas=11)
    lab.advance(10)
    found = of(lab)
    assert (len(found.lanes), found.lanes[0].note) == (9, "and 3 more pods")


def test_the_window_holds_all_that_is_recent(lab: Lab) -> None:
    lab.deploy("web")
    lab.advance(20)
    assert of(lab).span == 30
    lab.advance(400)
    assert of(lab).span == 600
    assert set(SPANS) >= {300.0, 3600.0}


def test_lanes_keep_their_place_when_something_else_changes(lab: Lab) -> None:
    lab.deploy("web")
    lab.deploy("shop")
    lab.advance(10)
    before = [one.key for one in of(lab).lanes]
    lab.api.patch("deployments.apps", "web", {"metadata": {"labels": {"x": "y"}}}, "default")
    lab.advance(10)
    assert [one.key for one in of(lab).lanes] == before


def test_the_twins_say_the_same(lab: Lab) -> None:
    lab.deploy("big", cpu="9")
    lab.advance(5)
    found = of(lab)
    text, svg = timeline_text(found, lab.clock.now()), timeline_svg(found, lab.clock.now())
    assert text.startswith("Timeline: 2 lanes, ")
    assert "FailedScheduling" in text
    assert "Deployment big" in svg
    assert "FailedScheduling" in svg, "the description says what the marks mean"


def test_an_empty_cluster_has_an_empty_timeline(lab: Lab) -> None:
    found = timeline({}, now=lab.clock.now())
    assert (found.lanes, found.events) == ((), 0)
    assert "nothing has happened yet" in timeline_svg(found, lab.clock.now())
    assert found.as_dict()["lanes"] == []
